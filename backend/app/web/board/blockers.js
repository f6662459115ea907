// The list of blockers: what people wait for and since when, or that they can go on.

import { h, mount } from "../dom.js";
import { sinceTime } from "../time.js";
import { words } from "../words.js";
import { badge } from "./badges.js";
import { name } from "./grammar.js";
import { categoryIcon } from "./icons.js";
import { who } from "./person.js";

// More than this are folded away, to leave room for the people who are not blocked.
const MANY = 6;

/** @param {Reference[]} references */
const named = (references) => references.map((reference) => ({ name: name(reference), state: reference.state }));

// "octo/api#12 was merged. You can go on."
/** @param {{ status: Status, references: Reference[] }} blocker @param {Desk} desk */
export function clearedText({ status, references }, desk) {
  const text = desk.isMine(status) ? words.blockers.clearedForYou : words.blockers.cleared;
  return text(named(references), desk.board.nameOf(status.author));
}

/** @param {Reference[]} references */
const waits = (references) => [words.blockers.waitsFor, " ", references.map((reference) => [badge(reference), " "])];

/** @param {Blocker} blocker @param {Desk} desk */
function item(blocker, desk) {
  const { status, waitsFor, cleared } = blocker;
  return h(
    "li",
    { class: cleared ? "blocker cleared" : "blocker" },
    categoryIcon(cleared ? "done" : "blocked"),
    h(
      "p",
      null,
      who(status.author, desk.board),
      " ",
      h("span", null, cleared ? clearedText(blocker, desk) : waitsFor.length > 0 && waits(waitsFor)),
    ),
    h("bdi", { class: "message faint", dir: "auto" }, status.message),
    !cleared && h("span", { class: "since faint" }, words.blockers.since, " ", sinceTime(status.created_at)),
  );
}

export class Blockers {
  #desk;
  #list = h("ul");
  #more = h("details");
  /** @type {string | null} */
  #facts = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    this.element = h(
      "section",
      { class: "blockers", "aria-labelledby": "blockers-heading", hidden: true },
      h("h2", { id: "blockers-heading" }, words.blockers.heading),
      this.#list,
      this.#more,
    );
    this.stop = desk.board.onChange(({ overview }) => overview && this.#show());
    this.#show();
  }

  #show() {
    const blockers = this.#desk.board.blockers();
    const facts = JSON.stringify(blockers.map(({ status, references }) => [status, references, this.#desk.board.nameOf(status.author)]));
    if (facts === this.#facts) return;
    this.#facts = facts;
    this.element.hidden = !blockers.length;
    const items = blockers.map((blocker) => item(blocker, this.#desk));
    const more = items.splice(MANY);
    const isOpen = this.#more.open;
    mount(this.#list, items);
    mount(this.#more, h("summary", null, words.blockers.more(more.length)), h("ul", null, more));
    this.#more.hidden = !more.length;
    this.#more.open = isOpen;
  }
}
