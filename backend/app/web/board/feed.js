// The feed: one line for each status, by day. Nothing moves while someone is reading: new statuses wait behind a
// button.

import { focusOn, h, mount, say } from "../dom.js";
import { inWords } from "../faults.js";
import { onTick } from "../time.js";
import { words } from "../words.js";
import { Lines } from "./lines.js";
import { pendingRow, renewRow, rowEvents } from "./rows.js";

const AHEAD = "1200px 0px";
// Seconds between two announcements of new statuses.
const BREATH = 10;

export class Feed {
  #desk;
  #list;
  #lines;
  #empty;
  /** @type {number[]} */
  #held = [];
  /** @type {Set<number>} */
  #leaving = new Set();
  #unsaid = 0;
  /** @type {Stop[]} */
  #stops;
  // Several entries may come at once, with the newest last.
  #bottom = new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting && this.#more(), { rootMargin: AHEAD });
  #pill = h("button", { type: "button", class: "pill", hidden: true, onclick: ({ detail }) => this.release(true, !detail) });
  #pending = h("ol", { class: "lines" });
  #top = h("div");
  #end = h("div", { class: "end faint" });

  // `own` says whether my unconfirmed posts belong here. `empty` is shown if the list is empty.
  /**
   * @param {Desk} desk
   * @param {StatusList} list
   * @param {{ heading?: string, own?: boolean, empty?: string | null }} [options]
   */
  constructor(desk, list, { heading = words.feed.heading, own = true, empty = null } = {}) {
    this.#desk = desk;
    this.#list = list;
    this.#lines = new Lines(desk, list);
    this.#empty = empty;
    this.element = h(
      "section",
      { class: "feed", "aria-label": heading, ...rowEvents(desk), onleft: () => this.#removeLeft() },
      h("h2", null, heading),
      h("div", { class: "pill-place" }, this.#pill),
      own && this.#pending,
      this.#top,
      this.#lines.element,
      this.#end,
    );
    const scrolled = () => this.#held.length && !this.#isReading() && this.release();
    window.addEventListener("scroll", scrolled, { passive: true });
    list.listener = (changes) => this.#take(changes);
    this.#stops = [
      desk.board.onChange((changes) => this.#changed(changes)),
      desk.outbox.onChange(() => this.#showPending()),
      onTick(() => this.#lines.nameDays()),
      () => window.removeEventListener("scroll", scrolled),
      () => this.#bottom.disconnect(),
      () => (list === desk.board.feed ? (list.listener = () => {}) : list.stop()),
    ];
    this.#begin();
  }

  stop() {
    for (const stop of this.#stops) stop();
  }

  #begin() {
    this.#held = [];
    this.#lines.clear();
    for (const id of this.#list.ids) this.#lines.append(id);
    this.#showPending();
    this.#showHeld();
    this.#showEnd();
    this.#bottom.disconnect();
    this.#bottom.observe(this.#end);
  }

  async #more() {
    if (["unread", "more"].includes(this.#list.state)) await this.#read();
  }

  async #read() {
    const reading = this.#list.read();
    this.#showEnd();
    await reading;
    this.#showEnd();
    // If the end is still visible, there is room for more.
    this.#bottom.unobserve(this.#end);
    this.#bottom.observe(this.#end);
  }

  #showEnd() {
    const { state, ids, isFiltered, error } = this.#list;
    if (state === "failed") {
      const failed = `${inWords(error)} ${words.feed.retry}`;
      mount(this.#end, h("button", { type: "button", class: "quiet", onclick: () => this.#read() }, failed));
    } else if (state !== "end") mount(this.#end, words.feed.loading);
    else if (ids.length) mount(this.#end, this.#list.isOldestFirst ? null : words.feed.end);
    else if (isFiltered) mount(this.#end, h("p", null, this.#empty ?? words.feed.noMatch));
    else mount(this.#end, h("p", null, words.feed.empty, " ", h("em", null, words.feed.example)));
  }

  /** @param {BoardChanges} changes */
  #changed(changes) {
    if (changes.reset) return this.#begin();
    for (const id of changes.edited) renewRow(id, this.#desk);
  }

  /** @param {{ read: number[], added: number[], removed: number[] }} changes */
  #take({ read, added, removed }) {
    for (const id of read) this.#lines.append(id);
    for (const id of removed) this.#remove(id);
    if (added.length) this.#hold(added);
    if (this.#list.ids.length === added.length || !this.#list.ids.length) this.#showEnd();
  }

  // If new statuses are added at the end, nothing moves.
  /** @param {number[]} fresh */
  #hold(fresh) {
    this.#announce(fresh);
    this.#held.push(...fresh);
    for (const id of fresh) this.#leaving.delete(id);
    if (!this.#list.isOldestFirst && this.#isReading()) this.#showHeld();
    else this.release();
  }

  // Whether adding a line on top would move something that the reader is looking at or using.
  #isReading() {
    const cover = document.querySelector(".composer")?.getBoundingClientRect().bottom ?? 0;
    const { element } = this.#lines;
    const selected = getSelection();
    return (
      this.#top.getBoundingClientRect().top < Math.max(0, cover) - 1 ||
      element.contains(document.activeElement) ||
      Boolean(selected && !selected.isCollapsed && element.contains(selected.anchorNode))
    );
  }

  // Shows the new statuses. If the reader asked for them, also scrolls there.
  release(isAsked = false, byKey = isAsked) {
    const held = this.#held.splice(0);
    for (const id of held) this.#lines.put(id);
    this.#showHeld();
    if (!isAsked) return;
    this.element.scrollIntoView({ block: "start" });
    // Keyboard users continue from the first line.
    if (byKey) focusOn(this.#lines.element, ".status", { preventScroll: true });
  }

  #showHeld() {
    this.#pill.hidden = !this.#held.length;
    this.#pill.textContent = words.feed.fresh(this.#held.length);
  }

  // A row that is being edited stays until the form is closed, so that no text is lost.
  /** @param {number} id */
  #remove(id) {
    this.#held = this.#held.filter((held) => held !== id);
    this.#showHeld();
    if (this.#lines.row(id)?.classList.contains("editing")) this.#leaving.add(id);
    else this.#lines.remove(id);
  }

  #removeLeft() {
    const ids = [...this.#leaving];
    this.#leaving.clear();
    for (const id of ids) this.#remove(id);
  }

  #showPending() {
    const { outbox, takeBack } = this.#desk;
    mount(this.#pending, outbox.unseen().reverse().map((item) => pendingRow(item, outbox, takeBack)));
  }

  /** @param {number[]} ids */
  #announce(ids) {
    const others = ids.filter((id) => !this.#desk.isMine(this.#desk.board.statuses.get(id)));
    if (!others.length) return;
    if (!this.#unsaid) {
      setTimeout(() => {
        say(words.feed.heard(this.#unsaid));
        this.#unsaid = 0;
      }, BREATH * 1000);
    }
    this.#unsaid += others.length;
  }
}
