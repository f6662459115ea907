// A status in one line, which opens to show its details and what can be done with it.

import { h, swap } from "../dom.js";
import { link } from "../router.js";
import { absolute, clockTime } from "../time.js";
import { words } from "../words.js";
import { message } from "./badges.js";
import { canEdit, canRemove, edit, remove } from "./editing.js";
import { name } from "./grammar.js";
import { chip } from "./icons.js";
import { who } from "./person.js";

/** @param {Status} status @param {Desk} desk @param {[number, number][]} [matches] */
export function statusRow(status, { board }, matches) {
  return h(
    "li",
    { class: "status", id: `s${status.id}`, tabindex: "-1" },
    clockTime(status.created_at),
    who(status.author, board),
    chip(status.category),
    h("bdi", { class: "message", dir: "auto" }, message(status, board, matches)),
    status.edited_at && h("span", { class: "edited faint" }, words.status.edited),
    h("button", { type: "button", class: "more quiet", "aria-expanded": "false", "aria-label": words.status.more }, "⋯"),
  );
}

/** @param {string} label @param {On<MouseEvent, HTMLButtonElement>} onclick */
const button = (label, onclick) => h("button", { type: "button", class: "quiet", onclick }, label);

// A post that is not confirmed yet.
/** @param {OutboxItem} item @param {Outbox} outbox @param {(item: OutboxItem) => unknown} takeBack */
export function pendingRow(item, outbox, takeBack) {
  return h(
    "li",
    { class: "status pending", "data-state": item.state },
    clockTime(item.created_at),
    h("span", { class: "who" }, item.state === "refused" ? words.status.refused : words.status[item.state]),
    chip(item.category),
    h("bdi", { class: "message", dir: "auto" }, item.message),
    item.state === "refused" && [
      h("span", { class: "wrong" }, words.composer.refused(item.reason)),
      button(words.status.back, () => takeBack(item)),
      button(words.status.discard, () => outbox.remove(item)),
    ],
  );
}

/** @param {Reference} reference */
function aboutReference(reference) {
  const label = name(reference);
  return h(
    "li",
    null,
    h("span", { class: "mono" }, label),
    reference.title && h("bdi", { dir: "auto" }, ` ${reference.title}`),
    " ",
    link({ reference: label }, { "aria-label": `${words.reference.everything}: ${label}` }, words.reference.everything),
  );
}

/** @param {Status} status @param {Desk} desk @param {HTMLElement} row */
function details(status, desk, row) {
  const times = [absolute(status.created_at), status.edited_at && words.status.editedAt(absolute(status.edited_at))];
  const references = status.references.map((reference) => aboutReference(desk.board.reference(reference)));
  return h(
    "div",
    { class: "details" },
    h("p", { class: "faint" }, times.filter(Boolean).join(", ")),
    references.length > 0 && h("ul", null, references),
    canEdit(status) && button(words.status.edit, () => editRow(row, desk)),
    canRemove(status) && button(words.status.remove, ({ currentTarget }) => remove(status, desk, currentTarget)),
  );
}

/** @param {HTMLElement} row @param {Desk} desk */
const statusOf = (row, { board }) => board.statuses.get(Number(row.id.slice(1)));

/** @param {HTMLElement} row @param {Desk} desk */
export function editRow(row, desk) {
  const status = statusOf(row, desk);
  if (!status || !canEdit(status)) return;
  const leave = () => {
    const now = statusRow(statusOf(row, desk) ?? status, desk);
    swap(row, now);
    now.focus({ preventScroll: true });
    now.dispatchEvent(new CustomEvent("left", { bubbles: true }));
  };
  edit(status, desk, row, leave);
}

// Opens or closes a row.
/** @param {HTMLElement} row @param {Desk} desk @param {boolean} [open] */
export function toggle(row, desk, open = !row.classList.contains("open")) {
  const status = statusOf(row, desk);
  if (!status || row.classList.contains("editing")) return;
  row.classList.toggle("open", open);
  row.querySelector(".more")?.setAttribute("aria-expanded", String(open));
  row.querySelector(".details")?.remove();
  if (open) row.append(details(status, desk, row));
}

// Updates the row of a status, unless it is not shown or is being edited.
/** @param {number} id @param {Desk} desk */
export function renewRow(id, desk) {
  const row = document.getElementById(`s${id}`);
  const status = desk.board.statuses.get(id);
  if (!row || !status || row.classList.contains("editing")) return;
  const now = statusRow(status, desk);
  swap(row, now);
  if (row.classList.contains("open")) toggle(now, desk, true);
}

// Handles clicks on rows, and Enter.
/** @param {Desk} desk @returns {Properties} */
export function rowEvents(desk) {
  /** @param {HTMLElement | null} row */
  const act = (row) => row?.id && toggle(row, desk);
  return {
    onclick({ target }) {
      const isOwn = target.closest(".details, .edit, a") || (target.closest("button") && !target.closest(".more"));
      if (!isOwn && getSelection()?.isCollapsed) act(target.closest(".status"));
    },
    onkeydown({ key, target }) {
      if (key === "Enter" && target.matches(".status")) act(target);
    },
  };
}

// The row that has the focus, or contains it.
/** @returns {HTMLElement | null} */
export const chosenRow = () => document.activeElement?.closest(".status[id]") ?? null;

// Finds the first row below a line. A binary search, since measuring a row makes the browser lay it out.
/** @param {HTMLElement[]} rows @param {number} line */
function firstBelow(rows, line) {
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (rows[middle].getBoundingClientRect().top < line) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** @returns {HTMLElement[]} */
export const statusRows = () => [...document.querySelectorAll(/** @type {"li"} */ (".status[id]"))];

// Moves the focus to the next or previous row.
/** @param {boolean} forward */
export function step(forward) {
  const rows = statusRows();
  const chosen = chosenRow();
  const at = chosen ? rows.indexOf(chosen) : -1;
  const cover = document.querySelector(".composer")?.getBoundingClientRect().bottom ?? 0;
  rows[at < 0 ? firstBelow(rows, cover) : at + (forward ? 1 : -1)]?.focus();
}
