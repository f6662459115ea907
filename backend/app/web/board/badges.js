// What a message names, as a badge: which reference it is and how it stands, in colour, shape and word, and its title for who
// points at it or hears it.

import { h, swap } from "../dom.js";
import { words } from "../words.js";
import { key, name, pieces } from "./grammar.js";
import { referenceIcon } from "./icons.js";

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
