// Which browser a session was begun with, in words, as far as its user agent tells.

import { words } from "./words.js";

// The first that fits counts: most of them also claim to be those below.
const BROWSERS = [
  [/\bEdgA?\b|\bEdgiOS\b/, "Edge"],
  [/\bOPR\b|\bOpera\b/, "Opera"],
  [/\bSamsungBrowser\b/, "Samsung Internet"],
  [/\bFirefox\b|\bFxiOS\b/, "Firefox"],
  [/\bHeadlessChrome\b|\bChromium\b|\bChrome\b|\bCriOS\b/, "Chrome"],
  [/\bSafari\b/, "Safari"],
];
const SYSTEMS = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
  [/\bLinux\b|\bX11\b/, "Linux"],
];

const first = (table, text) => table.find(([pattern]) => pattern.test(text))?.[1];

export function browserInWords(userAgent) {
  const browser = first(BROWSERS, userAgent);
  if (browser) return words.sessions.browserOn(browser, first(SYSTEMS, userAgent));
  return userAgent.split(" ")[0].slice(0, 40) || words.sessions.unknown;
}
