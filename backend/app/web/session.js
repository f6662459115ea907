// The login. The access token is only kept in memory. The refresh cookie, which no script can read, brings the next
// one.

import { ApiError, call, credentials, Unreachable } from "./api.js";
import { kept } from "./storage.js";

// Seconds. The refresh cookie may live for only a day, and a timer of more than 2^31 ms fires at once.
const RETRY = 10;
const RENEW_WITHIN = 12 * 3600;

const isWall = () => new URLSearchParams(location.search).has("wall");

export class Session {
  // "unknown" before `begin`, then "out", "in", or "ended" if the session ended while the page was open.
  /** @type {"unknown" | "out" | "in" | "ended"} */
  state = "unknown";
  /** @type {User | null} */
  user = null;
  // The error that ended it, if there was one.
  /** @type {ApiError | null} */
  reason = null;
  // Whether this is a wall, whose API token can only read.
  readOnly = false;
  /** @type {string | null} */
  #token = null;
  #endsAt = 0;
  /** @type {Promise<string> | null} */
  #early = null;
  /** @type {Promise<string> | null} */
  #renewing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Set<(what: "state" | "user" | "token") => unknown>} */
  #listeners = new Set();

  // Gives API calls their token, and listens to logins in other tabs. If there was a login, requests the next token at
  // once, for `begin` to use.
  start() {
    credentials.token = () => this.token();
    credentials.renew = (refused) => this.renew(refused);
    window.addEventListener("storage", ({ key }) => key === "statusboard.user" && this.#otherTab());
    if (!kept.get("user") || isWall()) return;
    this.#early = this.renew();
    this.#early.catch(() => {});
  }

  // The user, for code that only runs while somebody is logged in.
  get me() {
    return /** @type {User} */ (this.user);
  }

  // Calls the listener with what has changed: "state", "user" or "token".
  /** @param {(what: "state" | "user" | "token") => unknown} listener @returns {Stop} */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Resumes the login of this browser, or uses the token that a wall was opened with. Returns the user, or null. Throws
  // Unreachable.
  /** @param {string | null} [wallToken] @returns {Promise<User | null>} */
  async begin(wallToken = null) {
    if (wallToken) kept.set("wall", wallToken);
    if (isWall() && kept.get("wall")) return this.#beginWall();
    const user = kept.get("user");
    if (!user) {
      this.#become("out");
      return null;
    }
    try {
      await (this.#early ?? this.renew());
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      return null;
    } finally {
      this.#early = null;
    }
    this.user = user;
    this.#become("in");
    this.reload().catch(() => {});
    return user;
  }

  async #beginWall() {
    this.#token = kept.get("wall");
    this.#endsAt = Infinity;
    this.readOnly = true;
    try {
      await this.reload();
    } catch (error) {
      if (error instanceof Unreachable || error.status >= 500) throw new Unreachable(error.message);
      this.#end(error);
      this.readOnly = false;
      return null;
    }
    this.#become("in");
    return this.user;
  }

  /** @param {string} username @param {string} password */
  async logIn(username, password) {
    const before = this.user?.username;
    this.#take(await call("POST", "/auth/login", { body: { username, password }, anonymous: true }));
    const user = await call("GET", "/users/me", { headers: { Authorization: `Bearer ${this.#token}` }, anonymous: true });
    kept.set("user", user);
    // If it is a different person, nothing of the previous person's board may stay on the screen.
    if (before && before !== user.username) return location.reload();
    this.#setUser(user);
    this.#become("in");
    return user;
  }

  async logOut() {
    await call("POST", "/auth/logout");
    this.#token = null;
    clearTimeout(this.#timer);
    kept.set("user", null);
    this.user = null;
    this.#become("out");
  }

  // Reads again who is logged in.
  async reload() {
    this.#setUser(await call("GET", "/users/me"));
    return this.user;
  }

  // Returns a valid access token, or null without a login.
  /** @returns {Promise<string | null>} */
  async token() {
    if (this.#token && Date.now() < this.#endsAt) return this.#token;
    if (this.state === "out") return null;
    return this.renew();
  }

  // Returns a new access token. Throws ApiError once the session has ended, and Unreachable if nobody answers.
  // `refused` is the token that was rejected: if there is already a newer one, it is returned.
  /** @param {string | null} [refused] @returns {Promise<string>} */
  async renew(refused = this.#token) {
    if (this.#token && refused !== this.#token) return this.#token;
    if (this.readOnly) throw this.#end(new ApiError(401, { code: "invalid_token" }));
    if (this.state === "ended") throw new ApiError(401, { code: "invalid_refresh_token" });
    this.#renewing ??= this.#refresh().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #refresh() {
    try {
      /** @type {AccessToken} */
      const answer = await call("POST", "/auth/refresh", { anonymous: true });
      this.#take(answer);
      return answer.access_token;
    } catch (error) {
      if (error instanceof Unreachable || error.status >= 500 || error.status === 429) throw new Unreachable(error.message);
      throw this.#end(error);
    }
  }

  /** @param {AccessToken} answer */
  #take({ access_token: token, expires_in: seconds }) {
    this.#token = token;
    // A minute before it expires, or earlier if it is short-lived.
    const margin = Math.min(60, seconds / 4);
    this.#endsAt = Date.now() + (seconds - margin) * 1000;
    this.#renewAfter(Math.min(seconds - margin, RENEW_WITHIN));
    this.#tell("token");
  }

  /** @param {number} seconds */
  #renewAfter(seconds) {
    clearTimeout(this.#timer);
    const retry = (/** @type {unknown} */ error) => error instanceof Unreachable && this.#renewAfter(RETRY);
    this.#timer = setTimeout(() => this.renew().catch(retry), seconds * 1000);
  }

  /** @param {User} user */
  #setUser(user) {
    const known = JSON.stringify(this.user);
    this.user = user;
    if (!this.readOnly) kept.set("user", user);
    if (JSON.stringify(user) !== known) this.#tell("user");
  }

  /** @param {any} error */
  #end(error) {
    this.#token = null;
    clearTimeout(this.#timer);
    kept.set(this.readOnly ? "wall" : "user", null);
    this.#become(this.user ? "ended" : "out", error);
    return error;
  }

  /** @param {Session["state"]} state @param {ApiError | null} [reason] */
  #become(state, reason = null) {
    if (this.state === state) return;
    this.state = state;
    this.reason = reason;
    this.#tell("state");
  }

  /** @param {"state" | "user" | "token"} what */
  #tell(what) {
    for (const listener of this.#listeners) listener(what);
  }

  // Another tab has logged out, or logged in as somebody else.
  #otherTab() {
    if (this.readOnly || !this.user) return;
    const other = kept.get("user");
    if (this.state === "ended") {
      if (other?.username === this.user.username) this.#refresh().then(() => this.#become("in")).catch(() => {});
    } else if (!other) this.#end(new ApiError(401, { code: "invalid_refresh_token" }));
    else if (other.username !== this.user.username) location.reload();
  }
}

export const session = new Session();
