// Using a one-time code: a set-up link for the first account, an invite for others, a reset link for a new password.

import { call } from "../api.js";
import { focusOn, h, mount, show } from "../dom.js";
import { inWords } from "../faults.js";
import { forgetCode, go } from "../router.js";
import { session } from "../session.js";
import { kept } from "../storage.js";
import { browsersZone, displayNameField, field, passwordField, usernameField } from "./fields.js";
import { form } from "./form.js";
import { view as login } from "./login.js";
import { words } from "./words.js";

// `code` is from the link that was followed. Without one, the form asks for it.
/** @param {Code | null} [code] */
export function joining(code = null) {
  const user = session.user ?? kept.get("user");
  const place = h("div", { class: "sheet narrow" });
  mount(place, user ? already(place, user, code) : making(place, code));
  return place;
}

// A plain link reloads the page, which drops the code and resumes an existing session.
/** @param {string} text */
const leave = (text) => h("a", { href: "/" }, text);

/** @param {HTMLElement} place @param {User} user @param {Code | null} code */
function already(place, user, code) {
  const anew = async () => {
    await session.logOut();
    mount(place, making(place, code));
  };
  /** @param {unknown} error */
  const fail = (error) => show(inWords(error));
  return [
    h("h1", null, words.join.alreadyTitle),
    h("p", null, words.join.already(user.display_name)),
    h(
      "div",
      { class: "actions" },
      leave(words.join.board),
      h("button", { type: "button", class: "quiet", onclick: () => anew().catch(fail) }, words.join.logOutFirst),
    ),
  ];
}

/** @param {HTMLElement} place @param {Code | null} code */
function making(place, code) {
  const first = code?.name === "setup";
  const title = first ? words.join.setupTitle : words.join.inviteTitle;
  const asked = field({ name: "invite", label: words.join.code, hint: words.join.codeHint, autocomplete: "off" });
  /** @type {string | undefined} */
  let registered;

  /** @param {{ invite?: string, username: string, password: string, display_name: string }} values */
  async function send({ invite = code?.value, ...values }) {
    if (registered !== values.username) {
      await register(values, codeOf(invite ?? ""));
      registered = values.username;
      forgetCode();
    }
    await session.logIn(values.username, values.password);
    go({}, { replace: true });
    show(words.join.welcome(values.display_name.trim()));
  }

  /** @param {any} error */
  const explain = (error) => (error.code === "invalid_invite" ? words.join.codeWrong : inWords(error));
  /** @param {any} error */
  const otherwise = (error) => {
    if (!code || error.code !== "invalid_invite") throw error;
    mount(place, usedUp(title, first));
  };

  return [
    h("h1", null, title),
    h("p", null, first ? words.join.setupText : words.join.inviteText),
    form({
      fields: [
        ...(code ? [] : [asked]),
        displayNameField({ autofocus: Boolean(code) }),
        usernameField({ fresh: true }),
        passwordField({ fresh: true }),
      ],
      label: title,
      submit: words.join.submit,
      working: words.join.working,
      explain,
      places: { username_taken: "username", password_refused: "password", invalid_invite: "invite" },
      send: (values) => send(values).catch(otherwise),
    }),
    h("p", { class: "faint" }, words.join.zone(browsersZone())),
    h("p", { class: "faint" }, words.join.haveAccount, leave(words.join.toLogin)),
  ];
}

// The code, even if the whole link was pasted.
/** @param {string} text */
const codeOf = (text) => text.trim().replace(/^.*#(?:setup|invite)=/, "");

/** @param {object} values @param {string} code */
async function register(values, code) {
  const given = code ? { invite: code } : {};
  /** @param {string} zone */
  const make = (zone) =>
    call("POST", "/auth/register", { body: { ...values, ...given, time_zone: zone }, anonymous: true });
  try {
    await make(browsersZone());
  } catch (error) {
    // A browser may know time zones that the board doesn't.
    if (!error.errors?.some((/** @type {FieldError} */ { loc }) => loc.at(-1) === "time_zone")) throw error;
    await make("UTC");
  }
}

/** @param {string} title @param {boolean} first */
function usedUp(title, first) {
  return [
    h("h1", null, title),
    h("p", { class: "problem", role: "alert" }, first ? words.join.setupUsed : words.join.inviteUsed),
    h("p", null, first ? words.join.nextSetup : words.join.next),
    h("div", { class: "actions" }, leave(words.join.toLogin)),
  ];
}

// `code` is from the link that was followed.
/** @param {Code} code */
export function resetting(code) {
  const place = h("div");
  mount(place, setting(place, code));
  return place;
}

/** @param {HTMLElement} place @param {Code} code */
function setting(place, code) {
  /** @param {object} values */
  async function send(values) {
    try {
      await call("POST", "/auth/reset", { body: { code: code.value, ...values }, anonymous: true });
    } catch (error) {
      if (error.code !== "invalid_reset_code") throw error;
      mount(place, used());
      return;
    }
    forgetCode();
    mount(place, login({ said: words.reset.done }));
    focusOn(place, "input");
  }

  return h(
    "div",
    { class: "sheet narrow" },
    h("h1", null, words.reset.title),
    h("p", null, words.reset.text),
    form({
      fields: [passwordField({ name: "new_password", label: words.fields.newPassword, fresh: true, autofocus: true })],
      label: words.reset.title,
      submit: words.reset.submit,
      working: words.reset.working,
      places: { password_refused: "new_password" },
      send,
    }),
  );
}

function used() {
  return h(
    "div",
    { class: "sheet narrow" },
    h("h1", null, words.reset.title),
    h("p", { class: "problem", role: "alert" }, words.reset.used),
    h("p", null, words.reset.next),
    h("div", { class: "actions" }, h("a", { href: "/" }, words.reset.toLogin)),
  );
}
