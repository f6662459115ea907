// Creates elements, and announces messages. Text from people only ever becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";

/** @param {any} element @param {string} name @param {any} value */
function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Properties | null | undefined} props
 * @param {Child[]} children
 */
function make(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  const nodes = /** @type {any[]} */ (children).flat(Infinity);
  element.append(...nodes.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties<HTMLElementTagNameMap[Tag]> | null} [props]
 * @param {...Child} children
 */
export const h = (tag, props, ...children) => make(document.createElement(tag), props, children);

/** @param {string} tag @param {Properties} props @param {...Child} children */
export const svg = (tag, props, ...children) => make(document.createElementNS(SVG, tag), props, children);

/** @param {Element} parent @param {...Child} children */
export function mount(parent, ...children) {
  parent.replaceChildren();
  return make(parent, null, children);
}

const FOCUSABLE = "a, button, input, textarea, select";

/** @param {Element} element @returns {HTMLElement[]} */
const focusables = (element) => /** @type {any[]} */ ([element, ...element.querySelectorAll(FOCUSABLE)]);

// Replaces an element with another. If it had the focus, the new one gets it in the same place.
/** @param {Element} old @param {HTMLElement} now */
export function swap(old, now) {
  const place = focusables(old).findIndex((element) => element === document.activeElement);
  old.replaceWith(now);
  if (place >= 0) (focusables(now)[place] ?? now).focus({ preventScroll: true });
}

// Focuses what a selector finds in a part of the page.
/** @param {ParentNode} parent @param {string} selector @param {FocusOptions} [options] */
export const focusOn = (parent, selector, options) => /** @type {HTMLElement | null} */ (parent.querySelector(selector))?.focus(options);

// Text for screen readers only.
/** @param {...Child} children */
export const spoken = (...children) => h("span", { class: "spoken" }, ...children);

/** @type {HTMLElement | null} */
let voice = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let silence;

// Shows a message for a while, and announces it to screen readers. `action` is a button, such as an undo.
/**
 * @param {string} message
 * @param {{ action?: { label: string, run: () => unknown } | null, seconds?: number }} [options]
 */
export function show(message, { action = null, seconds = 6 } = {}) {
  voice ??= document.body.appendChild(h("div", { class: "toast", role: "status", "aria-live": "polite" }));
  hush();
  const button = action && h("button", { type: "button", onclick: () => (hush(), action.run()) }, action.label);
  mount(voice, h("span", null, message), button);
  silence = setTimeout(hush, seconds * 1000);
}

export function hush() {
  clearTimeout(silence);
  if (voice) mount(voice);
}

/** @type {HTMLElement | null} */
let aside = null;

// Announces something that is already visible elsewhere.
/** @param {string} message */
export function say(message) {
  aside ??= document.body.appendChild(h("div", { class: "spoken", role: "status", "aria-live": "polite" }));
  aside.textContent = message;
}

/** @param {number} seconds @returns {Promise<void>} */
export const after = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
