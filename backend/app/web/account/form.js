// A form: it checks its fields, sends them once, and says beside each what the board did not like.

import { h } from "../dom.js";
import { inWords } from "./faults.js";

// `send(values)` is called with the fields' values by name. What it throws is shown: at the field that `places` names
// for the error's code, at the fields that the board's errors name, else above the button.
// `pair`: the fields are small, and stand beside each other.
export function form({ fields, label, submit, working, send, beside, pair, places = {}, explain = inWords }) {
  const problem = h("div", { class: "problem", role: "alert" });
  // What is wrong with a field is said when it loses the focus. The button would move away from under the press then.
  const stay = (event) => event.preventDefault();
  const button = h("button", { type: "submit", class: "main", onmousedown: stay }, submit);
  let busy = false;

  const reset = () => {
    busy = false;
    button.textContent = submit;
    button.removeAttribute("aria-disabled");
  };
  const place = (error) => {
    const found = new Map((error.errors ?? []).map(({ loc, msg }) => [loc.at(-1), msg]));
    if (places[error.code]) found.set(places[error.code], explain(error));
    const wrong = fields.filter((each) => found.has(each.name));
    for (const each of wrong) each.fail(found.get(each.name));
    if (!wrong.length) problem.replaceChildren(explain(error));
    wrong[0]?.focus();
  };

  async function onsubmit(event) {
    event.preventDefault();
    if (busy) return;
    problem.replaceChildren();
    const wrong = fields.filter((each) => !each.fits());
    if (wrong.length) {
      wrong[0].focus();
      return;
    }
    busy = true;
    button.textContent = working;
    button.setAttribute("aria-disabled", "true");
    for (const each of fields) each.beforeSending?.();
    try {
      await send(Object.fromEntries(fields.map((each) => [each.name, each.value()])));
    } catch (error) {
      place(error);
    } finally {
      reset();
    }
  }

  return h(
    "form",
    { class: pair ? "form pair" : "form", novalidate: true, onsubmit, "aria-label": label },
    fields.map((each) => each.element),
    problem,
    h("div", { class: "actions" }, button, beside),
  );
}
