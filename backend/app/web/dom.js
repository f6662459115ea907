// Elements from plain calls, and the page's one polite voice. Text from people only ever becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

function make(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const h = (tag, props, ...children) => make(document.createElement(tag), props, children);

export const svg = (tag, props, ...children) => make(document.createElementNS(SVG, tag), props, children);

export function mount(parent, ...children) {
  parent.replaceChildren();
  return make(parent, null, children);
}

const FOCUSABLE = "a, button, input, textarea, select";

// Puts an element in the place of another, and the focus where it was.
export function swap(old, now) {
  const place = [old, ...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  old.replaceWith(now);
  if (place >= 0) ([now, ...now.querySelectorAll(FOCUSABLE)][place] ?? now).focus({ preventScroll: true });
}

// For those who hear the page, and only for them.
export const spoken = (...children) => h("span", { class: "spoken" }, ...children);

let voice = null;
let silence;

// Shows a message for a while and has it read out. `action`: {label, run}, such as an undo.
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

let aside = null;

// Has something read out that is to be seen elsewhere.
export function say(message) {
  aside ??= document.body.appendChild(h("div", { class: "spoken", role: "status", "aria-live": "polite" }));
  aside.textContent = message;
}

export const after = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
