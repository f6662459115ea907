// Which statuses keep people from going on: a blocked one does until its author says something else.

import { isLater } from "./list.js";

// A member who keeps saying "blocked" has this many blockers at most.
const MOST_EACH = 10;

/** @param {Status} one @param {Status} other */
const byAge = (one, other) => (isLater(one, other) ? 1 : -1);

export class Blocked {
  /** @type {Set<number>} */
  #ids = new Set();
  #statuses;

  // `statuses`: those that the page knows, by their ids.
  /** @param {Map<number, Status>} statuses */
  constructor(statuses) {
    this.#statuses = statuses;
  }

  // Takes what the board says in the place of all that was known.
  /** @param {number[]} ids */
  begin(ids) {
    this.#ids = new Set(ids);
  }

  // The oldest first.
  all() {
    return [...this.#ids].map((id) => this.#statuses.get(id)).filter((status) => status !== undefined).sort(byAge);
  }

  // Takes in what somebody has just said.
  /** @param {Status} status */
  said(status) {
    const theirs = this.all().filter((other) => other.author.username === status.author.username);
    if (status.category === "blocked") {
      this.#ids.add(status.id);
      for (const { id } of theirs.slice(0, Math.max(0, theirs.length + 1 - MOST_EACH))) this.#ids.delete(id);
    } else {
      for (const other of theirs) if (!isLater(other, status)) this.#ids.delete(other.id);
    }
  }

  /** @param {number} id */
  delete(id) {
    this.#ids.delete(id);
  }
}
