// The strip that says since when the connection is lost and what to do, and how much was missed once it is back.

import { now } from "../clock.js";
import { h, mount } from "../dom.js";
import { boardsOrigin } from "../faults.js";
import { atClock } from "../time.js";
import { words } from "../words.js";

// Seconds. A worker that is replaced or a laptop that changes networks is not worth a message.
const GRACE = 3;
const THANKS = 8;

/** @param {ConnectionState} state */
function text({ since, reason }) {
  if (reason === "disabled") return words.connection.disabled;
  if (reason === "origin") {
    return words.connection.origin(location.origin, boardsOrigin());
  }
  if (reason === "upgrade") return words.connection.upgrade;
  const away = words.connection.away(atClock(since ?? now()));
  return reason ? `${words.connection[reason]} ${away}` : away;
}

export class Connection {
  element = h("div", { class: "connection", role: "status", hidden: true });
  #live;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isShown = false;

  /** @param {() => Live} live */
  constructor(live) {
    this.#live = live;
  }

  /** @param {ConnectionState} state */
  update(state) {
    clearTimeout(this.#timer);
    if (state.name === "open") this.#back(state.missed);
    else if (state.name === "stopped" || this.#isShown) this.#show(state);
    else if (state.name === "away") {
      // Counted from when the connection was lost, not from the last attempt.
      const left = (state.since ?? now()) + GRACE * 1000 - now();
      this.#timer = setTimeout(() => this.#show(this.#live().state), left);
    }
  }

  /** @param {ConnectionState} state */
  #show(state) {
    this.#isShown = true;
    this.element.hidden = false;
    const again = h("button", { type: "button", class: "quiet", onclick: () => this.#live().nudge() }, words.connection.now);
    const line = text(state);
    // Announced once, not at each attempt.
    if (this.element.firstChild?.textContent !== line) mount(this.element, h("span", null, line), " ", state.name === "away" && again);
  }

  /** @param {number} missed */
  #back(missed) {
    if (!this.#isShown) return;
    this.#isShown = false;
    mount(this.element, words.connection.back(missed));
    this.#timer = setTimeout(() => {
      this.element.hidden = true;
      mount(this.element);
    }, THANKS * 1000);
  }
}
