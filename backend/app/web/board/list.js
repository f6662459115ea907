// A list of statuses that fit a filter, the newest first or the oldest: read page by page, and kept right by what happens
// meanwhile.

import { call } from "../api.js";
import { bounds } from "../time.js";
import { key } from "./grammar.js";
import { Search } from "./search.js";

const PAGE = 50;

/** @param {Status} one @param {Status} other */
export const isLater = (one, other) =>
  one.created_at > other.created_at || (one.created_at === other.created_at && one.id > other.id);

// What the API is asked for a filter: {author, category, reference, q, day}.
/** @param {Filter} filter */
function asked({ day, ...filter }) {
  return { ...filter, ...(day && bounds(day)) };
}

export class StatusList {
  /** @type {number[]} */
  ids = [];
  // "unread", "reading", "more", "end" or "failed".
  /** @type {"unread" | "reading" | "more" | "end" | "failed"} */
  state = "unread";
  // Is told {read, added, removed}: ids that came at the end by reading, those that came otherwise, and those that went.
  /** @type {(changes: { read: number[], added: number[], removed: number[] }) => unknown} */
  listener = () => {};
  #board;
  #filter;
  #readPage;
  #isAfter;
  /** @type {string | null} */
  #cursor = null;
  // The last of the pages that were read: what comes after it is not known yet.
  /** @type {Status | null} */
  #last = null;
  /** @type {Map<number, Status>} */
  #known = new Map();
  /** @type {Set<number>} */
  #meanwhile = new Set();
  /** @type {Search | null} */
  #search = null;
  #turn = 0;
  #stop;

  // `readPage(cursor)` asks for a page, where that is not one of the API's newest statuses.
  /** @param {BoardStore} board @param {Filter} filter @param {{ readPage?: ((cursor: string | null) => Promise<Slice<Status>>) | null, isOldestFirst?: boolean }} [options] */
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

  // Follows the board no longer.
  stop() {
    this.#stop();
    this.#search?.stop();
  }

  clear() {
    this.ids = [];
    this.#known.clear();
    this.#meanwhile.clear();
    this.#search?.stop();
    this.#search = null;
    this.#cursor = this.#last = null;
    this.#turn += 1;
    this.state = "unread";
  }

  // Takes a first page, in the place of all that it had.
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
    // The page may be of a moment before these.
    const ids = this.#meanwhile;
    this.#meanwhile = new Set();
    this.#consider(ids);
  }

  /** @param {{ read?: number[], added?: number[], removed?: number[] }} changes */
  #tell({ read = [], added = [], removed = [] }) {
    if (read.length || added.length || removed.length) this.listener({ read, added, removed });
  }

  /** @param {Slice<Status>} page */
  #take({ items, next_cursor: cursor }) {
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

  // Takes in what fits now, and lets go what fits no more.
  /** @param {Iterable<number>} ids */
  #consider(ids) {
    const fitting = new Set([...ids].filter((id) => this.#fits(this.#board.statuses.get(id))));
    if (!this.#filter.q) return this.#sort(ids, fitting);
    this.#sort([...ids].filter((id) => !fitting.has(id)), fitting);
    const search = (this.#search ??= new Search(asked(this.#filter), (those, found) => this.#sort(those, found)));
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

  // Puts a status where it belongs, if it is not here yet, and not among those that are still to be read.
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

  // As far as the page can tell: which statuses the words fit is the board's to say.
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
