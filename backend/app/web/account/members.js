// The members, what an admin may do about their accounts, and invites.

import { call, everyItem } from "../api.js";
import { h, mount, show, spoken } from "../dom.js";
import { byName, Names } from "../names.js";
import { link } from "../router.js";
import { session } from "../session.js";
import { copyable, reachable } from "./copy.js";
import { numberField } from "./fields.js";
import { asking, form } from "./form.js";
import { listing, once, rowText, when } from "./parts.js";
import { words } from "./words.js";

// Who belongs to the board; for admins with what they may do about it, and the invites.

// Fewer are seen at a glance.
const WORTH_A_FILTER = 12;

let made = 0;

export function view() {
  const admin = session.user.role === "admin";
  const number = h("p", { class: "faint" });
  const inviting = admin && invites();
  const filter = filterBox();
  const names = new Names();
  const list = listing({ load, row, empty: words.members.empty, label: words.members.title });

  async function load() {
    const members = (await everyItem("/users")).sort(byName());
    for (const member of members) names.set(member);
    // Whoever is alone wants company.
    if (inviting && members.length === 1) inviting.open = true;
    number.textContent = words.members.number(members.length);
    filter.clear();
    filter.element.hidden = members.length < WORTH_A_FILTER;
    return members;
  }

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

// One member in the list, and what an admin may do about the account.
const texts = words.members;

let menus = 0;

// What can be changed: `own` is the question where it is one's own account, `done` what is said afterwards.
const MAKE_ADMIN = {
  text: texts.makeAdmin,
  question: texts.makeAdminQuestion,
  changes: { role: "admin" },
  done: texts.isAdmin,
  grave: false,
};
const MAKE_MEMBER = {
  text: texts.makeMember,
  question: texts.makeMemberQuestion,
  own: texts.makeMemberSelf,
  changes: { role: "member" },
  done: texts.isMember,
};
const DISABLE = {
  text: texts.disable,
  question: texts.disableQuestion,
  own: texts.disableSelf,
  changes: { disabled: true },
  done: texts.isDisabled,
};
const ENABLE = {
  text: texts.enable,
  question: texts.enableQuestion,
  changes: { disabled: false },
  done: texts.isEnabled,
  grave: false,
};

const isSelf = (member) => member.username === session.user.username;

// Shows a member in its place, and there again whenever it has changed. `seen`: {admin, names}, whether it is an admin who
// sees it, and what all are called.
function showMember(place, member, seen) {
  const marks = [member.role === "admin" && texts.admin, member.disabled && texts.disabled];
  const facts = [member.username, isSelf(member) && texts.you, member.time_zone];
  mount(
    place,
    rowText(link({ person: member.username }, null, seen.names.of(member)), marks, facts),
    seen.admin && managing(place, member, seen),
  );
}

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

function actions(place, member, seen) {
  const name = seen.names.of(member);
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

async function change(place, member, changes, { done, seen }) {
  const changed = await call("PATCH", `/users/${member.username}`, { body: changes });
  if (isSelf(member)) {
    await (changed.disabled ? session.logOut() : session.reload());
    return;
  }
  seen.names.set(changed);
  showMember(place, changed, seen);
  place.querySelector("button").focus();
  show(done(seen.names.of(changed)));
}

// The one-time link with which a member sets a new password.

// Makes one when asked to, and shows it once.
function resetLink({ username }, name) {
  const shown = h("div", { class: "manage" });
  const act = async () => {
    const { url } = await call("POST", `/users/${username}/reset`);
    mount(
      shown,
      copyable({ label: words.members.resetLink(name), text: reachable(url) }),
      h("p", { class: "field-hint" }, words.members.resetHow),
    );
    shown.querySelector("input").focus();
  };
  return [
    asking({ text: words.members.reset, of: words.members.ofMember(name), question: words.members.resetQuestion(name), act, grave: false }),
    shown,
  ];
}

// Invites, for admins: a link for people who should join.

// Folded away until it is wanted.
export function invites() {
  const place = h("div");
  const list = listing({ load: () => everyItem("/invites"), row, empty: words.invites.empty, label: words.invites.list });
  const summary = h("summary", null, words.invites.title);
  const element = h(
    "details",
    { class: "fold" },
    summary,
    h("p", { class: "faint" }, words.invites.text),
    form({
      fields: [
        numberField({ name: "uses", label: words.invites.uses, value: 1, max: 1000, wrong: words.invites.usesWrong }),
        numberField({ name: "expires_in_days", label: words.invites.days, value: 7, max: 365, wrong: words.invites.daysWrong }),
      ],
      pair: true,
      label: words.invites.submit,
      submit: words.invites.submit,
      working: words.invites.working,
      send: make,
    }),
    place,
    h("h2", null, words.invites.list),
    list.element,
  );

  async function make({ uses, expires_in_days: days }) {
    const body = { uses: Number(uses), expires_in_days: Number(days) };
    const invite = await call("POST", "/invites", { body });
    list.reload();
    once(place, {
      title: words.invites.fresh,
      text: words.invites.how(invite.uses, body.expires_in_days),
      content: copyable({ label: words.invites.link, text: reachable(invite.url) }),
      back: () => summary.focus(),
    });
  }

  function row(invite) {
    const facts = [words.invites.by(invite.created_by), when(invite.expires_at, words.invites.until)];
    return [
      rowText(words.invites.used(invite.used, invite.uses), [], facts),
      asking({
        text: words.invites.revoke,
        of: words.invites.ofInvite,
        question: words.invites.revokeQuestion,
        act: async () => {
          await call("DELETE", `/invites/${invite.id}`);
          await list.reload();
          summary.focus();
          show(words.invites.revoked);
        },
      }),
    ];
  }

  return element;
}
