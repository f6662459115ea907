// Posts that are not confirmed yet. They are sent in order, each with a key that makes it safe to repeat, and kept in
// this tab over reloads and the end of a session. Only the answer to its own request removes one, since two statuses
// may say the same.

import { call, Unreachable } from "../api.js";
import { now } from "../clock.js";
import { session } from "../session.js";
import { tab } from "../storage.js";
import { words } from "../words.js";

const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 30;
// The board remembers a key for 24 hours. If the answer was lost, a repeat after that would be stored as a second
// status.
const KEY_LIFETIME = 23 * 3600 * 1000;

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// The board is unreachable or busy, or needs a login first. The post can be sent later.
/** @param {any} error */
const isForLater = (error) => error instanceof Unreachable || error.status >= 500 || [401, 408, 429].includes(error.status);

// A post whose request was under way when the page was closed is sent again.
/** @param {OutboxItem} item */
const unsent = (item) => (item.state === "sending" ? { ...item, state: "waiting" } : item);

export class Outbox {
  /** @type {OutboxItem[]} */
  items = (tab.get("outbox") ?? []).map(unsent);
  #board;
  /** @type {Set<() => unknown>} */
  #listeners = new Set();
  #isFlushing = false;
  // The item that is being sent, and whether the feed has shown a status of mine since then.
  /** @type {OutboxItem | null} */
  #sending = null;
  #isTold = false;
  // The ids of the statuses that were posted from here.
  /** @type {Set<number>} */
  #posted = new Set();
  #pause = FIRST_PAUSE;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Pick<BoardStore, "statuses" | "apply" | "onChange">} board */
  constructor(board) {
    this.#board = board;
    board.onChange(({ posted }) => this.#heard(posted));
    session.onChange((what) => what === "state" && session.state === "in" && this.flush());
    window.addEventListener("online", () => this.flush());
    // They are only kept in this tab, and lost with it.
    window.addEventListener("beforeunload", (event) => this.mine().some(({ state }) => state === "waiting") && event.preventDefault());
  }

  /** @param {() => unknown} listener @returns {Stop} */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // The posts of the person who is logged in. Posts of others wait for them.
  mine() {
    return this.items.filter(({ username }) => username === session.user?.username);
  }

  // My posts that the feed does not show yet.
  unseen() {
    return this.mine().filter((item) => item !== this.#sending || !this.#isTold);
  }

  /** @param {string} message @param {Category} category */
  post(message, category) {
    const { username } = session.me;
    this.items.push({ key: newKey(), username, message, category, created_at: new Date(now()).toISOString(), state: "waiting" });
    this.#changed();
    this.flush();
  }

  /** @param {OutboxItem} item */
  remove(item) {
    this.items = this.items.filter(({ key }) => key !== item.key);
    this.#changed();
  }

  // Sends everything that waits, one at a time, so that it is posted in the order it was written.
  async flush() {
    clearTimeout(this.#timer);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      let item;
      while (session.state === "in" && (item = this.mine().find(({ state }) => state !== "refused"))) {
        if (!(await this.#send(item))) break;
      }
    } finally {
      this.#isFlushing = false;
    }
  }

  // Returns whether the next one may be sent.
  /** @param {OutboxItem} item */
  async #send(item) {
    if (now() - Date.parse(item.created_at) > KEY_LIFETIME) return this.#refuse(item, words.composer.late);
    item.state = "sending";
    this.#sending = item;
    this.#isTold = false;
    this.#changed();
    const body = { message: item.message, category: item.category };
    try {
      this.#answered(item, await call("POST", "/statuses", { body, headers: { "Idempotency-Key": item.key } }));
      return true;
    } catch (error) {
      return this.#failed(item, error);
    }
  }

  /** @param {OutboxItem} item @param {Status} status */
  #answered(item, status) {
    this.#sending = null;
    this.#pause = FIRST_PAUSE;
    this.#posted.add(status.id);
    this.remove(item);
    this.#board.apply({ kind: "status.posted", data: status });
  }

  /** @param {OutboxItem} item @param {any} error */
  #failed(item, error) {
    this.#sending = null;
    if (isForLater(error)) {
      item.state = "waiting";
      this.#timer = setTimeout(() => this.flush(), this.#pause * (0.5 + Math.random()) * 1000);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
      this.#changed();
      return false;
    }
    // It was posted, and has been deleted since.
    if (error.code === "status_not_found") this.remove(item);
    else this.#refuse(item, error.errors?.[0]?.msg ?? error.detail);
    return true;
  }

  // Leaves it to its author, and lets the next one be sent.
  /** @param {OutboxItem} item @param {string} reason */
  #refuse(item, reason) {
    Object.assign(item, { state: "refused", reason });
    this.#changed();
    return true;
  }

  // The feed may show a status before its answer arrives, and it would then be visible twice. So if a status of mine
  // that no answer has announced arrives while something is being sent, the item being sent is hidden. It stays here
  // until it is answered.
  /** @param {number[]} posted */
  #heard(posted) {
    if (!this.#sending || this.#isTold) return;
    const { username } = this.#sending;
    const isMine = (/** @type {number} */ id) => this.#board.statuses.get(id)?.author.username === username;
    this.#isTold = posted.some((id) => !this.#posted.has(id) && isMine(id));
    if (this.#isTold) this.#changed();
  }

  #changed() {
    tab.set("outbox", this.items.length ? this.items : null);
    for (const listener of [...this.#listeners]) listener();
  }
}
