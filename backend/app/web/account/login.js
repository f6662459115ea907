// Logging in: the form, and the view for someone who comes without a session.

import { h } from "../dom.js";
import { link } from "../router.js";
import { session } from "../session.js";
import { inWords } from "./faults.js";
import { passwordField, usernameField } from "./fields.js";
import { form } from "./form.js";
import { words } from "./words.js";

// `username` is filled in where it is known already.
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

// `said` is a line above the form, such as why one has to log in.
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
