// What single keys do, and the list of them. They can be switched off (WCAG 2.1.4): dictation types letters too.

import { h } from "./dom.js";
import { kept } from "./storage.js";
import { words } from "./words.js";

export const singleKeys = {
  get on() {
    return kept.get("keys") !== false;
  },
  set on(value) {
    kept.set("keys", value ? null : false);
  },
};

const isTyping = (element) => element.matches("input:not([type=radio]), textarea, select, [contenteditable]");

export function showKeys() {
  const rows = words.keys.list.map(([names, what]) => h("tr", null, h("th", { scope: "row" }, h("kbd", null, names)), h("td", null, what)));
  const box = h(
    "dialog",
    { class: "keys", "aria-labelledby": "keys-heading", onclose: () => box.remove() },
    h("h2", { id: "keys-heading" }, words.keys.heading),
    !singleKeys.on && h("p", null, words.keys.off),
    h("table", null, rows),
    h("button", { type: "button", class: "main", onclick: () => box.close() }, words.keys.close),
  );
  document.body.append(box);
  box.showModal();
}

// `actions`: what each key does, by its character; `category(index)`: what Alt and a digit do.
export function startKeys(actions, category) {
  document.addEventListener("keydown", (event) => {
    const { altKey, ctrlKey, metaKey, code, key, target } = event;
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const digit = altKey && !ctrlKey && !metaKey && /^Digit([1-4])$/.exec(code);
    if (digit) {
      event.preventDefault();
      return category(Number(digit[1]) - 1);
    }
    if (altKey || ctrlKey || metaKey || !singleKeys.on || isTyping(target) || !Object.hasOwn(actions, key)) return;
    event.preventDefault();
    actions[key]();
  });
}
