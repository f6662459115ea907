// The account pages, which are fetched when the first of them is asked for, or once the board is on the screen: before that,
// nobody should wait for them.

import { Unreachable } from "../api.js";
import { h } from "../dom.js";
import { inWords } from "../faults.js";
import { session } from "../session.js";
import { words } from "../words.js";

const CODES = ["setup", "invite", "reset"];
const VIEWS = ["join", "members", "settings", "tokens"];

/** @type {Promise<typeof import("./views.js")> | null} */
let fetching = null;

async function fetchAnew() {
  try {
    const [views, login] = await Promise.all([import("./views.js"), import("./login.js")]);
    login.askWhenEnded();
    return views;
  } catch (error) {
    fetching = null;
    throw error;
  }
}

// Also brings what asks for a login when the session ends.
export const fetchAccount = () => (fetching ??= fetchAnew());

const reload = () => location.reload();

const unreachable = () => ({
  element: h(
    "div",
    { class: "plain", role: "status" },
    h("p", null, inWords(new Unreachable())),
    h("button", { type: "button", class: "quiet", onclick: reload }, words.feed.retry),
  ),
});

// Returns {element, title?}, or null where the address asks for something of the board's.
/** @param {URLSearchParams} asked @param {Code | null} code @returns {Promise<View | null>} */
export async function accountView(asked, code) {
  if (session.user && !CODES.includes(code?.name ?? "") && !VIEWS.includes(asked.get("view") ?? "")) return null;
  let views;
  try {
    views = await fetchAccount();
  } catch {
    return unreachable();
  }
  return views.accountView(asked, code);
}

// Fetches what asks for a login as soon as a session ends.
export function startAccount() {
  session.onChange(() => session.state === "ended" && fetchAccount().catch(() => {}));
}
