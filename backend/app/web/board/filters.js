// The form for finding statuses, by words, person, category, reference and day. The address bar holds the filter.

import { h, mount } from "../dom.js";
import { go, link } from "../router.js";
import { words } from "../words.js";
import { CATEGORIES } from "./icons.js";

/** @type {(keyof Filter)[]} */
export const FILTERS = ["q", "author", "category", "reference", "day"];

const REFERENCE = /^[a-z\d][\w-]{0,38}\/[\w.-]{1,100}#[1-9]\d{0,8}$/i;

// Returns the filter in an address, without empty or impossible values.
/** @param {URLSearchParams} asked @returns {Filter} */
export function filterOf(asked) {
  const given = Object.fromEntries(FILTERS.map((name) => [name, asked.get(name)?.trim()]).filter(([, value]) => value));
  if (given.category && !CATEGORIES.includes(given.category)) delete given.category;
  if (given.reference && !REFERENCE.test(given.reference)) delete given.reference;
  if (given.day && !/^\d{4}-\d\d-\d\d$/.test(given.day)) delete given.day;
  if (given.author && !/^[\w-]{3,50}$/.test(given.author)) delete given.author;
  if (given.q) given.q = [...given.q].slice(0, 200).join("");
  return given;
}

/** @param {string} label @param {HTMLElement} field */
const labelled = (label, field) => h("label", null, h("span", null, label), field);

const anyOption = () => h("option", { value: "" }, words.filters.any);

/** @param {string} value @param {string} name @param {string | undefined} chosen */
const option = (value, name, chosen) => h("option", { value, selected: value.toLowerCase() === chosen?.toLowerCase() }, name);

// A choice of all members. It follows members who join or leave while it is open.
/** @param {string | undefined} chosen @param {BoardStore} board @param {() => unknown} onchange @returns {Part} */
function personField(chosen, board, onchange) {
  const element = h("select", { name: "author", onchange });
  /** @type {string | null} */
  let shown = null;
  const show = () => {
    board.readLeft();
    /** @type {(Author & { disabled?: boolean })[]} */
    const people = board.people();
    // The person in the filter stays selected, even if the page doesn't know who that is yet.
    const isKnown = people.some(({ username }) => username.toLowerCase() === chosen?.toLowerCase());
    if (chosen && !isKnown) people.push({ username: chosen, display_name: chosen });
    /** @param {Author & { disabled?: boolean }} user */
    const name = (user) => (user.disabled ? words.person.left(board.nameOf(user)) : board.nameOf(user));
    const named = people.map((user) => [user.username, name(user)]);
    const facts = JSON.stringify(named);
    if (facts === shown) return;
    shown = facts;
    const wanted = element.value || chosen;
    mount(element, anyOption(), named.map(([username, label]) => option(username, label, wanted)));
  };
  show();
  return { element, stop: board.onChange(({ overview }) => overview && show()) };
}

/** @param {Filter} filter @param {BoardStore} board @returns {Part} */
export function filters(filter, board) {
  /** @type {HTMLInputElement} */
  const reference = h("input", {
    name: "reference",
    value: filter.reference ?? "",
    placeholder: "owner/repo#12",
    autocapitalize: "off",
    spellcheck: "false",
    oninput: () => reference.setCustomValidity(""),
  });

  const person = personField(filter.author, board, apply);

  /** @param {Event} [event] */
  function apply(event) {
    event?.preventDefault();
    if (reference.value.trim() && !REFERENCE.test(reference.value.trim())) {
      reference.setCustomValidity(words.filters.badReference);
      return reference.reportValidity();
    }
    go({ view: "feed", ...Object.fromEntries(new FormData(form)) });
  }

  const form = h(
    "form",
    { class: "filters", role: "search", "aria-label": words.filters.heading, onsubmit: apply },
    labelled(words.filters.text, h("input", { name: "q", type: "search", maxlength: 200, value: filter.q ?? "" })),
    labelled(words.filters.author, person.element),
    labelled(
      words.filters.category,
      h(
        "select",
        { name: "category", onchange: apply },
        anyOption(),
        CATEGORIES.map((name) => option(name, words.category[name], filter.category)),
      ),
    ),
    labelled(words.filters.reference, reference),
    labelled(words.filters.day, h("input", { name: "day", type: "date", value: filter.day ?? "", onchange: apply })),
    h("button", null, words.filters.heading),
    Object.keys(filter).length > 0 && link({ view: "feed" }, null, words.filters.clear),
  );
  return { element: form, stop: person.stop };
}
