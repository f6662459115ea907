// The feed: one line a status, newest first, by day. Only the lines near what is seen are in the document: thousands that
// were scrolled by weigh nothing. Nothing moves under the reader: what is new waits behind a pill.

import { inWords } from "./account/faults.js";
import { h, mount, say } from "./dom.js";
import { pendingRow, renewRow, rowEvents, statusRow } from "./status.js";
import { day, dayHeading, onTick } from "./time.js";
import { words } from "./words.js";

// Lines that come and go together.
const TOGETHER = 40;
const AHEAD = "1200px 0px";
// Seconds between two times that new statuses are read out.
const BREATH = 10;

export class Feed {
  #desk;
  #list;
  #pieces = [];
  #held = [];
  #unsaid = 0;
  #stops;
  #pieceOf = new WeakMap();
  #seen = new IntersectionObserver((entries) => this.#look(entries), { rootMargin: AHEAD });
  #bottom = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.#more(), { rootMargin: AHEAD });
  #pill = h("button", { type: "button", class: "pill", hidden: true, onclick: ({ detail }) => this.release(true, !detail) });
  #pending = h("ol", { class: "lines" });
  #top = h("div");
  #body = h("div");
  #end = h("div", { class: "end faint" });

  // `desk`: {board, outbox, takeBack}. `own`: whether what I post belongs here before it is confirmed.
  constructor(desk, list, { heading = words.feed.heading, own = true } = {}) {
    this.#desk = desk;
    this.#list = list;
    this.element = h(
      "section",
      { class: "feed", "aria-label": heading, ...rowEvents(desk) },
      h("h2", null, heading),
      h("div", { class: "pill-place" }, this.#pill),
      own && this.#pending,
      this.#top,
      this.#body,
      this.#end,
    );
    const scrolled = () => this.#held.length && !this.#isReading() && this.release();
    window.addEventListener("scroll", scrolled, { passive: true });
    this.#stops = [
      desk.board.onChange((changes) => this.#changed(changes)),
      desk.outbox.onChange(() => this.#showPending()),
      onTick(() => this.#nameDays()),
      () => window.removeEventListener("scroll", scrolled),
      () => this.#seen.disconnect(),
      () => this.#bottom.disconnect(),
    ];
    this.#begin();
  }

  stop() {
    for (const stop of this.#stops) stop();
  }

  #begin() {
    this.#seen.disconnect();
    this.#pieces = [];
    this.#held = [];
    mount(this.#body);
    this.#append(this.#list.ids);
    this.#showPending();
    this.#showHeld();
    this.#showEnd();
    this.#bottom.disconnect();
    this.#bottom.observe(this.#end);
  }

  #append(ids) {
    for (let start = 0; start < ids.length; start += TOGETHER) this.#add(ids.slice(start, start + TOGETHER));
  }

  #add(ids, before = null) {
    const piece = { ids, element: h("div", { class: "piece" }), full: false };
    this.#pieceOf.set(piece.element, piece);
    if (before) {
      this.#pieces.unshift(piece);
      before.element.before(piece.element);
    } else {
      this.#pieces.push(piece);
      this.#body.append(piece.element);
    }
    this.#fill(piece);
    this.#seen.observe(piece.element);
    return piece;
  }

  #fill(piece) {
    const { statuses } = this.#desk.board;
    const earlier = this.#pieces[this.#pieces.indexOf(piece) - 1]?.ids.at(-1);
    let last = earlier && day(statuses.get(earlier)?.created_at);
    let rows = null;
    const parts = [];
    for (const id of piece.ids) {
      const status = statuses.get(id);
      if (!status) continue;
      const its = day(status.created_at);
      if (its !== last) {
        parts.push(h("h3", { class: "day", "data-day": status.created_at }, dayHeading(status.created_at)));
        rows = null;
      }
      if (!rows) parts.push((rows = h("ol", { class: "lines" })));
      rows.append(statusRow(status, this.#desk));
      last = its;
    }
    piece.element.style.blockSize = "";
    mount(piece.element, parts);
    piece.full = true;
  }

  #empty(piece) {
    const { element } = piece;
    const selected = getSelection();
    if (element.contains(document.activeElement) || element.querySelector(".editing")) return;
    if (!selected.isCollapsed && selected.containsNode(element, true)) return;
    element.style.blockSize = `${element.getBoundingClientRect().height}px`;
    mount(element);
    piece.full = false;
  }

  #look(entries) {
    for (const { target, isIntersecting } of entries) {
      const piece = this.#pieceOf.get(target);
      if (isIntersecting && !piece.full) this.#fill(piece);
      else if (!isIntersecting && piece.full) this.#empty(piece);
    }
  }

  async #more() {
    if (!["unread", "more"].includes(this.#list.state)) return;
    const reading = this.#list.older();
    this.#showEnd();
    this.#append(await reading);
    this.#showEnd();
    // Still in sight? Then there is room for more.
    this.#bottom.unobserve(this.#end);
    this.#bottom.observe(this.#end);
  }

  #showEnd() {
    const { state, ids, isFiltered, error } = this.#list;
    const retry = () => this.#list.older().then((more) => (this.#append(more), this.#showEnd()));
    if (state === "failed") {
      const failed = `${inWords(error)} ${words.feed.retry}`;
      mount(this.#end, h("button", { type: "button", class: "quiet", onclick: retry }, failed));
    } else if (state !== "end") mount(this.#end, words.feed.loading);
    else if (ids.length) mount(this.#end, words.feed.end);
    else if (isFiltered) mount(this.#end, h("p", null, words.feed.noMatch));
    else mount(this.#end, h("p", null, words.feed.empty, " ", h("em", null, words.feed.example)));
  }

  #changed(changes) {
    const { board } = this.#desk;
    if (changes.reset) {
      if (this.#list !== board.feed) this.#list.clear();
      return this.#begin();
    }
    const { added, removed } = this.#list.take(changes);
    if (this.#list.hasWords && changes.posted.length) this.#list.found().then((found) => this.#take(found), () => {});
    this.#take(added);
    for (const id of changes.edited) renewRow(id, this.#desk);
    for (const id of removed) this.#remove(id);
  }

  // `fresh`: in the order in which they were posted.
  #take(fresh) {
    if (!fresh.length) return;
    this.#announce(fresh);
    this.#held.push(...fresh);
    if (this.#isReading()) this.#showHeld();
    else this.release();
    if (this.#list.ids.length === fresh.length) this.#showEnd();
  }

  // Whether something would move under the reader's eyes or hands if a line were put on top.
  #isReading() {
    const cover = document.querySelector(".composer")?.getBoundingClientRect().bottom ?? 0;
    const selected = getSelection();
    return (
      this.#top.getBoundingClientRect().top < Math.max(0, cover) - 1 ||
      this.#body.contains(document.activeElement) ||
      (!selected.isCollapsed && this.#body.contains(selected.anchorNode))
    );
  }

  // Shows what is new; and goes there, if the reader asked for it.
  release(isAsked = false, byKey = isAsked) {
    const held = this.#held.splice(0);
    for (const id of held) this.#insert(id);
    this.#showHeld();
    if (!isAsked) return;
    this.element.scrollIntoView({ block: "start" });
    // Whoever goes by keys goes on from the first line.
    if (byKey) this.#body.querySelector(".status")?.focus({ preventScroll: true });
  }

  #showHeld() {
    this.#pill.hidden = !this.#held.length;
    this.#pill.textContent = words.feed.fresh(this.#held.length);
  }

  #insert(id) {
    const place = this.#list.ids.indexOf(id);
    if (place < 0) return;
    const next = this.#list.ids[place + 1];
    const piece = next === undefined ? this.#pieces.at(-1) : this.#pieces.find(({ ids }) => ids.includes(next));
    if (!piece) return this.#pieces.length ? this.#begin() : this.#add([id]);
    const at = next === undefined ? piece.ids.length : piece.ids.indexOf(next);
    if (at === 0 && piece.ids.length >= TOGETHER) return this.#addInFront(id, piece);
    piece.ids.splice(at, 0, id);
    if (piece.full && !(at === 0 && this.#insertRow(piece, id))) this.#fill(piece);
  }

  // A day has one heading, at its newest line.
  #addInFront(id, piece) {
    const { statuses } = this.#desk.board;
    const heading = piece.element.firstElementChild;
    if (heading?.dataset.day && day(heading.dataset.day) === day(statuses.get(id).created_at)) heading.remove();
    this.#add([id], piece);
  }

  // On top of a day that is shown, a line is put without touching the others.
  #insertRow(piece, id) {
    const status = this.#desk.board.statuses.get(id);
    const heading = piece.element.firstElementChild;
    if (piece !== this.#pieces[0] || !heading?.dataset.day || day(heading.dataset.day) !== day(status.created_at)) return false;
    heading.nextElementSibling.prepend(statusRow(status, this.#desk));
    return true;
  }

  #remove(id) {
    this.#held = this.#held.filter((held) => held !== id);
    this.#showHeld();
    const piece = this.#pieces.find(({ ids }) => ids.includes(id));
    if (!piece) return;
    piece.ids.splice(piece.ids.indexOf(id), 1);
    const row = document.getElementById(`s${id}`);
    const rows = row?.parentElement;
    row?.remove();
    if (rows && !rows.children.length) {
      if (rows.previousElementSibling?.matches(".day")) rows.previousElementSibling.remove();
      rows.remove();
    }
    if (!this.#list.ids.length) this.#showEnd();
  }

  #showPending() {
    const { outbox, takeBack } = this.#desk;
    mount(this.#pending, outbox.unseen().reverse().map((item) => pendingRow(item, outbox, takeBack)));
  }

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

  #nameDays() {
    for (const heading of this.#body.querySelectorAll(".day")) {
      const name = dayHeading(heading.dataset.day);
      if (heading.textContent !== name) heading.textContent = name;
    }
  }
}
