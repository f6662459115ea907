// A form that checks its fields, sends them once, and shows errors next to the fields.

import { h } from "../dom.js";
import { inWords } from "../faults.js";

// `send(values)` gets the fields' values by name. If it throws, the error is shown: at the field that `places` has for
// its code, or at the fields that it names, or above the button. With `pair`, the fields are small and next to each
// other.
/** @param {FormOptions} options */
export function form({ fields, label, submit, working, send, beside, pair, places = {}, explain = inWords }) {
  const problem = h("div", { class: "problem", role: "alert" });
  // A field shows its error when it loses the focus, which would move the button away from the pointer.
  /** @param {Event} event */
  const stay = (event) => event.preventDefault();
  const button = h("button", { type: "submit", class: "main", onmousedown: stay }, submit);
  let busy = false;

  const reset = () => {
    busy = false;
    button.textContent = submit;
    button.removeAttribute("aria-disabled");
  };
  /** @param {any} error */
  const place = (error) => {
    const found = new Map((error.errors ?? []).map((/** @type {FieldError} */ { loc, msg }) => [loc.at(-1), msg]));
    if (places[error.code]) found.set(places[error.code], explain(error));
    const wrong = fields.filter((each) => found.has(each.name));
    for (const each of wrong) each.fail(found.get(each.name));
    if (!wrong.length) problem.replaceChildren(explain(error));
    wrong[0]?.focus();
  };

  /** @param {SubmitEvent} event */
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
