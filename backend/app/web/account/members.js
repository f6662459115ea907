// The members, and what an admin can do about their accounts.

import { call, everyItem } from "../api.js";
import { focusOn, h, mount, show, spoken } from "../dom.js";
import { byName, Names } from "../names.js";
import { link } from "../router.js";
import { session } from "../session.js";
import { asking } from "./asking.js";
import { copyable, reachable } from "./copy.js";
import { invites } from "./invites.js";
import { listing, rowText } from "./parts.js";
import { words } from "./words.js";

// Shorter lists need no filter.
const WORTH_A_FILTER = 12;

let made = 0;

export function view() {
  const admin = session.me.role === "admin";
  const number = h("p", { class: "faint" });
  const inviting = admin && invites();
  const filter = filterBox();
  const names = new Names();
  const list = listing({ load, row, empty: words.members.empty, label: words.members.title });

  async function load() {
    /** @type {User[]} */
    const members = (await everyItem("/users")).sort(byName());
    for (const member of members) names.set(member);
    // A single member probably wants to invite others.
    if (inviting && members.length === 1) inviting.open = true;
    number.textContent = words.members.number(members.length);
    filter.clear();
    filter.element.hidden = members.length < WORTH_A_FILTER;
    return members;
  }

  /** @param {User} member */
  function row(member) {
    const place = h("div", { class: "member" });
    showMember(place, member, { admin, names });
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

// A box that filters the members by name or username.
function filterBox() {
  const id = `filter-${++made}`;
  /** @type {{ place: HTMLElement, text: string }[]} */
  const rows = [];
  const none = h("p", { class: "faint", role: "status" });
  const input = h("input", { id, type: "search", autocomplete: "off", oninput: apply });

  function apply() {
    const wanted = input.value.trim().toLowerCase();
    let found = 0;
    for (const { place, text } of rows) {
      const fits = text.includes(wanted);
      place.closest("li")?.toggleAttribute("hidden", !fits);
      if (fits) found += 1;
    }
    none.textContent = found ? "" : words.members.none;
  }

  return {
    element: h("div", { class: "field", hidden: true }, h("label", { for: id }, words.members.filter), input, none),
    clear: () => (rows.length = 0),
    /** @param {HTMLElement} place @param {User} member */
    add: (place, { display_name: name, username }) => rows.push({ place, text: `${name} ${username}`.toLowerCase() }),
  };
}

const texts = words.members;

let menus = 0;

// What an admin can change. `own` is the question for one's own account, and `done` is said afterwards.
/** @type {MemberAction} */
const MAKE_ADMIN = {
  text: texts.makeAdmin,
  question: texts.makeAdminQuestion,
  changes: { role: "admin" },
  done: texts.isAdmin,
  grave: false,
};
/** @type {MemberAction} */
const MAKE_MEMBER = {
  text: texts.makeMember,
  question: texts.makeMemberQuestion,
  own: texts.makeMemberSelf,
  changes: { role: "member" },
  done: texts.isMember,
};
/** @type {MemberAction} */
const DISABLE = {
  text: texts.disable,
  question: texts.disableQuestion,
  own: texts.disableSelf,
  changes: { disabled: true },
  done: texts.isDisabled,
};
/** @type {MemberAction} */
const ENABLE = {
  text: texts.enable,
  question: texts.enableQuestion,
  changes: { disabled: false },
  done: texts.isEnabled,
  grave: false,
};

/** @param {User} member */
const isSelf = (member) => member.username === session.me.username;

// Shows a member, and again after each change.
/** @param {HTMLElement} place @param {User} member @param {Seen} seen */
function showMember(place, member, seen) {
  const marks = [member.role === "admin" && texts.admin, member.disabled && texts.disabled];
  const facts = [member.username, isSelf(member) && texts.you, member.time_zone];
  mount(
    place,
    rowText(link({ person: member.username }, null, seen.names.of(member)), marks, facts),
    seen.admin && managing(place, member, seen),
  );
}

/** @param {HTMLElement} place @param {User} member @param {Seen} seen */
function managing(place, member, seen) {
  const panel = h("div", { class: "manage", id: `manage-${++menus}`, hidden: true });
  const button = h(
    "button",
    { type: "button", class: "quiet", "aria-expanded": "false", "aria-controls": panel.id, onclick: toggle },
    texts.manage,
    spoken(texts.ofMember(seen.names.of(member))),
  );

  function toggle() {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    mount(panel, panel.hidden ? null : actions(place, member, seen));
  }

  return [button, panel];
}

/** @param {HTMLElement} place @param {User} member @param {Seen} seen */
function actions(place, member, seen) {
  const name = seen.names.of(member);
  /** @param {MemberAction} what */
  const action = ({ text, question, own, changes, done, grave }) =>
    asking({
      text,
      of: texts.ofMember(name),
      question: own && isSelf(member) ? own : question(name),
      grave,
      act: () => change(place, member, changes, { done, seen }),
    });
  return [
    action(member.role === "admin" ? MAKE_MEMBER : MAKE_ADMIN),
    action(member.disabled ? ENABLE : DISABLE),
    isSelf(member) ? null : resetLink(member, name),
  ];
}

/**
 * @param {HTMLElement} place
 * @param {User} member
 * @param {object} changes
 * @param {{ done: (name: string) => string, seen: Seen }} then
 */
async function change(place, member, changes, { done, seen }) {
  const changed = await call("PATCH", `/users/${member.username}`, { body: changes });
  if (isSelf(member)) {
    await (changed.disabled ? session.logOut() : session.reload());
    return;
  }
  seen.names.set(changed);
  showMember(place, changed, seen);
  focusOn(place, "button");
  show(done(seen.names.of(changed)));
}

// A button that creates the one-time link for a new password, and shows it once.
/** @param {User} member @param {string} name */
function resetLink({ username }, name) {
  const shown = h("div", { class: "manage" });
  const act = async () => {
    const { url } = await call("POST", `/users/${username}/reset`);
    mount(
      shown,
      copyable({ label: words.members.resetLink(name), text: reachable(url) }),
      h("p", { class: "field-hint" }, words.members.resetHow),
    );
    focusOn(shown, "input");
  };
  return [
    asking({ text: words.members.reset, of: words.members.ofMember(name), question: words.members.resetQuestion(name), act, grave: false }),
    shown,
  ];
}
