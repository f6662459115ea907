// Logging in: the form, the view for people without a session, and the dialog when a session ends.

import { h } from "../dom.js";
import { inWords } from "../faults.js";
import { link } from "../router.js";
import { session } from "../session.js";
import { passwordField, usernameField } from "./fields.js";
import { form } from "./form.js";
import { words } from "./words.js";
// `username` is filled in if it is known.
export function loginForm({ username = "" } = {}) {
  return form({
    fields: [
      usernameField({ value: username, autofocus: !username }),
      passwordField({ autofocus: Boolean(username) }),
    ],
    label: words.login.title,
    submit: words.login.submit,
    working: words.login.working,
    places: { wrong_credentials: "password", account_disabled: "username" },
    send: (values) => session.logIn(values.username.trim(), values.password),
  });
}

const why = () => session.reason && inWords(session.reason);

// `said` is a line above the form, such as why a login is needed.
/** @param {{ said?: string | null }} [options] */
export function view({ said = why() } = {}) {
  return h(
    "div",
    { class: "sheet narrow" },
    h("h1", null, words.login.title),
    said && h("p", { class: "said", role: "status" }, said),
    loginForm(),
    h("p", { class: "faint" }, words.login.newHere, link({ view: "join" }, null, words.login.haveCode)),
    h("p", { class: "faint" }, words.login.forgotten),
  );
}

// Opens a dialog over the page whenever the session ends; what was typed stays below. Escape turns it into a strip that
// brings it back.
export function askWhenEnded() {
  /** @type {HTMLElement | null} */
  let shown = null;

  /** @param {HTMLElement | null} element */
  const show = (element) => {
    shown?.remove();
    shown = element;
    if (element) document.body.append(element);
  };
  const ask = () => {
    const dialog = box(aside);
    show(dialog);
    dialog.showModal();
  };
  /** @param {Event} event */
  const aside = (event) => {
    event.preventDefault();
    const again = h("button", { type: "button", class: "main", onclick: ask }, words.ended.again);
    show(strip(words.ended.strip, again));
    again.focus();
  };

  const look = () => {
    if (session.state !== "ended") show(null);
    else if (session.readOnly) show(strip(words.ended.wall));
    else ask();
  };
  session.onChange((what) => what === "state" && look());
  look();
}

/** @param {(event: Event) => void} aside */
const box = (aside) =>
  h(
    "dialog",
    { class: "box", "aria-labelledby": "ended-title", oncancel: aside },
    h("h2", { id: "ended-title" }, words.ended.title),
    session.reason?.status === 403 && h("p", { class: "problem" }, inWords(session.reason)),
    h("p", null, words.ended.text),
    loginForm({ username: session.user?.username }),
    h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: aside }, words.ended.later)),
  );

/** @param {...Child} content */
const strip = (...content) => h("div", { class: "ended-strip", role: "status" }, content);
