// The account pages, by address.

import { session } from "../session.js";
import { joining, resetting } from "./codes.js";
import { view as login } from "./login.js";
import { view as members } from "./members.js";
import { view as settings } from "./settings.js";
import { view as tokens } from "./tokens.js";
import { words } from "./words.js";

/** @type {Map<string | null, () => HTMLElement>} */
const VIEWS = new Map(Object.entries({ settings, tokens, members }));

// Returns the account view for an address and the one-time code that came with it, or null if the address is for the
// board. Without a login, every address shows the login form.
/** @param {URLSearchParams} asked @param {Code | null} code @returns {View | null} */
export function accountView(asked, code) {
  const element = elementOf(asked, code);
  return element && { element, title: element.querySelector("h1")?.textContent ?? "" };
}

/** @param {URLSearchParams} asked @param {Code | null} code */
function elementOf(asked, code) {
  if (code?.name === "reset") return resetting(code);
  if (code?.name === "setup" || code?.name === "invite") return joining(code);
  if (asked.get("view") === "join") return joining();
  if (!session.user) return login(asked.has("wall") ? { said: words.wall.noToken } : {});
  return VIEWS.get(asked.get("view"))?.() ?? null;
}
