// Times in the reader's zone, in the words' language, and the one clock by which they age.

import { h } from "./dom.js";
import { words } from "./words.js";

const [first] = navigator.languages ?? [navigator.language];
// The reader's own English where that is it; elsewhere the one that counts 24 hours.
const locale = first?.startsWith(words.language) ? first : words.locale;

const format = (options) => new Intl.DateTimeFormat(locale, options);
const clock = format({ timeStyle: "short" });
const weekday = format({ weekday: "short" });
const date = format({ day: "numeric", month: "short" });
const dateAndYear = format({ day: "numeric", month: "short", year: "numeric" });
const heading = format({ weekday: "long", day: "numeric", month: "long" });
const headingAndYear = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const full = format({ dateStyle: "full", timeStyle: "short" });
const days = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const HOURS = (number) => number * HOUR;

const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
const daysBetween = (earlier, later) => Math.round((midnight(later) - midnight(earlier)) / (24 * HOUR));

export const atClock = (moment) => clock.format(new Date(moment));
export const absolute = (moment) => full.format(new Date(moment));

// "now", "4 min", "2 h", "yesterday 14:05", "Mon 14:05", "3 Nov", "3 Nov 2025".
export function relative(moment, now = new Date()) {
  const then = new Date(moment);
  const age = now - then;
  if (age < MINUTE) return words.time.now;
  if (age < HOUR) return words.time.minutes(Math.floor(age / MINUTE));
  const past = daysBetween(then, now);
  if (past === 0 || age < 6 * HOUR) return words.time.hours(Math.floor(age / HOUR));
  if (past === 1) return `${days.format(-1, "day")} ${clock.format(then)}`;
  if (past < 7) return `${weekday.format(then)} ${clock.format(then)}`;
  return (then.getFullYear() === now.getFullYear() ? date : dateAndYear).format(then);
}

const two = (number) => String(number).padStart(2, "0");

// The reader's own day of a moment, "2026-11-24".
export function day(moment) {
  const then = new Date(moment);
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
}

// From its first moment to the first of the next, as the API wants them. Null where it is no day.
export function bounds(named) {
  const [year, month, number] = named.split("-").map(Number);
  const start = new Date(year, month - 1, number);
  if (!/^\d{4}-\d\d-\d\d$/.test(named) || day(start) !== named) return null;
  return { since: start.toISOString(), until: new Date(year, month - 1, number + 1).toISOString() };
}

// "Today", "Yesterday", "Monday, 23 November".
export function dayHeading(moment, now = new Date()) {
  const then = new Date(moment);
  const past = daysBetween(then, now);
  if (past === 0 || past === 1) {
    const word = days.format(-past, "day");
    return word[0].toLocaleUpperCase(locale) + word.slice(1);
  }
  return (then.getFullYear() === now.getFullYear() ? heading : headingAndYear).format(then);
}

const zones = new Map();

// The day of a moment in somebody else's time zone. Names that this browser does not know count as UTC.
export function dayIn(zone, moment) {
  if (!zones.has(zone)) {
    try {
      zones.set(zone, new Intl.DateTimeFormat("en-CA", { timeZone: zone }));
    } catch {
      zones.set(zone, new Intl.DateTimeFormat("en-CA", { timeZone: "UTC" }));
    }
  }
  return zones.get(zone).format(new Date(moment));
}

// What the clock says in somebody else's time zone.
export function atClockIn(zone) {
  try {
    return format({ hour: "2-digit", minute: "2-digit", timeZone: zone }).format(new Date());
  } catch {
    return clock.format(new Date());
  }
}

const ticking = new Set();

// Calls the listener twice a minute, and when the page is seen again.
export const onTick = (listener) => (ticking.add(listener), () => ticking.delete(listener));

function tick() {
  const now = new Date();
  for (const element of document.querySelectorAll("time[data-age]")) {
    const text = relative(element.dateTime, now);
    if (element.textContent !== text) element.textContent = text;
  }
  for (const listener of ticking) listener(now);
}

setInterval(tick, MINUTE / 2);
document.addEventListener("visibilitychange", () => document.hidden || tick());

// A time of day, with the whole of it on hover.
export const clockTime = (moment) => h("time", { datetime: moment, title: absolute(moment) }, atClock(moment));

// The clock's time of today's moments, else the day too: "09:30", "yesterday 14:05".
export function sinceTime(moment) {
  const isToday = day(moment) === day(new Date());
  return h("time", { datetime: moment, title: absolute(moment) }, isToday ? atClock(moment) : relative(moment));
}

// An age, which the shared clock keeps right.
export const age = (moment) =>
  h("time", { datetime: moment, title: absolute(moment), "data-age": true }, relative(moment));
