// The frame of the page: the header with the navigation, and the view for the current address.

import { accountView } from "./account/lazy.js";
import { Unreachable } from "./api.js";
import { Desk } from "./board/desk.js";
import { boardViewOf } from "./board/views.js";
import { after, focusOn, h, mount, show as say } from "./dom.js";
import { inWords } from "./faults.js";
import { showKeys } from "./keys.js";
import { code, href, link, onChange, query } from "./router.js";
import { session } from "./session.js";
import { onTick, whereabouts } from "./time.js";
import { words } from "./words.js";

const LONGEST_PAUSE = 30; // seconds

/** @param {string} name @param {Record<string, string>} target @param {URLSearchParams} asked */
function item(name, target, asked) {
  const isHere = href(target) === href(asked.toString());
  return h("li", null, link(target, { "aria-current": isHere && "page" }, name));
}

/** @param {URLSearchParams} asked */
const navigation = (asked) =>
  h(
    "nav",
    { "aria-label": words.shell.navigation },
    h(
      "ul",
      null,
      item(words.shell.board, {}, asked),
      item(words.shell.feed, { view: "feed" }, asked),
      item(words.shell.members, { view: "members" }, asked),
      item(words.shell.settings, { view: "settings" }, asked),
    ),
  );

const logOut = () => session.logOut().catch((error) => say(inWords(error)));

/** @param {URLSearchParams} asked @param {HTMLElement} main */
function head(asked, main) {
  const { user } = session;
  const brand = link({}, { class: "brand" }, words.name);
  if (!user) return h("header", { class: "head" }, brand);
  /** @param {Event} event */
  const skip = (event) => (event.preventDefault(), main.focus());
  return h(
    "header",
    { class: "head" },
    h("a", { class: "skip", href: "#main", onclick: skip }, words.shell.skip),
    brand,
    navigation(asked),
    h(
      "div",
      { class: "account" },
      h("button", { type: "button", class: "for-keys", onclick: showKeys }, words.shell.keys),
      link({ person: user.username }, null, h("bdi", null, user.display_name)),
      h("button", { type: "button", onclick: logOut }, words.shell.logOut),
    ),
  );
}

/** @returns {View} */
const nothing = () => ({
  element: h("div", { class: "plain" }, h("h1", null, words.shell.notThere), h("p", null, link({}, null, words.shell.back))),
  title: words.shell.notThere,
});

// The view depends on who is logged in. It stays when a session ends, with the login dialog on top.
const who = () => `${session.user?.username} ${session.user?.role}`;

// The name of the filter that has the focus, which should keep it when the view is made again.
const focusedFilter = () => document.activeElement?.closest(".filters") && document.activeElement.getAttribute("name");

export class Shell {
  // Created when the first view of the board is opened.
  /** @type {Desk | null} */
  desk = null;
  // The current view.
  /** @type {View | null} */
  view = null;
  // Settles when the view that was requested last is shown.
  /** @type {Promise<void>} */
  shown = Promise.resolve();
  main = h("main", { id: "main", tabindex: "-1" });
  #page = /** @type {HTMLElement} */ (document.getElementById("page"));
  #top = h("div", { class: "top-of-page" });
  /** @type {Promise<void> | null} */
  #opening = null;
  #isOpen = false;
  /** @type {string | null} */
  #shownAt = null;
  /** @type {string | null} */
  #shownTo = null;

  // Resumes the login, then shows the view for the address, now and whenever the address changes.
  async start() {
    await this.#begin();
    // Before the first view, since one can log out while it is loading.
    this.#shownTo = who();
    session.onChange((what) => what !== "token" && this.#follow());
    onChange(() => this.show());
    await this.show();
    onTick(() => this.#travel());
  }

  show() {
    this.shown = this.#show();
    return this.shown;
  }

  async #begin() {
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return await session.begin(code?.name === "token" ? code.value : null);
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        mount(this.#page, h("p", { class: "plain", role: "status" }, words.shell.waiting));
        await after(pause * Math.random());
      }
    }
  }

  async #show() {
    const asked = query();
    const address = location.href;
    const field = focusedFilter();
    const account = await accountView(asked, code);
    if (location.href !== address) return;
    if (!account && !this.#isOpen) {
      mount(this.#page, head(asked, this.main), h("p", { class: "plain faint" }, words.shell.loading));
      if (!(await this.#open()) || location.href !== address) return;
    }
    this.#shownAt = whereabouts();
    // Before the next view is made, since both may use the same feed.
    this.view?.stop?.();
    this.#lay(account ?? boardViewOf(asked, /** @type {Desk} */ (this.desk)) ?? nothing(), asked, !account);
    if (field) focusOn(this.main, `.filters [name="${field}"]`);
  }

  // Creates the desk when the first view of the board is opened. Returns whether it is open.
  async #open() {
    this.desk ??= this.#newDesk();
    this.#opening ??= this.desk.open();
    try {
      await this.#opening;
      this.#isOpen = true;
    } catch (error) {
      this.#opening = null;
      mount(this.#page, head(query(), this.main), h("p", { class: "plain" }, inWords(error)));
    }
    return this.#isOpen;
  }

  #newDesk() {
    const desk = new Desk();
    desk.board.onChange(({ names }) => names && this.#nameWindow());
    return desk;
  }

  // Shows a view in place of the previous one, and moves the focus into it.
  /** @param {View} view @param {URLSearchParams} asked @param {boolean} isOfBoard */
  #lay(view, asked, isOfBoard) {
    const before = this.view;
    const isWall = asked.has("wall") && isOfBoard;
    this.view = view;
    document.documentElement.toggleAttribute("data-wall", isWall);
    this.#nameWindow();
    mount(this.#top, this.desk?.connection.element, isOfBoard && !isWall && this.desk?.composer?.element);
    mount(this.main, view.element);
    mount(this.#page, !isWall && head(asked, this.main), this.#top, this.main);
    if (before) this.main.focus();
    scrollTo(0, 0);
  }

  #nameWindow() {
    document.title = this.view?.title ? `${this.view.title} · ${words.name}` : words.name;
  }

  // If the time zone or language has changed, makes the view again, unless somebody is typing in it.
  #travel() {
    const isTypedIn = this.main.querySelector(".editing, :is(input, select, textarea):focus");
    if (this.#shownAt !== whereabouts() && this.view?.stop && !isTypedIn) this.show();
  }

  #follow() {
    if (who() === this.#shownTo) return;
    // Nothing of one person's board may stay for the next person.
    if (this.desk && !session.user) return location.assign("/");
    this.#shownTo = who();
    this.show();
  }
}
