// Single-key shortcuts, and the list of them. They can be switched off (WCAG 2.1.4), because dictation types letters
// too.

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

/** @param {any} element */
const isTyping = (element) => element.matches("input:not([type=radio]), textarea, select, [contenteditable]");

export function showKeys() {
  const rows = words.keys.list.map(([names, what]) => h("tr", null, h("th", { scope: "row" }, h("kbd", null, names)), h("td", null, what)));
  /** @type {HTMLDialogElement} */
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

// Whether an input method is handling the key. The page must ignore it then. Safari reports the Enter that ends
// composition as key code 229.
/** @param {any} event */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

// The name of the action for a key. Caps Lock makes no difference. On layouts without Latin letters, it is the Latin
// letter at the same place of the keyboard.
/** @param {KeyboardEvent} event @returns {string | null | undefined} */
function nameOf({ key, code, shiftKey }) {
  if (!/^\p{L}$/u.test(key)) return key;
  if (shiftKey) return null;
  return /^\p{Script=Latin}$/u.test(key) ? key.toLowerCase() : /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
}

// Calls back when the key is released, unless it typed something. With some layouts Alt and a digit type a character
// and with others they don't, and the event looks the same.
/** @param {EventTarget} target @param {() => void} act */
function unlessTyped(target, act) {
  const ending = new AbortController();
  const { signal } = ending;
  target.addEventListener("beforeinput", () => ending.abort(), { signal });
  target.addEventListener("blur", () => ending.abort(), { signal });
  document.addEventListener("keyup", () => (ending.abort(), act()), { signal });
}

/** @param {any} event @param {(index: number) => unknown} category */
function chooseCategory(event, category) {
  const [, digit] = /^Digit([1-4])$/.exec(event.code) ?? [];
  if (!digit || event.ctrlKey || event.metaKey) return;
  const choose = () => category(Number(digit) - 1);
  if (event.key !== digit && isTyping(event.target)) return event.repeat || unlessTyped(event.target, choose);
  event.preventDefault();
  if (!event.repeat) choose();
}

// `actions` has what each key does, by its character. `category(index)` is called for Alt and a digit. The keys in
// `held` repeat while they are held down.
/**
 * @param {Record<string, () => unknown>} actions
 * @param {(index: number) => unknown} category
 * @param {string} [held]
 */
export function startKeys(actions, category, held = "") {
  /** @type {string | null} */
  let pressed = null;
  document.addEventListener("keydown", (event) => {
    const { altKey, ctrlKey, metaKey, code, key, repeat, target } = event;
    if (event.defaultPrevented || isComposing(event) || document.querySelector("dialog[open]")) return;
    const name = nameOf(event);
    // The key has moved the focus to a text box. If it is held down, it must not type there.
    if (repeat && code === pressed) event.preventDefault();
    if (repeat && !(code === pressed && name && held.includes(name))) return;
    pressed = null;
    if (altKey) return chooseCategory(event, category);
    if (!name || ctrlKey || metaKey || event.getModifierState("AltGraph") || isTyping(target)) return;
    if (!Object.hasOwn(actions, name) || (!singleKeys.on && key.length === 1)) return;
    event.preventDefault();
    pressed = code;
    actions[name]();
  });
}
