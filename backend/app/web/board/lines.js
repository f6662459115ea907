// Statuses as rows, by day, in the order of a list. All that were read stay in the document, for the browser's own search
// and for paper; page.css has only those near what is seen laid out.

import { h, mount } from "../dom.js";
import { day, dayHeading } from "../time.js";
import { statusRow } from "./rows.js";

// Rows that are laid out together.
const TOGETHER = 40;

const isOf = (group, date) => group?.dataset.date === date;
const hasRoom = (group) => group.childElementCount < TOGETHER;

// What stands before a group of rows, but for the heading of its day.
function groupBefore({ previousElementSibling: before }) {
  return before?.matches(".day") ? before.previousElementSibling : before;
}

// Tells page.css how high a group is that was not laid out yet.
const count = (group) => group.style.setProperty("--rows", group.childElementCount);

export class Lines {
  element = h("div");
  #desk;
  #list;

  constructor(desk, list) {
    this.#desk = desk;
    this.#list = list;
  }

  clear() {
    mount(this.element);
  }

  row(id) {
    return this.element.querySelector(`#s${id}`);
  }

  append(id) {
    this.#insert(id, null);
  }

  // Puts a status where the list has it, if it is not here yet.
  put(id) {
    const { ids } = this.#list;
    const place = ids.indexOf(id);
    if (place < 0 || this.row(id)) return;
    let next = null;
    for (let at = place + 1; at < ids.length && !next; at += 1) next = this.row(ids[at]);
    this.#insert(id, next);
  }

  // `next`: the row that it comes before, or null.
  #insert(id, next) {
    const status = this.#desk.board.statuses.get(id);
    if (!status) return;
    const row = statusRow(status, this.#desk);
    const date = day(status.created_at);
    const later = next?.parentElement;
    const earlier = later ? groupBefore(later) : this.element.lastElementChild;
    if (isOf(later, date) && (hasRoom(later) || next !== later.firstElementChild)) next.before(row);
    else if (isOf(earlier, date) && hasRoom(earlier)) earlier.append(row);
    else this.#addGroup(row, status, { earlier, later });
    count(row.parentElement);
  }

  // A day has one heading, before its first group.
  #addGroup(row, { created_at: moment }, { earlier, later }) {
    const date = day(moment);
    const group = h("ol", { class: "lines group", "data-date": date }, row);
    if (isOf(later, date)) return later.before(group);
    if (isOf(earlier, date)) return earlier.after(group);
    const heading = h("h3", { class: "day", "data-day": moment }, dayHeading(moment));
    if (earlier) earlier.after(heading, group);
    else this.element.prepend(heading, group);
  }

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

  // Today is yesterday some time.
  nameDays() {
    for (const heading of this.element.querySelectorAll(".day")) {
      const name = dayHeading(heading.dataset.day);
      if (heading.textContent !== name) heading.textContent = name;
    }
  }
}
