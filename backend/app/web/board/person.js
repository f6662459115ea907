// A person's name, as a link to their page.

import { h, swap } from "../dom.js";
import { link } from "../router.js";

// A username that tells two people apart is never cut off.
/** @param {Author} person @param {BoardStore} board */
export function who(person, board) {
  const { username } = person;
  const name = board.nameOf(person);
  const isWhole = name.endsWith(`(@${username})`);
  return link({ person: username }, { class: isWhole ? "who whole" : "who", "data-person": username }, h("bdi", null, name));
}

// Updates the names everywhere they are shown.
/** @param {BoardStore} board */
export function renewNames(board) {
  for (const old of document.querySelectorAll("[data-person]")) {
    const person = { username: old.getAttribute("data-person") ?? "", display_name: old.textContent };
    if (old.textContent !== board.nameOf(person)) swap(old, who(person, board));
  }
}
