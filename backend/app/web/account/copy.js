// Text to copy: shown in full, with a button that copies it, even over plain http.

import { h, show, spoken } from "../dom.js";
import { words } from "./words.js";
const SHOWN_FOR = 3000;

const isMac = () => /Mac|iPhone|iPad/.test(navigator.platform);

let made = 0;

/** @param {HTMLInputElement | HTMLTextAreaElement} box */
async function copy(box) {
  box.focus();
  box.select();
  try {
    // Browsers only have it over https and on localhost.
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(box.value);
      return true;
    }
  } catch {
    // It is not allowed. The older way may work.
  }
  return document.execCommand("copy");
}

/** @param {{ label: string, text: string, rows?: number }} what */
export function copyable({ label, text, rows = 1 }) {
  const id = `copy-${++made}`;
  const properties = { id, readonly: true, spellcheck: "false", onfocus: () => box.select() };
  /** @type {HTMLInputElement | HTMLTextAreaElement} */
  const box = rows > 1 ? h("textarea", { ...properties, rows }, text) : h("input", { ...properties, value: text });
  const said = h("span", null, words.copy.copy);
  const button = h(
    "button",
    { type: "button", class: "main", onclick: onCopy },
    said,
    spoken(words.copy.ofText(label)),
  );

  async function onCopy() {
    const done = await copy(box);
    if (done) button.focus();
    said.textContent = done ? words.copy.copied : words.copy.byHand(isMac());
    show(said.textContent);
    setTimeout(() => (said.textContent = words.copy.copy), SHOWN_FOR);
  }

  return h(
    "div",
    { class: rows > 1 ? "copyable tall" : "copyable" },
    h("label", { for: id }, label),
    h("div", { class: "field-row" }, box, button),
  );
}

const LOCAL = /^(localhost|127\.|\[::1\])/;

// The board makes links with its PUBLIC_URL. If that was left at localhost and an admin has opened the board at another
// address, the link is changed to that address, which others can open.
/** @param {string} url */
export function reachable(url) {
  const made = new URL(url);
  const local = LOCAL.test(made.hostname) && !LOCAL.test(location.hostname);
  return local ? `${location.origin}/${made.hash}` : url;
}
