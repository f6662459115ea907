// Changing my password.

import { call } from "../api.js";
import { h, mount, show } from "../dom.js";
import { session } from "../session.js";
import { passwordField } from "./fields.js";
import { form } from "./form.js";
import { section } from "./section.js";
import { words } from "./words.js";

// `changed()` is called when the other sessions have ended.
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
        // Tells password managers whose password it is.
        beside: h("input", { hidden: true, autocomplete: "username", value: session.user.username, readonly: true }),
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
