// Badges for the references in a message. They show the state by colour, shape and word, and the title in a tip and to
// screen readers.

import { h, swap } from "../dom.js";
import { words } from "../words.js";
import { key, name, pieces } from "./grammar.js";
import { inUnits, parts } from "./highlights.js";
import { referenceIcon } from "./icons.js";

// The tip, which screen readers get too: "pull request, merged: Cache the parse tree".
/** @param {Reference} reference */
function about(reference) {
  const { kind, state, title, moved_to: place } = reference;
  const what = [words.reference.kind[kind], state && words.reference.state[state]].filter(Boolean).join(", ");
  const more = [title, place && words.reference.movedTo(place), state === "no_access" && words.reference.hidden];
  return [what, ...more].filter(Boolean).join(": ");
}

/** @type {WeakMap<Element, Partial<Piece>>} */
const pieceOf = new WeakMap();

// `piece` is how the message names the reference. A short name is shown as it was written. An address is linked to, and
// shortened to the name. Other words of the badge are not text of the page, or they would be copied along.
/** @param {Reference} reference @param {Partial<Piece>} [piece] */
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

// Updates a reference everywhere it is shown.
/** @param {Reference} reference */
export function renewBadges(reference) {
  for (const old of document.querySelectorAll(`[data-reference="${CSS.escape(key(reference))}"]`)) {
    swap(old, badge(reference, pieceOf.get(old)));
  }
}

// Copies what was written: the whole address where a badge shows it shortened.
/** @param {ClipboardEvent} event */
export function copyAsWritten(event) {
  const selected = getSelection();
  if (!selected?.rangeCount) return;
  const range = selected.getRangeAt(0);
  /** @param {Text} text */
  const isWhole = (text) => range.isPointInRange(text, 0) && range.isPointInRange(text, text.length);
  const short = [...document.querySelectorAll(".badge")].flatMap((element) => {
    const text = /** @type {Text} */ (element.lastChild);
    const address = pieceOf.get(element)?.address;
    return address && isWhole(text) ? [{ element, text, address, shown: text.data }] : [];
  });
  const [first, last] = [short[0], short.at(-1)];
  if (!first || !last) return;
  // A selection that ends inside the text would be lost when the text changes.
  if (range.startContainer === first.text) range.setStartBefore(first.element);
  if (range.endContainer === last.text) range.setEndAfter(last.element);
  for (const { text, address } of short) text.data = address;
  event.clipboardData?.setData("text/plain", selected.toString());
  for (const { text, shown } of short) text.data = shown;
  event.preventDefault();
}

// Returns the nodes of a status's text: references become badges, addresses become links, and everything else stays
// text. References that are not found in the text, because the board had other settings when it was posted, are added
// at the end. `matches` is where the words of a search are.
/** @param {Status} status @param {BoardStore} board @param {[number, number][]} [matches] */
export function message(status, board, matches = []) {
  const known = new Map(status.references.map((reference) => [key(reference), board.reference(reference)]));
  const left = new Map(known);
  const found = inUnits(status.message, matches);
  let end = 0;
  /** @type {(Node | string)[]} */
  const nodes = [...pieces(status.message, board.github)].flatMap((piece) => {
    const split = [...parts(piece.text, end, found)];
    end += piece.text.length;
    const reference = piece.reference && known.get(key(piece.reference));
    if (reference) {
      left.delete(key(reference));
      const element = badge(reference, piece);
      return split.some(({ isFound }) => isFound) ? h("mark", null, element) : element;
    }
    const marked = split.map(({ text, isFound }) => (isFound ? h("mark", null, text) : text));
    if (!piece.address) return marked;
    return h("a", { href: piece.address, target: "_blank", rel: "noopener noreferrer", dir: "ltr" }, marked);
  });
  for (const reference of left.values()) nodes.push(h("span", { class: "beside" }, " ", badge(reference)));
  return nodes;
}
