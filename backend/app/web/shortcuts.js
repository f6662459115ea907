// What each single key does to what is shown.

import { CATEGORIES } from "./board/icons.js";
import { chosenRow, editRow, step, toggle } from "./board/rows.js";
import { hush } from "./dom.js";
import { showKeys, startKeys } from "./keys.js";
import { go } from "./router.js";
import { session } from "./session.js";

async function find(shell) {
  if (!shell.main.querySelector(".find")) go({ view: "feed" });
  await shell.shown;
  const box = shell.main.querySelector(".find");
  if (!box) return;
  box.open = true;
  box.querySelector("[name=q]").focus();
}

function toggleChosen({ desk }) {
  const row = chosenRow();
  if (row) toggle(row, desk);
}

function editNewest({ desk }) {
  const isMine = (row) => desk.isMine(desk.board.statuses.get(Number(row.id.slice(1))));
  const row = chosenRow() ?? [...document.querySelectorAll(".status[id]")].find(isMine);
  if (row) editRow(row, desk);
}

// Goes to the composer, in a category if one is chosen.
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
    Escape: () => (hush(), document.activeElement.blur()),
  };
  startKeys(actions, (index) => write(shell, CATEGORIES[index]), "jk");
}
