// A button for something that can't be undone. It asks first, in place, and Escape cancels.

import { h, spoken } from "../dom.js";
import { inWords } from "../faults.js";
import { words } from "./words.js";

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
