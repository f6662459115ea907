// A button for what can't be undone: it asks once, where it stands, and Escape leaves everything as it was.

import { h, spoken } from "../dom.js";
import { inWords } from "./faults.js";
import { words } from "./words.js";

// `text` is what the button says and does, `of` what a screen reader adds to it ("End" "this session").
// `act()` is called when the question has been answered; what it throws is said in the question's place.
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
    // The harmless answer has the focus: Enter held down a moment too long must not be taken for a yes.
    leave.focus();
  }

  function escape(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    back();
  }

  function back() {
    const hadFocus = place.contains(document.activeElement);
    place.firstChild.replaceWith(first);
    place.classList.remove("open");
    if (hadFocus) first.focus();
  }

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
