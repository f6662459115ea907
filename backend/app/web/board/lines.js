// The rows of a list, by day. All rows that were read stay in the document, for the browser's search and for printing;
// page.css makes the browser lay out only those near the visible part.

import { h, mount } from "../dom.js";
import { day, dayHeading } from "../time.js";
import { statusRow } from "./rows.js";

// Rows in a group, which is laid out as a whole.
const TOGETHER = 40;

/** @param {HTMLElement} group @param {string} date */
const isOf = (group, date) => group.dataset.date === date;
/** @param {HTMLElement} group */
const hasRoom = (group) => group.childElementCount < TOGETHER;

/** @param {HTMLElement} element */
const previous = ({ previousElementSibling: before }) => /** @type {HTMLElement | null} */ (before);

// The group before this one, skipping the heading of the day.
/** @param {HTMLElement} group @returns {HTMLElement | null} */
function groupBefore(group) {
  const before = previous(group);
  return before?.matches(".day") ? previous(before) : before;
}

// Tells page.css the height of a group that was not laid out yet.
/** @param {HTMLElement} group */
const count = (group) => group.style.setProperty("--rows", String(group.childElementCount));

export class Lines {
  element = h("div");
  #desk;
  #list;

  /** @param {Desk} desk @param {StatusList} list */
  constructor(desk, list) {
    this.#desk = desk;
    this.#list = list;
  }

  clear() {
    mount(this.element);
  }

  /** @param {number} id @returns {HTMLElement | null} */
  row(id) {
    return this.element.querySelector(`#s${id}`);
  }

  /** @param {number} id */
  append(id) {
    this.#insert(id, null);
  }

  // Adds a status at its place in the list, if it is not here yet.
  /** @param {number} id */
  put(id) {
    const { ids } = this.#list;
    const place = ids.indexOf(id);
    if (place < 0 || this.row(id)) return;
    let next = null;
    for (let at = place + 1; at < ids.length && !next; at += 1) next = this.row(ids[at]);
    this.#insert(id, next);
  }

  // `next` is the row to insert before, or null for the end.
  /** @param {number} id @param {HTMLElement | null} next */
  #insert(id, next) {
    const status = this.#desk.board.statuses.get(id);
    if (!status) return;
    const row = statusRow(status, this.#desk, this.#list.matchesIn(status));
    const date = day(status.created_at);
    const later = next?.parentElement ?? null;
    const earlier = later ? groupBefore(later) : /** @type {HTMLElement | null} */ (this.element.lastElementChild);
    if (later && isOf(later, date) && (hasRoom(later) || next !== later.firstElementChild)) next?.before(row);
    else if (earlier && isOf(earlier, date) && hasRoom(earlier)) earlier.append(row);
    else this.#addGroup(row, status, { earlier, later });
    count(/** @type {HTMLElement} */ (row.parentElement));
  }

  // A day has one heading, before its first group.
  /**
   * @param {HTMLElement} row
   * @param {Status} status
   * @param {{ earlier: HTMLElement | null, later: HTMLElement | null | undefined }} between
   */
  #addGroup(row, { created_at: moment }, { earlier, later }) {
    const date = day(moment);
    const group = h("ol", { class: "lines group", "data-date": date }, row);
    if (later && isOf(later, date)) return later.before(group);
    if (earlier && isOf(earlier, date)) return earlier.after(group);
    const heading = h("h3", { class: "day", "data-day": moment }, dayHeading(moment));
    if (earlier) earlier.after(heading, group);
    else this.element.prepend(heading, group);
  }

  /** @param {number} id */
  remove(id) {
    const row = this.row(id);
    const group = row?.parentElement;
    if (!group) return;
    row.remove();
    count(group);
    if (group.childElementCount) return;
    const { previousElementSibling: before, nextElementSibling: after } = group;
    if (before?.matches(".day") && !after?.matches(".group")) before.remove();
    group.remove();
  }

  // Updates the headings when a day has passed.
  nameDays() {
    for (const heading of this.element.querySelectorAll(".day")) {
      const name = dayHeading(heading.getAttribute("data-day") ?? "");
      if (heading.textContent !== name) heading.textContent = name;
    }
  }
}
