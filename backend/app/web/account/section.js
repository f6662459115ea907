// A part of a page under its heading. The heading takes the focus when the thing that had it is gone.

import { h } from "../dom.js";

let made = 0;

export function section(title, ...children) {
  const id = `section-${++made}`;
  const heading = h("h2", { id, tabindex: "-1" }, title);
  const element = h("section", { class: "part", "aria-labelledby": id }, heading, children);
  return { element, focus: () => heading.focus() };
}
