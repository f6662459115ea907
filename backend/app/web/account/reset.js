// Setting a new password by the one-time link that an admin made.

import { call } from "../api.js";
import { h, mount } from "../dom.js";
import { forgetCode } from "../router.js";
import { passwordField } from "./fields.js";
import { form } from "./form.js";
import { view as login } from "./login.js";
import { words } from "./words.js";

// `code`: {name: "reset", value}, of the link that was followed.
export function view(code) {
  const place = h("div");
  mount(place, setting(place, code));
  return place;
}

function setting(place, code) {
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
    place.querySelector("input").focus();
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
