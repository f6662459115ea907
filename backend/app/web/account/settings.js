// My settings: name and time zone, password, this browser, and sessions.

import { call } from "../api.js";
import { focusOn, h, mount, show } from "../dom.js";
import { singleKeys } from "../keys.js";
import { notifications } from "../notifications.js";
import { link } from "../router.js";
import { session } from "../session.js";
import { displayNameField, passwordField, zoneField } from "./fields.js";
import { form } from "./form.js";
import { section } from "./parts.js";
import { sessions } from "./sessions.js";
import { words } from "./words.js";
export function view() {
  const mine = sessions();
  return h(
    "div",
    { class: "sheet" },
    h("h1", null, words.settings.title),
    profile(),
    switches(),
    tokens(),
    passwordChange(mine.reload),
    mine.element,
  );
}

const tokens = () =>
  section(
    words.tokens.title,
    h("p", { class: "faint" }, words.tokens.text),
    h("p", null, link({ view: "tokens" }, null, words.settings.tokens)),
  ).element;

function profile() {
  const { display_name: value, time_zone: zone } = session.me;
  /** @param {object} body */
  const save = async (body) => {
    await call("PATCH", "/users/me", { body });
    await session.reload();
    show(words.settings.saved);
  };
  return section(
    words.settings.profile,
    form({
      fields: [displayNameField({ value }), zoneField(zone)],
      label: words.settings.profile,
      submit: words.settings.save,
      working: words.settings.saving,
      send: save,
    }),
  ).element;
}

// A form for a new password. `changed()` is called when the other sessions have ended.
/** @param {() => unknown} changed */
export function passwordChange(changed) {
  const place = h("div");
  const fresh = () => {
    mount(
      place,
      form({
        fields: [
          passwordField({ name: "current_password", label: words.fields.currentPassword }),
          passwordField({ name: "new_password", label: words.fields.newPassword, fresh: true }),
        ],
        label: words.settings.password,
        submit: words.settings.changePassword,
        working: words.settings.changing,
        places: { wrong_password: "current_password", password_refused: "new_password" },
        // Tells password managers whose password this is.
        beside: h("input", { hidden: true, autocomplete: "username", value: session.me.username, readonly: true }),
        send: async (body) => {
          await call("POST", "/auth/password", { body });
          fresh();
          part.focus();
          show(words.settings.changed);
          changed();
        },
      }),
    );
  };
  const part = section(words.settings.password, h("p", { class: "faint" }, words.settings.passwordText), place);
  fresh();
  return part.element;
}

// Settings of this browser only: single-key shortcuts and notifications.
let switched = 0;

export function switches() {
  const part = section(words.settings.browser, keys(), notices(() => part.focus()));
  return part.element;
}

// A checkbox that takes effect at once.
/** @param {string} label @param {string} hint @param {Properties<HTMLInputElement>} properties */
function tick(label, hint, { checked, disabled, onchange }) {
  const id = `switch-${++switched}`;
  const box = h("input", { type: "checkbox", "aria-describedby": id, checked, disabled, onchange });
  const about = h("p", { class: "field-hint", id }, hint);
  return h("div", { class: "field" }, h("label", { class: "tick" }, box, label), about);
}

const keys = () =>
  tick(words.settings.keys, words.settings.keysHint, {
    checked: singleKeys.on,
    onchange: ({ target }) => (singleKeys.on = target.checked),
  });

// `leave()` moves the focus when the checkbox can't have it any more.
/** @param {() => unknown} leave */
function notices(leave) {
  const place = h("div");
  /** @param {{ target: HTMLInputElement }} event */
  const turn = async ({ target }) => {
    await notifications.turn(target.checked);
    show();
    if (notifications.obstacle()) leave();
    else focusOn(place, "input");
  };
  const show = () => {
    const obstacle = notifications.obstacle();
    const state = { checked: notifications.on, disabled: Boolean(obstacle), onchange: turn };
    mount(place, tick(words.settings.notifications, obstacle ?? words.settings.notificationsHint, state));
  };
  show();
  return place;
}
