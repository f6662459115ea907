// Times in the reader's zone, in the words' language, and the one clock by which they age.

import { now } from "./clock.js";
import { h } from "./dom.js";
import { words } from "./words.js";

// The reader's own English where that is it; elsewhere the one that counts 24 hours.
function locale() {
  const [first] = navigator.languages ?? [navigator.language];
  return first?.startsWith(words.language) ? first : words.locale;
}

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const FORMATS = {
  clock: { timeStyle: "short" },
  weekday: { weekday: "short" },
  date: { day: "numeric", month: "short" },
  dateAndYear: { day: "numeric", month: "short", year: "numeric" },
  heading: { weekday: "long", day: "numeric", month: "long" },
  headingAndYear: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  full: { dateStyle: "full", timeStyle: "short" },
};

// The time zone and the languages of the system that the reader has now: a laptop travels with its page open.
export const whereabouts = () => `${new Intl.DateTimeFormat().resolvedOptions().timeZone} ${navigator.languages}`;

// Formatters cost time to make, and keep the zone and the language in which they were made.
/** @type {Record<string, any>} */
let made = {};
/** @type {string | null} */
let madeAt = null;

/** @param {string} name @param {MomentOrDate} moment @returns {string} */
const format = (name, moment) => (made[name] ??= new Intl.DateTimeFormat(locale(), FORMATS[name])).format(new Date(moment));

// "yesterday" or "1 day ago", as `numeric` says: "auto" or "always".
/** @param {number} number @param {Intl.RelativeTimeFormatUnit} unit @param {"auto" | "always"} numeric @returns {string} */
export const distance = (number, unit, numeric) =>
  (made[numeric] ??= new Intl.RelativeTimeFormat(locale(), { numeric })).format(number, unit);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** @param {number} number */
export const HOURS = (number) => number * HOUR;

/** @param {Date} moment */
const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
/** @param {Date} earlier @param {Date} later */
const daysBetween = (earlier, later) => Math.round((midnight(later).getTime() - midnight(earlier).getTime()) / (24 * HOUR));

/** @param {MomentOrDate} moment */
export const atClock = (moment) => format("clock", moment);
/** @param {MomentOrDate} moment */
export const absolute = (moment) => format("full", moment);

// "now", "4 min", "2 h", "yesterday 14:05", "Mon 14:05", "3 Nov", "3 Nov 2025".
/** @param {MomentOrDate} moment */
export function relative(moment) {
  const then = new Date(moment);
  const today = new Date(now());
  const age = today.getTime() - then.getTime();
  if (age < MINUTE) return words.time.now;
  if (age < HOUR) return words.time.minutes(Math.floor(age / MINUTE));
  const past = daysBetween(then, today);
  if (past === 0 || age < 6 * HOUR) return words.time.hours(Math.floor(age / HOUR));
  if (past === 1) return `${distance(-1, "day", "auto")} ${atClock(then)}`;
  if (past < 7) return `${format("weekday", then)} ${atClock(then)}`;
  return format(then.getFullYear() === today.getFullYear() ? "date" : "dateAndYear", then);
}

/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

// The reader's own day of a moment, "2026-11-24".
/** @param {MomentOrDate} moment */
export function day(moment) {
  const then = new Date(moment);
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
}

// From its first moment to the first of the next, as the API wants them. Null where it is no day.
/** @param {string} named */
export function bounds(named) {
  const [year, month, number] = named.split("-").map(Number);
  const start = new Date(year, month - 1, number);
  if (!/^\d{4}-\d\d-\d\d$/.test(named) || day(start) !== named) return null;
  return { since: start.toISOString(), until: new Date(year, month - 1, number + 1).toISOString() };
}

// "Today", "Yesterday", "Monday, 23 November".
/** @param {MomentOrDate} moment */
export function dayHeading(moment) {
  const then = new Date(moment);
  const today = new Date(now());
  const past = daysBetween(then, today);
  if (past === 0 || past === 1) {
    const word = distance(-past, "day", "auto");
    return word[0].toLocaleUpperCase(locale()) + word.slice(1);
  }
  return format(then.getFullYear() === today.getFullYear() ? "heading" : "headingAndYear", then);
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const zones = new Map();

// The day of a moment in somebody else's time zone. Names that this browser does not know count as UTC.
/** @param {string} zone @param {MomentOrDate} moment */
export function dayIn(zone, moment) {
  let made = zones.get(zone);
  if (!made) {
    try {
      made = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
    } catch {
      made = new Intl.DateTimeFormat("en-CA", { timeZone: "UTC" });
    }
    zones.set(zone, made);
  }
  return made.format(new Date(moment));
}

// What the clock says in somebody else's time zone.
/** @param {string} zone */
export function atClockIn(zone) {
  try {
    return new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(now());
  } catch {
    return atClock(now());
  }
}

/** @type {Set<() => unknown>} */
const ticking = new Set();

// Calls the listener twice a minute, and when the page is seen again.
/** @param {() => unknown} listener @returns {Stop} */
export const onTick = (listener) => (ticking.add(listener), () => ticking.delete(listener));

function tick() {
  const here = whereabouts();
  if (here !== madeAt) made = {};
  madeAt = here;
  for (const element of document.getElementsByTagName("time")) {
    if (!element.hasAttribute("data-age")) continue;
    const text = relative(element.dateTime);
    if (element.textContent !== text) element.textContent = text;
  }
  for (const listener of ticking) listener();
}

// Starts the clock by which ages on the page are kept right.
export function startClock() {
  madeAt = whereabouts();
  setInterval(tick, MINUTE / 2);
  document.addEventListener("visibilitychange", () => document.hidden || tick());
  window.addEventListener("languagechange", tick);
}

// A time of day, with the whole of it on hover.
/** @param {Moment} moment */
export const clockTime = (moment) => h("time", { datetime: moment, title: absolute(moment) }, atClock(moment));

// The clock's time of today's moments, else the day too: "09:30", "yesterday 14:05".
/** @param {Moment} moment */
export function sinceTime(moment) {
  const isToday = day(moment) === day(now());
  return h("time", { datetime: moment, title: absolute(moment) }, isToday ? atClock(moment) : relative(moment));
}

// An age, which the shared clock keeps right.
/** @param {Moment} moment */
export const age = (moment) =>
  h("time", { datetime: moment, title: absolute(moment), "data-age": true }, relative(moment));
