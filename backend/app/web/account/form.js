// A form that checks its fields, sends them once, and shows errors next to the fields.

import { h, spoken } from "../dom.js";
import { inWords } from "../faults.js";
import { words } from "./words.js";

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

// A button for something that can't be undone. It asks first, in place, and Escape cancels.

// `text` is the button's label, and `of` what screen readers add to it ("End" "this session"). `act()` is called after
// a yes. If it throws, the error is shown in place.
/** @param {{ text: string, of?: string, question: string, act: () => unknown, grave?: boolean }} options */
export function asking({ text, of = "", question, act, grave = true }) {
  const problem = h("p", { class: "problem", role: "alert" });
  const first = h(
    "button",
    { type: "button", class: grave ? "quiet grave" : "quiet", onclick: ask },
    text,
    spoken(of),
  );
  const place = h("div", { class: "asking" }, first, problem);

  function ask() {
    problem.textContent = "";
    const leave = h("button", { type: "button", class: "quiet", onclick: back }, words.ask.leave);
    /** @type {HTMLElement} */
    const yes = h("button", { type: "button", class: grave ? "main grave" : "main", onclick: () => go(yes) }, text);
    first.replaceWith(
      h(
        "div",
        { class: "question", role: "group", "aria-label": question, onkeydown: (event) => escape(event) },
        h("p", null, question),
        h("div", { class: "actions" }, yes, leave),
      ),
    );
    place.classList.add("open");
    // The harmless answer gets the focus, so that an Enter that is held down too long is not taken for a yes.
    leave.focus();
  }

  /** @param {KeyboardEvent} event */
  function escape(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    back();
  }

  function back() {
    const hadFocus = place.contains(document.activeElement);
    place.firstElementChild?.replaceWith(first);
    place.classList.remove("open");
    if (hadFocus) first.focus();
  }

  /** @param {HTMLElement} yes */
  async function go(yes) {
    if (yes.getAttribute("aria-disabled")) return;
    yes.setAttribute("aria-disabled", "true");
    try {
      await act();
      if (place.isConnected) back();
    } catch (error) {
      back();
      problem.textContent = inWords(error);
    }
  }

  return place;
}
