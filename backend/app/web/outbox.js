// What was posted and is not confirmed yet: sent in order, each with a key that makes it safe to send again, and kept in
// this tab over reloads and the end of a session.

import { call, Unreachable } from "./api.js";
import { session } from "./session.js";
import { tab } from "./storage.js";

const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 30;

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// The board is away, busy or wants a login first: later is another matter.
const isForLater = (error) => error instanceof Unreachable || error.status >= 500 || [401, 408, 429].includes(error.status);

export class Outbox {
  // {key, username, message, category, created_at, state: "sending" | "waiting" | "refused", reason}
  items = (tab.get("outbox") ?? []).map((item) => (item.state === "sending" ? { ...item, state: "waiting" } : item));
  #board;
  #listeners = new Set();
  #sending = false;
  #pause = FIRST_PAUSE;
  #timer;

  constructor(board) {
    this.#board = board;
    board.onChange(({ posted }) => posted.forEach((id) => this.#recognise(board.statuses.get(id))));
    session.onChange((what) => what === "state" && session.state === "in" && this.flush());
    window.addEventListener("online", () => this.flush());
    // They are kept in this tab, and go with it.
    window.addEventListener("beforeunload", (event) => this.mine().some(({ state }) => state === "waiting") && event.preventDefault());
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Those of whoever is logged in; the others' wait for them.
  mine() {
    return this.items.filter(({ username }) => username === session.user?.username);
  }

  post(message, category) {
    const { username } = session.user;
    const item = { key: newKey(), username, message, category, created_at: new Date().toISOString(), state: "sending" };
    this.items.push(item);
    this.#changed();
    this.flush();
  }

  remove(item) {
    this.items = this.items.filter(({ key }) => key !== item.key);
    this.#changed();
  }

  // Sends all that waits. One at a time, so that they stand in the order in which they were written.
  async flush() {
    clearTimeout(this.#timer);
    if (this.#sending) return;
    this.#sending = true;
    let item;
    while (session.state === "in" && (item = this.mine().find(({ state }) => state !== "refused"))) {
      if (!(await this.#send(item))) break;
    }
    this.#sending = false;
  }

  async #send(item) {
    try {
      const body = { message: item.message, category: item.category };
      const status = await call("POST", "/statuses", { body, headers: { "Idempotency-Key": item.key } });
      this.#pause = FIRST_PAUSE;
      this.remove(item);
      this.#board.apply({ kind: "status.posted", data: status });
      return true;
    } catch (error) {
      return this.#failed(item, error);
    }
  }

  #failed(item, error) {
    if (isForLater(error)) {
      item.state = "waiting";
      this.#timer = setTimeout(() => this.flush(), this.#pause * (0.5 + Math.random()) * 1000);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
      this.#changed();
      return false;
    }
    // It was posted, and deleted since.
    if (error.code === "status_not_found") this.remove(item);
    else Object.assign(item, { state: "refused", reason: error.errors?.[0]?.msg ?? error.detail });
    this.#changed();
    return true;
  }

  // The feed may tell of it before the answer does.
  #recognise(status) {
    if (status?.author.username !== session.user?.username) return;
    const found = this.mine().find(({ message, category }) => message === status.message && category === status.category);
    if (found) this.remove(found);
  }

  #changed() {
    tab.set("outbox", this.items.length ? this.items : null);
    for (const listener of [...this.#listeners]) listener();
  }
}
