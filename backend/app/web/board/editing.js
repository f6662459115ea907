// Editing and deleting one's own statuses, with undo.

import { call } from "../api.js";
import { now } from "../clock.js";
import { h, mount, show } from "../dom.js";
import { inWords } from "../faults.js";
import { isComposing } from "../keys.js";
import { session } from "../session.js";
import { words } from "../words.js";
import { CATEGORIES } from "./icons.js";

const WINDOW = 15 * 60_000;

/** @param {Status} status */
const isMine = ({ author }) => author.username === session.user?.username;
/** @param {Status} status */
const inWindow = ({ created_at: moment }) => now() - Date.parse(moment) < WINDOW;

/** @param {Status} status */
export const canEdit = (status) => isMine(status) && inWindow(status) && !session.readOnly;
/** @param {Status} status */
export const canRemove = (status) => !session.readOnly && (isMine(status) || session.user?.role === "admin");

/** @type {("message" | "category")[]} */
const FIELDS = ["message", "category"];

/** @param {(name: "message" | "category") => string} values @param {("message" | "category")[]} names */
const pick = (values, names) => Object.fromEntries(names.map((name) => [name, values(name)]));

// Changes a status that was `seen`. Changes that somebody else made since then are not overwritten.
/** @param {Status} seen @param {object} changes @param {BoardStore} board @returns {Promise<Status>} */
async function change(seen, changes, board) {
  const data = await call("PATCH", `/statuses/${seen.id}`, { body: { ...changes, edited_at: seen.edited_at } });
  board.apply({ kind: "status.edited", data });
  return data;
}

// The form in a status's row. Fields that were not touched follow other edits. What was typed stays, even if the status
// is deleted: saving then posts it again.
class Editor {
  #seen;
  #board;
  #outbox;
  #isGone = false;
  #leave;
  #stop;
  #isBusy = false;
  #fields;
  #elsewhere = h("div", { role: "alert" });
  #wrong = h("p", { class: "wrong", role: "alert" });

  /** @param {Status} status @param {Desk} desk @param {HTMLElement} row @param {Stop} leave */
  constructor(status, { board, outbox }, row, leave) {
    this.#seen = status;
    this.#board = board;
    this.#outbox = outbox;
    this.#leave = () => (this.#stop(), leave());
    this.#fields = {
      message: h("textarea", { "aria-label": words.status.editLabel, rows: 2, maxlength: 1000, value: status.message }),
      category: h(
        "select",
        { "aria-label": words.composer.category },
        CATEGORIES.map((name) => h("option", { value: name, selected: name === status.category }, words.category[name])),
      ),
    };
    this.#stop = board.onChange(({ edited, deleted }) => {
      if (!row.isConnected) this.#stop();
      else if (deleted.has(status.id)) this.#tellGone();
      else if (edited.has(status.id)) this.#follow(board.statuses.get(status.id));
    });
    this.element = h(
      "div",
      { class: "edit", onkeydown: (event) => this.#key(event) },
      this.#fields.message,
      this.#fields.category,
      h("button", { type: "button", class: "main", onclick: () => this.#save() }, words.status.save),
      h("button", { type: "button", onclick: this.#leave }, words.status.cancel),
      this.#elsewhere,
      this.#wrong,
    );
  }

  focus() {
    this.#fields.message.focus();
  }

  #touched() {
    return FIELDS.filter((name) => this.#fields[name].value !== this.#seen[name]);
  }

  // Follows an edit made elsewhere. If it changed a field that was also changed here, its version is shown, and the
  // next save replaces it.
  /** @param {Status | undefined} status */
  #follow(status) {
    if (!status || (status.edited_at ?? "") < (this.#seen.edited_at ?? "")) return;
    const touched = this.#touched();
    /** @param {"message" | "category"} name */
    const isOther = (name) => status[name] !== this.#seen[name] && status[name] !== this.#fields[name].value;
    const replaced = touched.filter(isOther);
    for (const name of FIELDS) if (!touched.includes(name)) this.#fields[name].value = status[name];
    this.#seen = status;
    if (!replaced.length) return;
    const faces = {
      message: () => h("bdi", { class: "message", dir: "auto" }, status.message),
      category: () => words.category[status.category],
    };
    mount(
      this.#elsewhere,
      h("p", null, words.status.editedElsewhere),
      replaced.map((name) => h("p", null, faces[name]())),
      h("p", null, words.status.saveAnyway),
    );
  }

  #tellGone() {
    this.#isGone = true;
    mount(this.#elsewhere, h("p", null, words.status.deletedElsewhere), h("p", null, words.status.saveAnew));
  }

  async #save() {
    const touched = this.#touched();
    if (!touched.length) return this.#leave();
    if (this.#isBusy) return;
    if (this.#isGone) return this.#postAnew();
    this.#busy(true);
    const before = this.#seen;
    const changes = pick((name) => this.#fields[name].value, touched);
    try {
      const after = await change(before, changes, this.#board);
      this.#leave();
      const back = pick((name) => before[name], touched);
      const undo = () => change(after, back, this.#board).catch((error) => show(inWords(error)));
      show(words.status.saved, { action: { label: words.status.undo, run: undo } });
    } catch (error) {
      await this.#failed(error);
    }
    this.#busy(false);
  }

  #postAnew() {
    this.#outbox.post(this.#fields.message.value, /** @type {Category} */ (this.#fields.category.value));
    this.#leave();
  }

  /** @param {boolean} isBusy */
  #busy(isBusy) {
    this.#isBusy = isBusy;
    this.#fields.message.readOnly = isBusy;
  }

  /** @param {any} error */
  async #failed(error) {
    const { id } = this.#seen;
    const isConflict = error.code === "edited_meanwhile";
    const isGone = error.code === "status_not_found";
    this.#wrong.textContent = isConflict || isGone ? "" : inWords(error);
    if (isGone) this.#board.apply({ kind: "status.deleted", data: { id } });
    if (!isConflict) return;
    try {
      const data = await call("GET", `/statuses/${id}`);
      this.#board.apply({ kind: "status.edited", data });
      this.#follow(data);
    } catch (other) {
      await this.#failed(other);
    }
  }

  /** @param {any} event */
  #key(event) {
    if (isComposing(event)) return;
    const isSave = event.key === "Enter" && !event.shiftKey && event.target === this.#fields.message;
    if (event.key !== "Escape" && !isSave) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat) return;
    if (isSave) this.#save();
    else this.#leave();
  }
}

// Puts a form into a status's row. `leave` puts the status back.
/** @param {Status} status @param {Desk} desk @param {HTMLElement} row @param {Stop} leave */
export function edit(status, desk, row, leave) {
  const editor = new Editor(status, desk, row, leave);
  row.classList.add("editing");
  row.replaceChildren(editor.element);
  editor.focus();
}

// Deletes a status. If that can't be undone, the button asks first.
/** @param {Status} status @param {Desk} desk @param {HTMLElement} button */
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
