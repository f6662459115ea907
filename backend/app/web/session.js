// The login. The access token lives in memory only; the refresh cookie, which no script can see, brings the next one.

import { ApiError, call, credentials, Unreachable } from "./api.js";
import { code } from "./router.js";
import { kept } from "./storage.js";

// Seconds. The refresh cookie may live for no more than a day, and a timer of more than 2^31 ms fires at once.
const RETRY = 10;
const RENEW_WITHIN = 12 * 3600;

let token = null;
let endsAt = 0;
let renewing = null;
let timer;
const listeners = new Set();

export const session = {
  // "unknown" until begun, then "out", "in", or "ended": it was there, and is over while the page is open.
  state: "unknown",
  user: null,
  // The board's error with which it ended, if there was one.
  reason: null,
  // A wall's own API token, which can only read.
  readOnly: false,

  begin,
  logIn,
  logOut,
  token: freshToken,
  renew,
  reload,
  // The listener gets "state", "user" or "token": what has changed.
  onChange: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
};

function tell(what) {
  for (const listener of listeners) listener(what);
}

function become(state, reason = null) {
  if (session.state === state) return;
  Object.assign(session, { state, reason });
  tell("state");
}

function setUser(user) {
  const known = JSON.stringify(session.user);
  session.user = user;
  if (!session.readOnly) kept.set("user", user);
  if (JSON.stringify(user) !== known) tell("user");
}

function take(answer) {
  token = answer.access_token;
  // A minute before its end, or sooner where it is short-lived.
  const margin = Math.min(60, answer.expires_in / 4);
  endsAt = Date.now() + (answer.expires_in - margin) * 1000;
  schedule(Math.min(answer.expires_in - margin, RENEW_WITHIN));
  tell("token");
}

function schedule(seconds) {
  clearTimeout(timer);
  timer = setTimeout(() => renew().catch((error) => error instanceof Unreachable && schedule(RETRY)), seconds * 1000);
}

async function freshToken() {
  if (token && Date.now() < endsAt) return token;
  if (session.state === "out") return null;
  return renew();
}

// Returns a new access token, or throws: ApiError once the session has ended, Unreachable where nobody answers.
// `refused` is the token that was found to be no good; where there is a newer one already, that is the answer.
function renew(refused = token) {
  if (refused !== token && token) return Promise.resolve(token);
  if (session.readOnly) return Promise.reject(end(new ApiError(401, { code: "invalid_token" })));
  if (session.state === "ended") return Promise.reject(new ApiError(401, { code: "invalid_refresh_token" }));
  renewing ??= refresh().finally(() => (renewing = null));
  return renewing;
}

async function refresh() {
  try {
    take(await call("POST", "/auth/refresh", { anonymous: true }));
    return token;
  } catch (error) {
    if (error instanceof Unreachable || error.status >= 500 || error.status === 429) throw new Unreachable(error.message);
    throw end(error);
  }
}

function end(error) {
  token = null;
  clearTimeout(timer);
  kept.set(session.readOnly ? "wall" : "user", null);
  become(session.user ? "ended" : "out", error);
  return error;
}

async function reload() {
  setUser(await call("GET", "/users/me"));
  return session.user;
}

const isWall = () => new URLSearchParams(location.search).has("wall");

// Takes up the login that the browser has, and returns its user or null. Throws Unreachable.
async function begin() {
  if (code?.name === "token") kept.set("wall", code.value);
  if (isWall() && kept.get("wall")) return beginWall();
  const user = kept.get("user");
  if (!user) {
    become("out");
    return null;
  }
  try {
    await (first ?? renew());
  } catch (error) {
    if (error instanceof Unreachable) throw error;
    return null;
  } finally {
    first = null;
  }
  session.user = user;
  become("in");
  reload().catch(() => {});
  return user;
}

async function beginWall() {
  token = kept.get("wall");
  endsAt = Infinity;
  session.readOnly = true;
  try {
    await reload();
  } catch (error) {
    if (error instanceof Unreachable || error.status >= 500) throw new Unreachable(error.message);
    end(error);
    session.readOnly = false;
    return null;
  }
  become("in");
  return session.user;
}

export async function logIn(username, password) {
  const before = session.user?.username;
  take(await call("POST", "/auth/login", { body: { username, password }, anonymous: true }));
  const user = await call("GET", "/users/me", { headers: { Authorization: `Bearer ${token}` }, anonymous: true });
  kept.set("user", user);
  // Somebody else's board is another board: nothing of the one before may stay on the screen.
  if (before && before !== user.username) return location.reload();
  setUser(user);
  become("in");
  return user;
}

export async function logOut() {
  await call("POST", "/auth/logout");
  token = null;
  clearTimeout(timer);
  kept.set("user", null);
  session.user = null;
  become("out");
}

Object.assign(credentials, { token: freshToken, renew });

// Asked for while the page's other modules are still on their way; `begin` takes it from there.
let first = kept.get("user") && !isWall() ? renew() : null;
first?.catch(() => {});

// Another tab has logged out, or in as somebody else.
window.addEventListener("storage", (event) => {
  if (event.key !== "statusboard.user" || session.readOnly || !session.user) return;
  const other = kept.get("user");
  if (session.state === "ended") {
    if (other?.username === session.user.username) refresh().then(() => become("in")).catch(() => {});
  } else if (!other) end(new ApiError(401, { code: "invalid_refresh_token" }));
  else if (other.username !== session.user.username) location.reload();
});
