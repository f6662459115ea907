// What each single-key shortcut does.

import { CATEGORIES } from "./board/icons.js";
import { chosenRow, editRow, statusRows, step, toggle } from "./board/rows.js";
import { focusOn, hush } from "./dom.js";
import { showKeys, startKeys } from "./keys.js";
import { go } from "./router.js";
import { session } from "./session.js";

/** @param {Shell} shell */
async function find(shell) {
  if (!shell.main.querySelector(".find")) go({ view: "feed" });
  await shell.shown;
  /** @type {HTMLDetailsElement | null} */
  const box = shell.main.querySelector(".find");
  if (!box) return;
  box.open = true;
  focusOn(box, "[name=q]");
}

/** @param {Shell} shell */
function toggleChosen({ desk }) {
  const row = chosenRow();
  if (row && desk) toggle(row, desk);
}

/** @param {Shell} shell */
function editNewest({ desk }) {
  if (!desk) return;
  /** @param {Element} row */
  const isMine = (row) => desk.isMine(desk.board.statuses.get(Number(row.id.slice(1))));
  const row = chosenRow() ?? statusRows().find(isMine);
  if (row) editRow(row, desk);
}

// Moves the focus to the composer, and sets its category if one is given.
/** @param {Shell} shell @param {Category | null} [category] */
async function write(shell, category = null) {
  const composer = shell.desk?.composer;
  if (!composer) return;
  if (category) composer.category = category;
  if (!composer.element.isConnected) {
    go({});
    await shell.shown;
  }
  composer.focus();
}

/** @param {Shell} shell */
export function startShortcuts(shell) {
  const actions = {
    n: () => write(shell),
    j: () => step(true),
    k: () => step(false),
    o: () => toggleChosen(shell),
    e: () => editNewest(shell),
    f: () => session.user && find(shell),
    b: () => session.user && go({}),
    ".": () => shell.view?.feed?.release(true),
    "?": showKeys,
    Escape: () => (hush(), /** @type {HTMLElement | null} */ (document.activeElement)?.blur()),
  };
  startKeys(actions, (index) => write(shell, CATEGORIES[index]), "jk");
}
