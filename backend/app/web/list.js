// A list of statuses, newest first, that fit a filter: read page by page, and kept right by what happens meanwhile.

import { call } from "./api.js";
import { key } from "./grammar.js";
import { bounds } from "./time.js";

const PAGE = 50;

export const isLater = (one, other) =>
  one.created_at > other.created_at || (one.created_at === other.created_at && one.id > other.id);

// What the API is asked for a filter: {author, category, reference, q, day}.
function asked({ day, ...filter }) {
  return { ...filter, ...(day && bounds(day)) };
}

export class StatusList {
  ids = [];
  // "unread", "reading", "more", "end" or "failed".
  state = "unread";
  #board;
  #filter;
  #cursor = null;
  #known = new Set();
  #taken = {};

  constructor(board, filter) {
    this.#board = board;
    this.#filter = filter;
  }

  get isFiltered() {
    return Object.values(this.#filter).some(Boolean);
  }

  clear() {
    this.ids = [];
    this.#known.clear();
    this.#cursor = null;
    this.state = "unread";
  }

  // Takes a first page, in the place of all that it had.
  begin(page) {
    this.clear();
    this.#take(page);
  }

  // Follows the board's changes, each once, whoever asks: returns the ids that came, the earliest first, and those that went.
  take(changes) {
    if (this.#taken.changes !== changes) {
      const added = changes.posted.filter((id) => this.#add(id));
      const removed = [...changes.deleted].filter((id) => this.#remove(id));
      this.#taken = { changes, added, removed };
    }
    return this.#taken;
  }

  // Reads older ones, and returns the ids that came.
  async older() {
    if (this.state === "reading" || this.state === "end") return [];
    this.state = "reading";
    try {
      const query = { ...asked(this.#filter), limit: PAGE, cursor: this.#cursor };
      return this.#take(await call("GET", "/statuses", { query }));
    } catch (error) {
      this.state = "failed";
      this.error = error;
      return [];
    }
  }

  #take({ items, next_cursor: cursor }) {
    const fresh = items.filter(({ id }) => !this.#known.has(id) && !this.#board.isGone(id));
    for (const status of fresh) {
      this.#board.learn(status);
      this.#known.add(status.id);
      this.ids.push(status.id);
    }
    this.#cursor = cursor;
    this.state = cursor ? "more" : "end";
    return fresh.map(({ id }) => id);
  }

  // Puts a new status where it belongs, if it does and is not here yet: in front, but for what comes late.
  #add(id) {
    const { statuses } = this.#board;
    const status = statuses.get(id);
    if (!status || this.#known.has(id) || !this.#fits(status)) return false;
    const older = this.ids.findIndex((other) => !isLater(statuses.get(other), status));
    if (older < 0 && this.state !== "end") return false;
    this.#known.add(id);
    this.ids.splice(older < 0 ? this.ids.length : older, 0, id);
    return true;
  }

  // Which of the new ones the words fit is the board's to say: its first page is asked for again. Returns the ids that came, the earliest first.
  async found() {
    const { items } = await call("GET", "/statuses", { query: { ...asked(this.#filter), limit: PAGE } });
    for (const status of items) this.#board.learn(status);
    const fresh = items.map(({ id }) => id).filter((id) => !this.#known.has(id) && !this.#board.isGone(id));
    for (const id of fresh) this.#known.add(id);
    this.ids.unshift(...fresh);
    return fresh.reverse();
  }

  #remove(id) {
    if (!this.#known.delete(id)) return false;
    this.ids.splice(this.ids.indexOf(id), 1);
    return true;
  }

  get hasWords() {
    return Boolean(this.#filter.q);
  }

  #fits({ author, category, references, created_at: moment }) {
    const filter = this.#filter;
    const day = filter.day && bounds(filter.day);
    return (
      !filter.q &&
      (!filter.author || filter.author.toLowerCase() === author.username.toLowerCase()) &&
      (!filter.category || filter.category === category) &&
      (!filter.reference || references.some((reference) => key(reference) === key(filter.reference))) &&
      (!day || (new Date(moment) >= new Date(day.since) && new Date(moment) < new Date(day.until)))
    );
  }
}
