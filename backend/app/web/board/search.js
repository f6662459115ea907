// Only the board knows which statuses match a search for words. This asks about statuses that are new or have changed:
// not about each one, but about all that have collected since the last question.

import { everyItem } from "../api.js";
import { after } from "../dom.js";

// Seconds. Many pages hear of a status at the same moment, and should not all ask at once.
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

  // `query` is the filter as the API needs it. `tell(ids, found)` gets the ids that were asked about, and the statuses
  // that match.
  /** @param {Query} query @param {(ids: number[], found: Status[]) => unknown} tell */
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

  // Returns all matches from the period in which those were posted. Statuses only change in their first minutes, so it
  // is short.
  /** @param {Status[]} statuses @returns {Promise<Status[]>} */
  async #fitting(statuses) {
    const moments = statuses.map(({ created_at: moment }) => Date.parse(moment));
    const since = new Date(Math.min(...moments)).toISOString();
    const until = new Date(Math.max(...moments) + 1).toISOString();
    return await everyItem("/statuses", { ...this.#query, since, until });
  }
}
