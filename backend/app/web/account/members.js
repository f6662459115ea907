// Who belongs to the board; for admins with what they may do about it, and the invites.

import { h } from "../dom.js";
import { session } from "../session.js";
import { invites } from "./invites.js";
import { everyItem, listing } from "./listing.js";
import { showMember } from "./member.js";
import { words } from "./words.js";

// Fewer are seen at a glance.
const WORTH_A_FILTER = 12;

let made = 0;

const byName = (one, other) => one.display_name.localeCompare(other.display_name);

export function view() {
  const admin = session.user.role === "admin";
  const number = h("p", { class: "faint" });
  const inviting = admin && invites();
  const filter = filterBox();
  const list = listing({ load, row, empty: words.members.empty, label: words.members.title });

  async function load() {
    const members = (await everyItem("/users")).sort(byName);
    // Whoever is alone wants company.
    if (inviting && members.length === 1) inviting.open = true;
    number.textContent = words.members.number(members.length);
    filter.clear();
    filter.element.hidden = members.length < WORTH_A_FILTER;
    return members;
  }

  function row(member) {
    const place = h("div", { class: "member" });
    showMember(place, member, admin);
    filter.add(place, member);
    return place;
  }

  return h(
    "div",
    { class: "sheet" },
    h("h1", null, words.members.title),
    inviting,
    number,
    filter.element,
    list.element,
  );
}

// A box that leaves those members on the page whose name or username has what was typed.
function filterBox() {
  const id = `filter-${++made}`;
  const rows = [];
  const none = h("p", { class: "faint", role: "status" });
  const input = h("input", { id, type: "search", autocomplete: "off", oninput: apply });

  function apply() {
    const wanted = input.value.trim().toLowerCase();
    let found = 0;
    for (const { place, text } of rows) {
      const fits = text.includes(wanted);
      place.closest("li").hidden = !fits;
      found += fits;
    }
    none.textContent = found ? "" : words.members.none;
  }

  return {
    element: h("div", { class: "field", hidden: true }, h("label", { for: id }, words.members.filter), input, none),
    clear: () => (rows.length = 0),
    add: (place, { display_name: name, username }) => rows.push({ place, text: `${name} ${username}`.toLowerCase() }),
  };
}
