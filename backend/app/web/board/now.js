// Now: who is doing what. Each person who has posted today has a row, by name. If there are many, it is a table that
// can be filtered. People who have not posted are neither listed nor counted.

import { now } from "../clock.js";
import { h, mount, swap } from "../dom.js";
import { age, HOURS, onTick } from "../time.js";
import { words } from "../words.js";
import { message } from "./badges.js";
import { chip } from "./icons.js";
import { who } from "./person.js";

const MANY = 30;
const OLD = HOURS(4);

/** @param {string} text */
const first = (text) => [...text][0] ?? "";

/** @param {string} name */
function initials(name) {
  // The initials of "Ada Okafor (demo)" are AO.
  const parts = name.split(/\s+/).filter((part) => /^[\p{L}\p{N}]/u.test(part));
  return (first(parts[0] ?? name.trim()) + (parts.length > 1 ? first(parts.at(-1) ?? "") : "")).toLocaleUpperCase();
}

/** @param {Status} status */
const isOld = ({ created_at: moment }) => now() - Date.parse(moment) > OLD;

/** @param {Present} present @param {BoardStore} board */
function line({ user, status }, board) {
  return h(
    "li",
    { class: "doing", "data-old": isOld(status) },
    h("span", { class: "initials", "aria-hidden": "true" }, initials(user.display_name)),
    h("div", { class: "top" }, who(user, board), chip(status.category), age(status.created_at)),
    h("bdi", { class: "message", dir: "auto" }, message(status, board)),
  );
}

/** @type {((status: Status, board: BoardStore) => Child)[]} */
const CELLS = [
  ({ category }) => chip(category),
  (status, board) => h("bdi", { class: "message", dir: "auto" }, message(status, board)),
  ({ created_at: moment }) => age(moment),
];

// The roles are needed on narrow screens, where the rows are not laid out as a table and browsers lose what they are.
/** @param {Present} present @param {BoardStore} board */
function tableRow({ user, status }, board) {
  return h(
    "tr",
    { class: "doing", role: "row", "data-old": isOld(status) },
    h("th", { scope: "row", role: "rowheader" }, who(user, board)),
    CELLS.map((cell) => h("td", { role: "cell" }, cell(status, board))),
  );
}

/** @param {HTMLElement} body */
function table(body) {
  const columns = words.now.columns;
  const head = [columns.person, columns.category, columns.status, columns.age];
  const cells = head.map((name) => h("th", { scope: "col", role: "columnheader" }, name));
  return h("table", { class: "today", role: "table" }, h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, cells)), body);
}

export class Now {
  #board;
  /** @type {Map<string, { row: HTMLElement, facts: string }>} */
  #shown = new Map();
  /** @type {{ make: RowMaker, element: HTMLElement } | null} */
  #rows = null;
  #place = h("div");
  #filter = h("input", { type: "search", "aria-label": words.now.filter, placeholder: words.now.filter, oninput: () => this.#narrow() });
  /** @type {Stop[]} */
  #stops;

  /** @param {Desk} desk */
  constructor({ board }) {
    this.#board = board;
    this.element = h(
      "section",
      { class: "now", "aria-labelledby": "now-heading" },
      h("h2", { id: "now-heading" }, words.now.heading),
      this.#place,
    );
    this.#stops = [board.onChange(({ overview }) => overview && this.#show()), onTick(() => this.#show())];
    this.#show();
  }

  stop() {
    for (const stop of this.#stops) stop();
  }

  #show() {
    const active = this.#board.presentStatuses();
    const make = active.length > MANY ? tableRow : line;
    if (this.#rows?.make !== make || !active.length) this.#frame(make, active.length);
    const here = new Set(active.map(({ user }) => user.username));
    for (const [username, { row }] of this.#shown) {
      if (here.has(username)) continue;
      row.remove();
      this.#shown.delete(username);
    }
    active.forEach((member, index) => this.#put(member, index, make));
    if (make === tableRow) this.#narrow();
  }

  /** @param {RowMaker} make @param {number} number */
  #frame(make, number) {
    const isTable = make === tableRow;
    const element = isTable ? h("tbody", { role: "rowgroup" }) : h("ul");
    this.#rows = { make, element };
    this.#shown.clear();
    if (!number) mount(this.#place, h("p", { class: "faint" }, words.now.none));
    else if (isTable) mount(this.#place, this.#filter, table(element));
    else mount(this.#place, element);
    if (!number) this.#rows = null;
  }

  // Only rows that have changed are made again. Badges update themselves.
  /** @param {Present} member @param {number} index @param {RowMaker} make */
  #put(member, index, make) {
    const { user, status } = member;
    const facts = JSON.stringify([status.id, status.edited_at, user.display_name, isOld(status)]);
    const known = this.#shown.get(user.username);
    const row = known?.facts === facts ? known.row : make(member, this.#board);
    if (known && known.row !== row) swap(known.row, row);
    this.#shown.set(user.username, { row, facts });
    const element = /** @type {HTMLElement} */ (this.#rows?.element);
    if (element.children[index] !== row) element.insertBefore(row, element.children[index] ?? null);
  }

  #narrow() {
    const wanted = this.#filter.value.trim().toLocaleLowerCase();
    for (const [username, { row }] of this.#shown) {
      row.hidden = Boolean(wanted) && !`${username} ${row.textContent}`.toLocaleLowerCase().includes(wanted);
    }
  }
}
