// Times in the reader's time zone and the language of the page's words, and the clock that updates ages.

import { now } from "./clock.js";
import { h } from "./dom.js";
import { words } from "./words.js";

// The reader's own English, or English with a 24-hour clock.
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

// The time zone and languages that the system has now. They change when a laptop travels with the page open.
export const whereabouts = () => `${new Intl.DateTimeFormat().resolvedOptions().timeZone} ${navigator.languages}`;

// Formatters are slow to create, and keep the time zone and language that they were created in.
/** @type {Record<string, any>} */
let made = {};
/** @type {string | null} */
let madeAt = null;

/** @param {string} name @param {MomentOrDate} moment @returns {string} */
const format = (name, moment) => (made[name] ??= new Intl.DateTimeFormat(locale(), FORMATS[name])).format(new Date(moment));

// "yesterday" with `numeric` "auto", "1 day ago" with "always".
/**
 * @param {number} number
 * @param {Intl.RelativeTimeFormatUnit} unit
 * @param {"auto" | "always"} numeric
 * @returns {string}
 */
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

// The day of a moment in the reader's time zone, such as "2026-11-24".
/** @param {MomentOrDate} moment */
export function day(moment) {
  const then = new Date(moment);
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
}

// The first moment of a day and of the next day, as the API needs them. Null if it is not a day.
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

// The day of a moment in somebody else's time zone. A time zone that this browser doesn't know counts as UTC.
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

// The time now in somebody else's time zone.
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

// Calls the listener twice a minute, and when the page becomes visible again.
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

// Starts the clock that keeps the ages on the page up to date.
export function startClock() {
  madeAt = whereabouts();
  setInterval(tick, MINUTE / 2);
  document.addEventListener("visibilitychange", () => document.hidden || tick());
  window.addEventListener("languagechange", tick);
}

// The time of day, with the full date in a tooltip.
/** @param {Moment} moment */
export const clockTime = (moment) => h("time", { datetime: moment, title: absolute(moment) }, atClock(moment));

// Only the time for moments of today, otherwise also the day: "09:30", "yesterday 14:05".
/** @param {Moment} moment */
export function sinceTime(moment) {
  const isToday = day(moment) === day(now());
  return h("time", { datetime: moment, title: absolute(moment) }, isToday ? atClock(moment) : relative(moment));
}

// An age, which the clock keeps up to date.
/** @param {Moment} moment */
export const age = (moment) =>
  h("time", { datetime: moment, title: absolute(moment), "data-age": true }, relative(moment));
