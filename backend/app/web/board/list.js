// A list of the statuses that match a filter, newest or oldest first. It is read page by page, and kept up to date.

import { call } from "../api.js";
import { bounds } from "../time.js";
import { key } from "./grammar.js";
import { Search } from "./search.js";

const PAGE = 50;

/** @param {Status} one @param {Status} other */
export const isLater = (one, other) =>
  one.created_at > other.created_at || (one.created_at === other.created_at && one.id > other.id);

// The query for a filter.
/** @param {Filter} filter */
function asked({ day, ...filter }) {
  return { ...filter, ...(day && bounds(day)) };
}

export class StatusList {
  /** @type {number[]} */
  ids = [];
  /** @type {"unread" | "reading" | "more" | "end" | "failed"} */
  state = "unread";
  // Called with the ids that were read at the end, that were added otherwise, and that were removed.
  /** @type {(changes: { read: number[], added: number[], removed: number[] }) => unknown} */
  listener = () => {};
  #board;
  #filter;
  #readPage;
  #isAfter;
  /** @type {string | null} */
  #cursor = null;
  // The last status that was read. What comes after it is not known yet.
  /** @type {Status | null} */
  #last = null;
  /** @type {Map<number, Status>} */
  #known = new Map();
  /** @type {Set<number>} */
  #meanwhile = new Set();
  // What the board found, with its matches.
  /** @type {Map<number, Status>} */
  #found = new Map();
  /** @type {Search | null} */
  #search = null;
  #turn = 0;
  #stop;

  // `readPage(cursor)` reads a page that is not from GET /statuses.
  /**
   * @param {BoardStore} board
   * @param {Filter} filter
   * @param {{ readPage?: ((cursor: string | null) => Promise<Slice<Status>>) | null, isOldestFirst?: boolean }} [options]
   */
  constructor(board, filter, { readPage = null, isOldestFirst = false } = {}) {
    this.#board = board;
    this.#filter = filter;
    this.#readPage = readPage ?? ((cursor) => call("GET", "/statuses", { query: { ...asked(filter), limit: PAGE, cursor } }));
    this.isOldestFirst = isOldestFirst;
    this.#isAfter = isOldestFirst ? isLater : (/** @type {Status} */ one, /** @type {Status} */ other) => isLater(other, one);
    this.#stop = board.onChange((changes) => this.#follow(changes));
  }

  get isFiltered() {
    return Object.values(this.#filter).some(Boolean);
  }

  // Stops following the board.
  stop() {
    this.#stop();
    this.#search?.stop();
  }

  clear() {
    this.ids = [];
    this.#known.clear();
    this.#meanwhile.clear();
    this.#found.clear();
    this.#search?.stop();
    this.#search = null;
    this.#cursor = this.#last = null;
    this.#turn += 1;
    this.state = "unread";
  }

  // Starts again with a first page.
  /** @param {Slice<Status>} page */
  begin(page) {
    this.clear();
    this.#take(page);
  }

  // Reads the next page.
  async read() {
    if (this.state === "reading" || this.state === "end") return;
    this.state = "reading";
    const turn = this.#turn;
    let page = null;
    try {
      page = await this.#readPage(this.#cursor);
    } catch (error) {
      this.error = error;
    }
    if (turn !== this.#turn) return;
    if (page) this.#tell({ read: this.#take(page) });
    else this.state = "failed";
    // These changed while the page was loading, so it may be older.
    const ids = this.#meanwhile;
    this.#meanwhile = new Set();
    this.#consider(ids);
  }

  /** @param {{ read?: number[], added?: number[], removed?: number[] }} changes */
  #tell({ read = [], added = [], removed = [] }) {
    if (read.length || added.length || removed.length) this.listener({ read, added, removed });
  }

  // Returns where the words of the search are in a status, as far as the board has said it of this text.
  /** @param {Status} status @returns {[number, number][]} */
  matchesIn(status) {
    const found = this.#found.get(status.id);
    return (found?.message === status.message && found.matches) || [];
  }

  /** @param {Status[]} items */
  #note(items) {
    if (this.#filter.q) for (const status of items) this.#found.set(status.id, status);
  }

  /** @param {Slice<Status>} page */
  #take({ items, next_cursor: cursor }) {
    this.#note(items);
    for (const status of items) this.#board.learn(status);
    const known = this.#statuses(items.map(({ id }) => id));
    const fresh = known.filter((status) => this.#fits(status) && !this.#known.has(status.id));
    for (const status of fresh) {
      this.#known.set(status.id, status);
      this.ids.push(status.id);
    }
    this.#last = items.at(-1) ?? this.#last;
    this.#cursor = cursor;
    this.state = cursor ? "more" : "end";
    return fresh.map(({ id }) => id);
  }

  /** @param {BoardChanges} changes */
  #follow({ reset, posted, edited, deleted }) {
    if (reset) return this.isFiltered && this.clear();
    this.#tell({ removed: [...deleted].filter((id) => this.#remove(id)) });
    const changed = [...new Set([...posted, ...edited])];
    if (this.state === "reading") for (const id of changed) this.#meanwhile.add(id);
    else this.#consider(changed);
  }

  /** @param {Iterable<number>} ids */
  #statuses(ids) {
    return [...ids].map((id) => this.#board.statuses.get(id)).filter((status) => status !== undefined);
  }

  // Adds the statuses that match now, and removes those that no longer do.
  /** @param {Iterable<number>} ids */
  #consider(ids) {
    const fitting = new Set([...ids].filter((id) => this.#fits(this.#board.statuses.get(id))));
    if (!this.#filter.q) return this.#sort(ids, fitting);
    this.#sort([...ids].filter((id) => !fitting.has(id)), fitting);
    const search = (this.#search ??= new Search(asked(this.#filter), (those, found) => {
      this.#note(found);
      this.#sort(those, new Set(found.map(({ id }) => id)));
    }));
    for (const status of this.#statuses(fitting)) {
      if (this.#known.has(status.id) || this.#isRead(status)) search.ask(status);
    }
  }

  /** @param {Iterable<number>} ids @param {Set<number>} fitting */
  #sort(ids, fitting) {
    const added = [...ids].filter((id) => fitting.has(id) && this.#add(id));
    const removed = [...ids].filter((id) => !fitting.has(id) && this.#remove(id));
    this.#tell({ added, removed });
  }

  // Adds a status at its place, if it is not here yet and does not belong to a page that is still unread.
  /** @param {number} id */
  #add(id) {
    const status = this.#board.statuses.get(id);
    if (!status || this.#known.has(id) || !this.#isRead(status)) return false;
    const isBefore = (/** @type {Status | undefined} */ other) => other !== undefined && this.#isAfter(other, status);
    const next = this.ids.findIndex((other) => isBefore(this.#known.get(other)));
    this.#known.set(id, status);
    this.ids.splice(next < 0 ? this.ids.length : next, 0, id);
    return true;
  }

  /** @param {Status} status */
  #isRead(status) {
    return this.state === "end" || (this.#last !== null && !this.#isAfter(status, this.#last));
  }

  /** @param {number} id */
  #remove(id) {
    if (!this.#known.delete(id)) return false;
    this.ids.splice(this.ids.indexOf(id), 1);
    return true;
  }

  // Whether a status matches, except for words: only the board can search.
  /** @param {Status | undefined} status */
  #fits(status) {
    if (!status) return false;
    const { author, category, references, created_at: moment } = status;
    const filter = this.#filter;
    const day = filter.day && bounds(filter.day);
    const about = filter.reference && key(filter.reference);
    return (
      (!filter.author || filter.author.toLowerCase() === author.username.toLowerCase()) &&
      (!filter.category || filter.category === category) &&
      (!about || references.some((reference) => key(reference) === about)) &&
      (!day || (new Date(moment) >= new Date(day.since) && new Date(moment) < new Date(day.until)))
    );
  }
}
