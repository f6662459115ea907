// My sessions: where I am logged in, and how to end that.

import { call, everyItem } from "../api.js";
import { h, show } from "../dom.js";
import { asking } from "./asking.js";
import { listing, rowText, section, when } from "./parts.js";
import { words } from "./words.js";
/** @param {LoginSession} session */
const end = ({ id }) => call("DELETE", `/auth/sessions/${id}`);

export function sessions() {
  const ending = h("div");
  const list = listing({ load, row, empty: words.sessions.empty, label: words.sessions.title });
  const part = section(words.sessions.title, h("p", { class: "faint" }, words.sessions.text), list.element, ending);

  /** @returns {Promise<LoginSession[]>} */
  async function load() {
    /** @type {LoginSession[]} */
    const all = await everyItem("/auth/sessions");
    const others = all.filter((each) => !each.current);
    ending.replaceChildren(...(others.length > 1 ? [endOthers(others)] : []));
    return [...all.filter((each) => each.current), ...others];
  }

  /** @param {string} message */
  async function ended(message) {
    await list.reload();
    part.focus();
    show(message);
  }

  /** @param {LoginSession} each */
  function row(each) {
    const browser = browserInWords(each.user_agent);
    const facts = [
      when(each.created_at, words.sessions.begun),
      when(each.last_used_at, words.sessions.lastUsed),
    ];
    return [
      rowText(h("span", { title: each.user_agent }, browser), [each.current && words.sessions.here], facts),
      !each.current &&
        asking({
          text: words.sessions.end,
          of: words.sessions.of(browser),
          question: words.sessions.endQuestion,
          act: async () => {
            await end(each);
            await ended(words.sessions.ended);
          },
        }),
    ];
  }

  /** @param {LoginSession[]} others */
  const endOthers = (others) =>
    asking({
      text: words.sessions.endOthers,
      question: words.sessions.endOthersQuestion(others.length),
      act: async () => {
        for (const each of others) await end(each);
        await ended(words.sessions.othersEnded(others.length));
      },
    });

  return { element: part.element, reload: list.reload };
}

// The browser of a session, as far as its user agent tells.

// The first match counts, since most browsers also claim to be those below them.
/** @type {[RegExp, string][]} */
const BROWSERS = [
  [/\bEdgA?\b|\bEdgiOS\b/, "Edge"],
  [/\bOPR\b|\bOpera\b/, "Opera"],
  [/\bSamsungBrowser\b/, "Samsung Internet"],
  [/\bFirefox\b|\bFxiOS\b/, "Firefox"],
  [/\bHeadlessChrome\b|\bChromium\b|\bChrome\b|\bCriOS\b/, "Chrome"],
  [/\bSafari\b/, "Safari"],
];
/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
  [/\bLinux\b|\bX11\b/, "Linux"],
];

/** @param {[RegExp, string][]} table @param {string} text */
const first = (table, text) => table.find(([pattern]) => pattern.test(text))?.[1];

/** @param {string} userAgent */
export function browserInWords(userAgent) {
  const browser = first(BROWSERS, userAgent);
  if (browser) return words.sessions.browserOn(browser, first(SYSTEMS, userAgent));
  return userAgent.split(" ")[0].slice(0, 40) || words.sessions.unknown;
}
