// One member in the list, and what an admin may do about the account.

import { call } from "../api.js";
import { h, mount, show, spoken } from "../dom.js";
import { link } from "../router.js";
import { session } from "../session.js";
import { asking } from "./ask.js";
import { resetLink } from "./reset-link.js";
import { rowText } from "./row.js";
import { words } from "./words.js";

const texts = words.members;

let made = 0;

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

// Shows a member in its place, and there again whenever it has changed. `admin`: it is an admin who sees it.
export function showMember(place, member, admin) {
  const marks = [member.role === "admin" && texts.admin, member.disabled && texts.disabled];
  const facts = [member.username, isSelf(member) && texts.you, member.time_zone];
  mount(
    place,
    rowText(link({ person: member.username }, null, member.display_name), marks, facts),
    admin && managing(place, member),
  );
}

function managing(place, member) {
  const panel = h("div", { class: "manage", id: `manage-${++made}`, hidden: true });
  const button = h(
    "button",
    { type: "button", class: "quiet", "aria-expanded": "false", "aria-controls": panel.id, onclick: toggle },
    texts.manage,
    spoken(texts.ofMember(member.display_name)),
  );

  function toggle() {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    mount(panel, panel.hidden ? null : actions(place, member));
  }

  return [button, panel];
}

function actions(place, member) {
  const action = ({ text, question, own, changes, done, grave }) =>
    asking({
      text,
      of: texts.ofMember(member.display_name),
      question: own && isSelf(member) ? own : question(member.display_name),
      grave,
      act: () => change(place, member, changes, done),
    });
  return [
    action(member.role === "admin" ? MAKE_MEMBER : MAKE_ADMIN),
    action(member.disabled ? ENABLE : DISABLE),
    isSelf(member) ? null : resetLink(member),
  ];
}

async function change(place, member, changes, done) {
  const changed = await call("PATCH", `/users/${member.username}`, { body: changes });
  if (isSelf(member)) {
    await (changed.disabled ? session.logOut() : session.reload());
    return;
  }
  showMember(place, changed, true);
  place.querySelector("button").focus();
  show(done(changed.display_name));
}
