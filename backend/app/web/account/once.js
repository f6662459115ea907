// What is shown once, such as a new token: it stays until it is put away, and has the focus.

import { h, mount } from "../dom.js";
import { words } from "./words.js";

// `back()` moves the focus on when it is put away.
export function once(place, { title, text, content, back }) {
  const heading = h("h2", { tabindex: "-1" }, title);
  const away = () => {
    mount(place);
    back();
  };
  mount(
    place,
    h(
      "section",
      { class: "once", "aria-label": title },
      heading,
      h("p", null, text),
      content,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: away }, words.once.done)),
    ),
  );
  heading.focus();
}
