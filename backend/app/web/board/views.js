// The views of the board, by address.

import { h, mount } from "../dom.js";
import { session } from "../session.js";
import { atClockIn, onTick } from "../time.js";
import { words } from "../words.js";
import { Blockers } from "./blockers.js";
import { Feed } from "./feed.js";
import { FILTERS, filterOf, filters } from "./filters.js";
import { StatusList } from "./list.js";
import { Now } from "./now.js";
import { referenceView } from "./reference.js";

/** @param {User} person */
function aboutPerson({ username, disabled, time_zone: zone }) {
  return disabled ? words.person.left(`@${username}`) : `@${username}, ${words.person.localTime(atClockIn(zone), zone)}`;
}

// The view of a person: who they are, their local time, and their statuses.
/** @param {Desk} desk @param {string} username @returns {View} */
function personView(desk, username) {
  const { board } = desk;
  const wanted = username.toLowerCase();
  const find = () => board.people().find((member) => member.username.toLowerCase() === wanted);
  const name = () => {
    const person = find();
    return person ? board.nameOf(person) : username;
  };
  const head = h("div", { class: "about" });

  const show = () => {
    const person = find();
    if (!person) board.readLeft();
    mount(
      head,
      h("h1", null, h("bdi", null, name())),
      h("p", { class: "faint" }, person ? aboutPerson(person) : words.person.gone),
    );
  };
  show();
  const feed = new Feed(desk, new StatusList(board, { author: username }), {
    heading: words.person.said,
    own: find()?.username === session.me.username,
  });
  const stops = [onTick(show), board.onChange(({ overview }) => overview && show())];
  return {
    element: h("div", { class: "column" }, head, feed.element),
    get title() {
      return name();
    },
    feed,
    stop: () => [...stops, () => feed.stop()].forEach((stop) => stop()),
  };
}

/** @param {{ stop: Stop }[]} parts */
const stopAll = (parts) => () => parts.forEach((part) => part.stop());

/** @param {Desk} desk @returns {View} */
function boardView(desk) {
  const now = new Now(desk);
  const blockers = new Blockers(desk);
  const feed = new Feed(desk, desk.board.feed);
  return {
    element: h(
      "div",
      { class: "board" },
      h("h1", { class: "spoken" }, words.shell.board),
      h("div", { class: "side" }, blockers.element, now.element),
      feed.element,
    ),
    feed,
    stop: stopAll([now, blockers, feed]),
  };
}

/** @param {Desk} desk @param {URLSearchParams} asked @returns {View} */
function feedView(desk, asked) {
  const filter = filterOf(asked);
  const isFiltered = Object.keys(filter).length > 0;
  const list = isFiltered ? new StatusList(desk.board, filter) : desk.board.feed;
  const feed = new Feed(desk, list, { own: !isFiltered });
  const finding = filters(filter, desk.board);
  return {
    element: h(
      "div",
      { class: "column" },
      h("h1", { class: "spoken" }, words.shell.feed),
      h("details", { class: "find", open: isFiltered }, h("summary", null, words.filters.heading), finding.element),
      feed.element,
    ),
    title: words.shell.feed,
    feed,
    stop: stopAll([finding, feed]),
  };
}

// Now and the blockers alone, in large type, for a screen on a wall.
/** @param {Desk} desk @returns {View} */
function wallView(desk) {
  const now = new Now(desk);
  const blockers = new Blockers(desk);
  return {
    element: h("div", { class: "wall" }, h("h1", { class: "spoken" }, words.name), blockers.element, now.element),
    stop: stopAll([now, blockers]),
  };
}

// Returns the view for an address, or null if there is none.
/** @param {URLSearchParams} asked @param {Desk} desk @returns {View | null} */
export function boardViewOf(asked, desk) {
  if (asked.has("wall")) return wallView(desk);
  const person = asked.get("person");
  const reference = asked.get("reference");
  if (person) return personView(desk, person);
  const found = FILTERS.filter((name) => asked.get(name));
  if (reference && found.length === 1 && !asked.has("view")) return referenceView(desk, reference);
  if (asked.get("view") === "feed" || found.length > 0) return feedView(desk, asked);
  return asked.has("view") ? null : boardView(desk);
}
