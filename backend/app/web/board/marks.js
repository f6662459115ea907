// The marks beside and in the text: a category, by shape and word; a reference, by what it is and how it stands, in colour,
// shape and word, and its title for who points at it or hears it.

import { h, svg, swap } from "../dom.js";
import { key, name, pieces } from "./grammar.js";
import { words } from "../words.js";

const ring = "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Z";
const nodes = "M4 5.5a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6ZM4 14.1a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6ZM4 5.5v5";
const bubble = "M2 2.5h12v8.5H8l-3.5 3v-3H2Z";

// Filled shapes; the others are lines.
const filled = {
  planning: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Zm0 2.4a4.1 4.1 0 1 0 0 8.2 4.1 4.1 0 0 0 0-8.2Z",
  "in-progress": "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 2v10A5 5 0 0 1 8 3Z",
  blocked: "M2 2h12v12H2Z",
};

const lines = {
  done: "M2 8.5l4 4 8-9",
  issue: `${ring}M8 7v2`,
  "issue closed": `${ring}M5 8l2.3 2.3L11 6`,
  "issue not_planned": `${ring}M4 12l8-8`,
  pull_request: `${nodes}M12 10.500V6.500q0-2-2-2H8m4 6a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.600Z`,
  "pull_request merged": `${nodes}M4 5.500q.5 4 6.2 4m1.8-1.800a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.600Z`,
  "pull_request closed": `${nodes}M12 10.500V8m0 2.500a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.600ZM10 2l4 4m0-4l-4 4`,
  "pull_request draft": `${nodes}M12 2v1.500m0 2v1.500m0 3.500a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.600Z`,
  discussion: bubble,
  "discussion closed": `${bubble}M5.5 6.500l2 2 3.5-3.5`,
  unknown: "M6 2L4.5 14M11.5 2L10 14M2 5.500h12M2 10.500h12",
};

function icon(path, line) {
  const props = line ? { fill: "none", stroke: "currentColor", "stroke-width": line } : { "fill-rule": "evenodd" };
  return svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: path, ...props }));
}

export const categoryIcon = (name) => (filled[name] ? icon(filled[name]) : icon(lines[name], 2.5));

export const referenceIcon = (kind, state) => icon(lines[`${kind} ${state}`] ?? lines[kind] ?? lines.unknown, 1.5);

export const CATEGORIES = ["planning", "in-progress", "blocked", "done"];

// Only "blocked" is a filled chip.
export const chip = (category) =>
  h("span", { class: "chip", "data-category": category }, categoryIcon(category), words.category[category] ?? category);

// In one line, for the tip and for who can't see it: "pull request, merged: Cache the parse tree".
function about(reference) {
  const { kind, state, title, moved_to: place } = reference;
  const what = [words.reference.kind[kind], words.reference.state[state]].filter(Boolean).join(", ");
  const more = [title, place && words.reference.movedTo(place), state === "no_access" && words.reference.hidden];
  return [what, ...more].filter(Boolean).join(": ");
}

const pieceOf = new WeakMap();

// `piece`: how a message names it. A short name stands there as it was written; an address is led to, and shortened to the
// name. All words of it but that are no text of the page, which would be copied along.
export function badge(reference, piece = {}) {
  const { kind, state, url } = reference;
  const { text, address } = piece;
  const shown = address || !text ? name(reference) : text;
  const element = h(
    "a",
    {
      class: "badge",
      href: address || url || null,
      target: "_blank",
      rel: "noopener noreferrer",
      dir: "ltr",
      "aria-label": url && `${shown} (${about(reference)})`,
      "data-reference": key(reference),
      "data-state": state,
      "data-state-word": state && (words.reference.state[state] ?? state),
      "data-tip": about(reference),
    },
    referenceIcon(kind, state),
    shown,
  );
  pieceOf.set(element, piece);
  return element;
}

// Puts what has become of a reference wherever it is shown.
export function renewBadges(reference) {
  for (const old of document.querySelectorAll(`[data-reference="${CSS.escape(key(reference))}"]`)) {
    swap(old, badge(reference, pieceOf.get(old)));
  }
}

// What is copied is what was written: of an address that a badge shortens, too.
export function copyAsWritten(event) {
  const selected = getSelection();
  const range = selected.rangeCount ? selected.getRangeAt(0) : null;
  const isWhole = (text) => range?.isPointInRange(text, 0) && range.isPointInRange(text, text.length);
  const all = [...document.querySelectorAll(".badge")].map((element) => ({ ...pieceOf.get(element), text: element.lastChild, element }));
  const short = all.filter(({ text, address }) => address && isWhole(text));
  if (!short.length) return;
  // A selection that ends within the text would lose it with the change.
  if (range.startContainer === short[0].text) range.setStartBefore(short[0].element);
  if (range.endContainer === short.at(-1).text) range.setEndAfter(short.at(-1).element);
  const shown = short.map(({ text }) => text.data);
  for (const { text, address } of short) text.data = address;
  event.clipboardData.setData("text/plain", selected.toString());
  short.forEach(({ text }, index) => (text.data = shown[index]));
  event.preventDefault();
}

// Returns the nodes of a status's text: what it names become badges and links, all else stays text. References that are
// not found in it, since the board's settings were others then, stand at its end.
export function message(status, board) {
  const known = new Map(status.references.map((reference) => [key(reference), board.reference(reference)]));
  const left = new Map(known);
  const nodes = [...pieces(status.message, board.github)].map((piece) => {
    const reference = piece.reference && known.get(key(piece.reference));
    if (reference) return left.delete(key(reference)), badge(reference, piece);
    if (!piece.address) return piece.text;
    return h("a", { href: piece.address, target: "_blank", rel: "noopener noreferrer", dir: "ltr" }, piece.text);
  });
  for (const reference of left.values()) nodes.push(h("span", { class: "beside" }, " ", badge(reference)));
  return nodes;
}

// The one tip: the title of what is pointed at or focused. It can be pointed at itself, and goes by Escape.
let tip = null;
let owner = null;

function place() {
  const at = owner.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = tip;
  const below = at.bottom + height + 8 < innerHeight;
  tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  tip.style.top = `${below ? at.bottom : at.top - height}px`;
}

function hide() {
  owner = null;
  tip.hidden = true;
}

function look({ target }) {
  if (target === tip) return;
  const found = target.closest?.("[data-tip]") ?? null;
  if (found === owner) return;
  hide();
  if (!found) return;
  owner = found;
  tip.textContent = found.dataset.tip;
  tip.hidden = false;
  place();
}

export function startTips() {
  tip = document.body.appendChild(h("div", { class: "tip", "aria-hidden": "true", hidden: true }));
  document.addEventListener("pointerover", look);
  document.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && look(event));
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { passive: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide(), true);
}
