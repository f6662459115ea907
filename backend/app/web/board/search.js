// Which statuses some words fit is for the board to say. It is asked about those that came or changed; not once for each,
// but about all that have gathered since it was asked last.

import { everyItem } from "../api.js";
import { after } from "../dom.js";

// Seconds. Many pages hear of a status in the same moment, and need not all ask in the same.
/** @param {number} failures */
const pause = (failures) => Math.min(30, 2 ** failures) * (0.5 + Math.random() / 2);

export class Search {
  /** @type {Query} */
  #query;
  #tell;
  /** @type {Map<number, Status>} */
  #unsure = new Map();
  #isAsking = false;
  #isStopped = false;

  // `query`: the filter as the API has it. `tell(ids, fitting)` gets what was asked about, and those of it that fit.
  /** @param {Query} query @param {(ids: number[], fitting: Set<number>) => unknown} tell */
  constructor(query, tell) {
    this.#query = query;
    this.#tell = tell;
  }

  /** @param {Status} status */
  ask(status) {
    this.#unsure.set(status.id, status);
    if (!this.#isAsking) this.#go();
  }

  stop() {
    this.#isStopped = true;
  }

  async #go() {
    this.#isAsking = true;
    let failures = 0;
    while (this.#unsure.size) {
      await after(pause(failures));
      if (this.#isStopped) return;
      const asked = this.#unsure;
      this.#unsure = new Map();
      try {
        const fitting = await this.#fitting([...asked.values()]);
        if (!this.#isStopped) this.#tell([...asked.keys()], fitting);
        failures = 0;
      } catch {
        this.#unsure = new Map([...asked, ...this.#unsure]);
        failures += 1;
      }
    }
    this.#isAsking = false;
  }

  // All that fits of the time in which those were posted. A status changes in its first minutes only, so that is short.
  /** @param {Status[]} statuses @returns {Promise<Set<number>>} */
  async #fitting(statuses) {
    const moments = statuses.map(({ created_at: moment }) => Date.parse(moment));
    const since = new Date(Math.min(...moments)).toISOString();
    const until = new Date(Math.max(...moments) + 1).toISOString();
    const found = await everyItem("/statuses", { ...this.#query, since, until });
    return new Set(found.map(({ id }) => id));
  }
}
