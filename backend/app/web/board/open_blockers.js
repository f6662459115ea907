// The open blockers: blocked statuses whose authors have posted no other category since.

import { isLater } from "./list.js";

// The most blockers that one member can have.
const MOST_EACH = 10;

/** @param {Status} one @param {Status} other */
const byAge = (one, other) => (isLater(one, other) ? 1 : -1);

export class OpenBlockers {
  /** @type {Set<number>} */
  #ids = new Set();
  #statuses;

  // `statuses` has the statuses that the page knows, by id.
  /** @param {Map<number, Status>} statuses */
  constructor(statuses) {
    this.#statuses = statuses;
  }

  // Replaces all blockers with those that the board has.
  /** @param {number[]} ids */
  begin(ids) {
    this.#ids = new Set(ids);
  }

  // Returns them, oldest first.
  all() {
    return [...this.#ids].map((id) => this.#statuses.get(id)).filter((status) => status !== undefined).sort(byAge);
  }

  // Updates the blockers for a status that was just posted.
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
