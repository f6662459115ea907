// The live feed: one socket that resumes from the last position, and is reopened when it is lost or may be dead.

import { call, Unreachable } from "../api.js";
import { now } from "../clock.js";
import { boardsOrigin } from "../faults.js";
import { session } from "../session.js";

// Seconds.
const FIRST_PAUSE = 0.5;
const LONGEST_PAUSE = 30;
const HANDSHAKE = 10;
const QUIET = 30;
const DOUBT = 3;
const LOOK = 5;

/** @param {number} attempt @param {number} [least] */
const pause = (attempt, least = FIRST_PAUSE) => Math.random() * Math.min(LONGEST_PAUSE, least * 2 ** attempt);

// Calls `event` for each event once and in order, `reset` when the history is a different one and everything must be
// read again, and `state` when the state of the connection changes.
export class Live {
  /** @type {ConnectionState} */
  state = { name: "connecting", since: null, reason: null, missed: 0 };
  #on;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {string | null} */
  #position = null;
  /** @type {number | null} */
  #seq = null;
  #attempt = 0;
  #unheard = 0;
  #gaps = 0;
  #missed = 0;
  #heard = 0;
  #looked = Date.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #turn = 0;

  /**
   * @param {{ event: (event: LiveEvent) => unknown, reset: () => unknown, state: (state: ConnectionState) => unknown }} on
   */
  constructor(on) {
    this.#on = on;
  }

  // Follows the board from a position, until it is stopped.
  /** @param {string | null} position */
  start(position) {
    this.#position = position;
    const nudge = () => void (document.hidden || this.nudge());
    const leave = () => this.#drop();
    /** @type {[EventTarget, string, () => void][]} */
    const listeners = [
      [window, "online", nudge],
      [window, "pageshow", nudge],
      [window, "pagehide", leave],
      [document, "visibilitychange", nudge],
      [document, "resume", nudge],
    ];
    for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
    const looking = setInterval(() => this.#look(), LOOK * 1000);
    const quit = session.onChange((what) => this.#sessionChanged(what));
    this.stop = () => {
      for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
      clearInterval(looking);
      quit();
      this.#drop();
    };
    this.#connect();
  }

  stop() {}

  // Called when the network may have changed or come back, or when the page is visible again.
  nudge() {
    if (this.state.name === "stopped") return;
    if (!this.#socket) this.#connect();
    else if (this.state.name === "open") this.#check();
  }

  /** @param {ConnectionState["name"]} name @param {ConnectionState["reason"]} [reason] */
  #become(name, reason = null) {
    const since = name === "open" ? null : this.state.since ?? (name === "connecting" ? null : now());
    this.state = { name, since, reason, missed: this.#missed };
    this.#on.state(this.state);
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** @param {string} what */
  #sessionChanged(what) {
    if (what === "token" && this.state.name === "open") session.token().then((token) => this.#authenticate(token), () => {});
    if (what === "state" && session.state === "in") this.#connect();
  }

  /** @param {string | null} token @param {string | null} [after] */
  #authenticate(token, after) {
    this.#socket?.send(JSON.stringify({ type: "auth", token, ...(after && { after }) }));
  }

  async #connect() {
    this.#drop();
    const turn = this.#turn;
    let token;
    try {
      token = await session.token();
    } catch {
      if (turn === this.#turn) this.#lost(pause(this.#attempt++));
      return;
    }
    if (turn !== this.#turn) return;
    const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/api/v1/live`);
    this.#socket = socket;
    this.#missed = 0;
    this.#timer = setTimeout(() => this.#lost(pause(this.#attempt++)), HANDSHAKE * 1000);
    socket.onopen = () => socket === this.#socket && this.#authenticate(token, this.#position);
    socket.onmessage = ({ data }) => socket === this.#socket && this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
  }

  /** @param {LiveMessage} message */
  #take(message) {
    this.#heard = performance.now();
    if (message.type === "reset") this.#seq = null;
    else if (message.type === "snapshot") this.#begin(message);
    else if (message.type === "event") this.#event(message);
    else if (message.type === "ready") this.#ready(message);
  }

  /** @param {{ seq: number, position: string }} message */
  #begin({ seq, position }) {
    this.#seq = seq;
    this.#position = position;
    this.#on.reset();
  }

  /** @param {LiveEvent} event */
  #event(event) {
    if (this.#seq !== null && event.seq !== this.#seq + 1) return this.#gap();
    this.#seq = event.seq;
    this.#position = event.position;
    this.#missed += 1;
    this.#on.event(event);
  }

  /** @param {{ seq: number, position: string }} message */
  #ready({ seq, position }) {
    if (this.#seq !== null && seq !== this.#seq) return this.#gap();
    clearTimeout(this.#timer);
    this.#seq = seq;
    this.#position = position;
    this.#attempt = this.#unheard = this.#gaps = 0;
    this.#become("open");
  }

  // A bug in the board. After the first gap, resumes from before it; after the second, starts from scratch.
  #gap() {
    this.#gaps += 1;
    if (this.#gaps > 1) this.#seq = this.#position = null;
    this.#lost(pause(this.#attempt++));
  }

  /** @param {number} code */
  #closed(code) {
    const spoke = this.state.name === "open" || this.#heard > 0;
    if (code === 4403) return this.#end("disabled");
    if (code === 4401) return this.#renew();
    if (code === 4400) this.#seq = this.#position = null;
    if (code === 1012) return this.#lost(Math.random() * 5, "restarting");
    if (code === 1013) return this.#lost(pause(this.#attempt++, 4), "full");
    if (code === 1006 && !spoke) this.#unheard += 1;
    const reason = this.#unheard > 1 ? this.state.reason : null;
    this.#lost(pause(this.#attempt++), reason);
    if (this.#unheard > 1) this.#ask();
  }

  /** @param {ConnectionState["reason"]} reason */
  #end(reason) {
    this.#drop();
    this.#become("stopped", reason);
  }

  async #renew() {
    this.#drop();
    const turn = this.#turn;
    const first = this.#attempt++ === 0;
    await session.renew().catch(() => {});
    if (turn === this.#turn) this.#lost(first ? 0 : pause(this.#attempt));
  }

  /** @param {number} seconds @param {ConnectionState["reason"]} [reason] */
  #lost(seconds, reason = null) {
    this.#drop();
    this.#heard = 0;
    this.#timer = setTimeout(() => this.#connect(), seconds * 1000);
    this.#become("away", reason);
  }

  // A page can't see why a handshake was refused. If the board answers otherwise, the reason is the page's origin, or a
  // proxy that doesn't let WebSockets through.
  async #ask() {
    try {
      await call("GET", "/ready", { anonymous: true, patience: 5 });
    } catch (error) {
      return error instanceof Unreachable || this.#become("away", "full");
    }
    if (this.state.name !== "away") return;
    const own = boardsOrigin();
    this.#become("away", own && own !== location.origin ? "origin" : "upgrade");
  }

  #look() {
    // The computer slept or its clock was set. The page's own clock stands still during sleep in some browsers.
    const jumped = Math.abs(Date.now() - this.#looked) > 4 * LOOK * 1000;
    this.#looked = Date.now();
    if (jumped) this.nudge();
    else if (this.state.name === "open" && performance.now() - this.#heard > QUIET * 1000) this.#check();
  }

  // Scripts can't see the server's pings, and a dead network sends nothing. So this asks the board for its position. If
  // the board is ahead and nothing arrives, the socket is dead.
  async #check() {
    const turn = this.#turn;
    const before = this.#heard;
    this.#heard = performance.now();
    const mark = this.#heard;
    let position = null;
    try {
      ({ position } = await call("GET", "/statuses", { query: { limit: 1 }, patience: DOUBT }));
    } catch (error) {
      if (!(error instanceof Unreachable)) return;
    }
    if (turn !== this.#turn || this.state.name !== "open") return;
    if (position === this.#position || (position && this.#heard !== mark)) return;
    if (!position) return this.#lost(0);
    setTimeout(() => turn === this.#turn && this.#heard === mark && this.#lost(0), DOUBT * 1000);
  }
}
