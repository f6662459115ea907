// The view of a reference: its state, and everything said about it, oldest first.

import { call } from "../api.js";
import { h, mount } from "../dom.js";
import { words } from "../words.js";
import { badge } from "./badges.js";
import { Feed } from "./feed.js";
import { key } from "./grammar.js";
import { StatusList } from "./list.js";

/** @param {Reference} reference */
const onGitHub = ({ url }) => h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words.reference.onGitHub);

// Nobody has mentioned it, or it is not a reference.
/** @param {{ status?: number }} error */
const isUnknown = ({ status }) => status === 404 || status === 422;

/** @param {Desk} desk @param {string} named @returns {View} */
export function referenceView(desk, named) {
  const { board } = desk;
  const head = h("div", { class: "about" }, h("h1", null, h("bdi", null, named)));

  function describe() {
    const reference = board.reference(named);
    if (typeof reference === "string") return;
    mount(
      head,
      h("h1", null, h("bdi", { dir: "auto" }, reference.title ?? named)),
      h("p", null, badge(reference), " ", onGitHub(reference)),
    );
  }

  /** @param {string | null} cursor @returns {Promise<Slice<Status>>} */
  async function readPage(cursor) {
    const path = `/references/${named.split(/[/#]/).map(encodeURIComponent).join("/")}`;
    try {
      const page = await call("GET", path, { query: { limit: 100, cursor } });
      board.learnReference(page.reference);
      describe();
      return page;
    } catch (error) {
      if (isUnknown(error)) return { items: [], next_cursor: null };
      throw error;
    }
  }

  const list = new StatusList(board, { reference: named }, { readPage, isOldestFirst: true });
  const feed = new Feed(desk, list, { heading: words.reference.everything, own: false, empty: words.reference.never });
  const stop = board.onChange(({ references }) => references.has(key(named)) && describe());
  return {
    element: h("div", { class: "column" }, head, feed.element),
    title: named,
    feed,
    stop: () => (stop(), feed.stop()),
  };
}
