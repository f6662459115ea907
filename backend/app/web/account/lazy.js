// Loads the account pages when the first of them is opened, or after the board is shown, so that nobody waits for them.

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

// Also loads the login dialog.
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

// Returns the account view for an address, or null if the address is for the board.
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

// Shows the login dialog as soon as a session ends.
export function startAccount() {
  session.onChange(() => session.state === "ended" && fetchAccount().catch(() => {}));
}
