// Parts of the account pages: sections, lists and their rows, times, and things that are shown once.

import { now } from "../clock.js";
import { h, mount } from "../dom.js";
import { inWords } from "../faults.js";
import { absolute, distance } from "../time.js";
import { words } from "./words.js";
// A section with a heading. The heading gets the focus when the element that had it is gone.
let sections = 0;

/** @param {string} title @param {...Child} children */
export function section(title, ...children) {
  const id = `section-${++sections}`;
  const heading = h("h2", { id, tabindex: "-1" }, title);
  const element = h("section", { class: "part", "aria-labelledby": id }, heading, children);
  return { element, focus: () => heading.focus() };
}

// A row of a list: a name, marks next to it, and a line of facts.
/** @param {Child} name @param {Child[]} marks @param {Child[]} facts */
export const rowText = (name, marks, facts) =>
  h(
    "div",
    { class: "row-text" },
    h("b", null, name),
    marks.filter(Boolean).map((mark) => h("span", { class: "mark" }, mark)),
    h("small", null, facts.filter(Boolean).map((fact, index) => (index ? [" · ", fact] : fact))),
  );

// A list that is loading, empty, failed or there. `load()` returns the items, and `row(item)` the content of one.
// `reload()` loads them again, and keeps the old ones on the screen in the meantime.
/**
 * @template Item
 * @param {{ load: () => Promise<Item[]>, row: (item: Item) => Child, empty: string, label: string }} options
 */
export function listing({ load, row, empty, label }) {
  const place = h("div", { class: "listing" }, h("p", { class: "faint" }, words.listing.coming));

  async function reload() {
    try {
      const items = await load();
      place.replaceChildren(
        items.length
          ? h("ul", { class: "rows", "aria-label": label }, items.map((item) => h("li", null, row(item))))
          : h("p", { class: "faint" }, empty),
      );
    } catch (error) {
      place.replaceChildren(
        h("p", { class: "problem", role: "alert" }, inWords(error)),
        h("button", { type: "button", class: "quiet", onclick: reload }, words.listing.again),
      );
    }
  }

  reload();
  return { element: place, reload };
}

// The distance of a moment in words: "3 hours ago", "in 7 days".
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
// The first unit that the distance reaches is used.
/** @type {[Intl.RelativeTimeFormatUnit, number, number][]} */
const UNITS = [
  ["month", 60 * DAY, 30.44 * DAY],
  ["day", DAY, DAY],
  ["hour", HOUR, HOUR],
  ["minute", MINUTE, MINUTE],
];

/** @param {Moment} moment */
function fromNow(moment) {
  const ahead = Date.parse(moment) - now();
  const found = UNITS.find(([, from]) => Math.abs(ahead) >= from);
  return found ? distance(Math.round(ahead / found[2]), found[0], "always") : words.moments.now;
}

// Text with a distance in it, and the exact time in a tooltip.
/** @param {Moment} moment @param {(distance: string) => string} say */
export const when = (moment, say) => h("time", { datetime: moment, title: absolute(moment) }, say(fromNow(moment)));

// Something that is shown once, such as a new token. It has the focus, and stays until it is closed. `back()` then
// moves the focus on.
/** @param {HTMLElement} place @param {{ title: string, text: string, content: Child, back: () => unknown }} options */
export function once(place, { title, text, content, back }) {
  const heading = h("h2", { tabindex: "-1" }, title);
  const away = () => {
    mount(place);
    back();
  };
  mount(
    place,
    h(
      "section",
      { class: "once", "aria-label": title },
      heading,
      h("p", null, text),
      content,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: away }, words.once.done)),
    ),
  );
  heading.focus();
}
