// The one-time link with which a member sets a new password.

import { call } from "../api.js";
import { h, mount } from "../dom.js";
import { asking } from "./ask.js";
import { copyable } from "./copy.js";
import { reachable } from "./reachable.js";
import { words } from "./words.js";

const texts = words.members;

// Makes one when asked to, and shows it once.
export function resetLink({ username, display_name: name }) {
  const shown = h("div", { class: "manage" });
  const act = async () => {
    const { url } = await call("POST", `/users/${username}/reset`);
    mount(
      shown,
      copyable({ label: texts.resetLink(name), text: reachable(url) }),
      h("p", { class: "field-hint" }, texts.resetHow),
    );
    shown.querySelector("input").focus();
  };
  return [
    asking({ text: texts.reset, of: texts.ofMember(name), question: texts.resetQuestion(name), act, grave: false }),
    shown,
  ];
}
