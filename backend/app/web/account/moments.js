// How far away a moment is, in words: "3 hours ago", "in 7 days".

import { h } from "../dom.js";
import { absolute } from "../time.js";
import { words } from "../words.js";
import { words as ours } from "./words.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
// From the first on that a distance reaches, it is counted in that unit.
const UNITS = [
  ["month", 60 * DAY, 30.44 * DAY],
  ["day", DAY, DAY],
  ["hour", HOUR, HOUR],
  ["minute", MINUTE, MINUTE],
];

const always = new Intl.RelativeTimeFormat(words.locale, { numeric: "always" });

function distance(moment) {
  const ahead = new Date(moment) - Date.now();
  const found = UNITS.find(([, from]) => Math.abs(ahead) >= from);
  return found ? always.format(Math.round(ahead / found[2]), found[0]) : ours.moments.now;
}

// What `words(distance)` makes of it, with the exact time on hover.
export const when = (moment, say) => h("time", { datetime: moment, title: absolute(moment) }, say(distance(moment)));
