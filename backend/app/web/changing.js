// Editing and deleting one's own statuses, with a way back.

import { inWords } from "./account/faults.js";
import { call } from "./api.js";
import { h, show } from "./dom.js";
import { CATEGORIES } from "./marks.js";
import { session } from "./session.js";
import { words } from "./words.js";

const WINDOW = 15 * 60_000;

const isMine = ({ author }) => author.username === session.user.username;
const inWindow = ({ created_at: moment }) => Date.now() - new Date(moment) < WINDOW;

export const canEdit = (status) => isMine(status) && inWindow(status) && !session.readOnly;
export const canRemove = (status) => !session.readOnly && (isMine(status) || session.user.role === "admin");

async function change(id, changes, board) {
  const data = await call("PATCH", `/statuses/${id}`, { body: changes });
  board.apply({ kind: "status.edited", data });
}

function undoEdit({ id, message, category }, board) {
  change(id, { message, category }, board).catch((error) => show(inWords(error)));
}

// Puts a form into a status's row; `leave` puts the status back.
export function edit(status, { board }, row, leave) {
  const text = h("textarea", { "aria-label": words.status.editLabel, rows: 2, maxlength: 1000, value: status.message });
  const category = h(
    "select",
    { "aria-label": words.composer.category },
    CATEGORIES.map((name) => h("option", { value: name, selected: name === status.category }, words.category[name])),
  );
  const wrong = h("p", { class: "wrong", role: "alert" });

  const save = async () => {
    const changes = { message: text.value, category: category.value };
    if (changes.message === status.message && changes.category === status.category) return leave();
    try {
      await change(status.id, changes, board);
      leave();
      show(words.status.saved, { action: { label: words.status.undo, run: () => undoEdit(status, board) } });
    } catch (error) {
      wrong.textContent = inWords(error);
    }
  };
  const onkeydown = (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && !event.shiftKey && event.target === text) save();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  row.classList.add("editing");
  row.replaceChildren(
    h(
      "div",
      { class: "edit", onkeydown },
      text,
      category,
      h("button", { type: "button", class: "main", onclick: save }, words.status.save),
      h("button", { type: "button", onclick: leave }, words.status.cancel),
      wrong,
    ),
  );
  text.focus();
}

// What can't be brought back asks first, in its own place.
export async function remove(status, { board, outbox }, button) {
  const canUndo = isMine(status) && inWindow(status);
  if (!canUndo && !button.dataset.asked) {
    button.dataset.asked = "yes";
    button.textContent = words.status.removeSure;
    return;
  }
  try {
    await call("DELETE", `/statuses/${status.id}`);
  } catch (error) {
    if (error.code !== "status_not_found") return show(inWords(error));
  }
  board.apply({ kind: "status.deleted", data: { id: status.id } });
  const again = { label: words.status.undo, run: () => outbox.post(status.message, status.category) };
  show(words.status.removed, canUndo ? { action: again, seconds: 10 } : {});
}
