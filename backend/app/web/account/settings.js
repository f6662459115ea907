// My settings: name and time zone, password, what this browser does, sessions.

import { call } from "../api.js";
import { h, show } from "../dom.js";
import { link } from "../router.js";
import { session } from "../session.js";
import { displayNameField } from "./fields.js";
import { form } from "./form.js";
import { passwordChange } from "./password.js";
import { section } from "./section.js";
import { sessions } from "./sessions.js";
import { switches } from "./switches.js";
import { words } from "./words.js";
import { zoneField } from "./zones.js";

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
  const { display_name: value, time_zone: zone } = session.user;
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
