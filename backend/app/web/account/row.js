// What a list says about one thing: its name, marks beside it, and a line of facts.

import { h } from "../dom.js";

export const rowText = (name, marks, facts) =>
  h(
    "div",
    { class: "row-text" },
    h("b", null, name),
    marks.filter(Boolean).map((mark) => h("span", { class: "mark" }, mark)),
    h("small", null, facts.filter(Boolean).map((fact, index) => (index ? [" · ", fact] : fact))),
  );
