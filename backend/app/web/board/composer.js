// The box for writing a status. Its draft is kept in this tab, also over reloads and the end of a session.

import { h, mount, say, show } from "../dom.js";
import { isComposing } from "../keys.js";
import { session } from "../session.js";
import { tab } from "../storage.js";
import { words } from "../words.js";
import { badge } from "./badges.js";
import { key, pieces } from "./grammar.js";
import { CATEGORIES, categoryIcon } from "./icons.js";

const LONGEST = 500;
/** @type {Category} */
const USUAL = "in-progress";
/** @type {Record<string, Category>} */
const SHORT = { p: "planning", i: "in-progress", b: "blocked", d: "done" };

// Counts as the board does: in code points, so an emoji may count as several.
/** @param {string} text */
const length = (text) => [...text].length;

export class Composer {
  #desk;
  #draft = `draft.${session.me.username}`;
  #text = h("textarea", {
    id: "say",
    rows: 1,
    enterkeyhint: "send",
    placeholder: words.composer.hint,
    "aria-describedby": "say-keys say-left",
    oninput: (event) => this.#typed(isComposing(event)),
    oncompositionend: () => this.#typed(),
    onkeydown: (event) => this.#key(event),
  });
  #left = h("span", { id: "say-left", class: "faint" });
  #found = h("span", { class: "found faint" });
  #wrong = h("p", { class: "wrong", role: "alert" });
  /** @type {{ value: Category, input: HTMLInputElement, label: HTMLElement }[]} */
  #choices;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    this.#choices = CATEGORIES.map((name, index) => this.#choice(name, index));
    this.element = h(
      "form",
      { class: "composer", "aria-label": words.composer.label, onsubmit: (event) => (event.preventDefault(), this.#post()) },
      h("label", { class: "spoken", for: "say" }, words.composer.label),
      this.#text,
      h("span", { id: "say-keys", class: "spoken" }, words.composer.keys),
      h(
        "fieldset",
        { class: "choices" },
        h("legend", { class: "spoken" }, words.composer.category),
        this.#choices.map(({ label }) => label),
      ),
      h("button", { class: "main" }, words.composer.send),
      h("div", { class: "notes" }, this.#found, this.#left, this.#wrong),
    );
    this.stop = desk.outbox.onChange(() => this.#takeRefused());
    this.#restore();
  }

  /** @param {Category} value @param {number} index */
  #choice(value, index) {
    const input = h("input", { type: "radio", name: "category", value, class: "spoken", onchange: () => this.#keep() });
    const title = `Alt+${index + 1}`;
    const face = h("span", { "data-category": value }, categoryIcon(value), words.category[value]);
    return { value, input, label: h("label", { title }, input, face) };
  }

  /** @returns {Category} */
  get category() {
    return this.#choices.find(({ input }) => input.checked)?.value ?? USUAL;
  }

  set category(name) {
    for (const { input } of this.#choices) input.checked = input.value === name;
    this.#keep();
  }

  focus() {
    this.#text.focus();
  }

  #restore() {
    const draft = tab.get(this.#draft);
    this.category = draft?.category ?? USUAL;
    this.#text.value = draft?.text ?? "";
    this.#typed();
    this.#takeRefused();
  }

  #keep() {
    if (this.#text.value || this.category !== USUAL) tab.set(this.#draft, { text: this.#text.value, category: this.category });
    else tab.set(this.#draft, null);
  }

  // While an input method is composing, the text must not be touched.
  #typed(isUnfinished = false) {
    const [, letter, rest] = (!isUnfinished && /^\/([pibd])\s([^]*)$/i.exec(this.#text.value)) || [];
    if (letter) {
      this.#text.value = rest;
      this.category = SHORT[letter.toLowerCase()];
      say(words.category[this.category]);
    }
    this.#wrong.textContent = "";
    this.#fit();
    this.#count();
    this.#recognise();
    this.#keep();
  }

  // Makes the box as high as its text, in browsers that can't do that themselves.
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#text.style.blockSize = "auto";
    this.#text.style.blockSize = `${this.#text.scrollHeight + 2}px`;
  }

  #count() {
    const left = LONGEST - length(this.#text.value);
    this.#left.textContent = !this.#text.value ? "" : left < 0 ? words.composer.over(-left) : words.composer.left(left);
    this.#left.classList.toggle("wrong", left < 0);
  }

  #recognise() {
    const { board } = this.#desk;
    const named = new Map();
    for (const { reference, address } of pieces(this.#text.value, board.github)) {
      if (reference) named.set(key(reference), this.#reference(reference, board));
      else if (address) named.set(address, h("span", { class: "address" }, address));
    }
    const parts = [...named.values()].flatMap((element) => [" ", element]);
    mount(this.#found, parts.length > 0 && [words.composer.speaksOf, parts]);
  }

  /** @param {string} named @param {BoardStore} board */
  #reference(named, board) {
    const [owner, repo, number] = named.split(/[/#]/);
    /** @type {Reference} */
    const plain = { owner, repo, number: Number(number), kind: "unknown", state: null, title: null, url: "" };
    return badge(board.reference(plain));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (isComposing(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      // If Enter is held down too long, it must not post again what was just refused and put back.
      if (!event.repeat) this.#post();
    } else if (event.key === "Escape") this.#text.blur();
  }

  #post() {
    const text = this.#text.value.trim();
    if (!text || length(text) > LONGEST) return this.focus();
    const { category } = this;
    this.#text.value = "";
    this.category = USUAL;
    this.#typed();
    this.#desk.outbox.post(text, category);
    if (this.#desk.isAway()) show(words.composer.later);
    else say(words.composer.posted);
  }

  // Puts a refused status back into the box with the reason, above what was written in the meantime.
  /** @param {OutboxItem} item */
  takeBack(item) {
    this.#desk.outbox.remove(item);
    this.#text.value = [item.message, this.#text.value].filter(Boolean).join("\n");
    this.category = item.category;
    this.#typed();
    this.#wrong.textContent = words.composer.refused(item.reason);
    this.focus();
  }

  #takeRefused() {
    const item = this.#desk.outbox.mine().find(({ state }) => state === "refused");
    if (item && !this.#text.value) this.takeBack(item);
  }
}
