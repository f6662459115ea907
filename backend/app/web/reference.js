// A page for a reference: how it stands, and everything that was said about it, from the beginning.

import { inWords } from "./account/faults.js";
import { call } from "./api.js";
import { h, mount } from "./dom.js";
import { key } from "./grammar.js";
import { badge } from "./marks.js";
import { renewRow, rowEvents, statusRow } from "./status.js";
import { day, dayHeading } from "./time.js";
import { words } from "./words.js";

export function referenceView(desk, named) {
  const { board } = desk;
  const head = h("div", { class: "about" }, h("h1", null, h("bdi", null, named)));
  const body = h("div");
  const more = h("button", { type: "button", hidden: true, onclick: read }, words.reference.newer);
  const ids = new Set();
  let cursor = null;
  let last = null;
  let rows = null;

  function describe() {
    const reference = board.reference(named);
    if (typeof reference === "string") return;
    mount(
      head,
      h("h1", null, h("bdi", { dir: "auto" }, reference.title ?? named)),
      h("p", null, badge(reference), " ", h("a", { href: reference.url, target: "_blank", rel: "noopener noreferrer" }, words.reference.onGitHub)),
    );
  }

  function add(status) {
    if (ids.has(status.id) || board.isGone(status.id)) return;
    ids.add(status.id);
    if (day(status.created_at) !== last) {
      last = day(status.created_at);
      body.append(h("h3", { class: "day" }, dayHeading(status.created_at)), (rows = h("ol", { class: "lines" })));
    }
    rows.append(statusRow(status, desk));
  }

  async function read() {
    try {
      const path = `/references/${named.split(/[/#]/).map(encodeURIComponent).join("/")}`;
      const { reference, items, next_cursor: next } = await call("GET", path, { query: { limit: 100, cursor } });
      board.learnReference(reference);
      for (const status of items) board.learn(status);
      describe();
      for (const status of items) add(status);
      cursor = next;
      more.hidden = !next;
    } catch (error) {
      const isUnknown = error.status === 404 || error.status === 422;
      mount(body, h("p", { class: "faint" }, isUnknown ? words.reference.never : inWords(error)));
    }
  }

  const follow = ({ posted, edited, deleted, references }) => {
    for (const id of posted) {
      const status = board.statuses.get(id);
      if (!cursor && status?.references.some((reference) => key(reference) === key(named))) add(status);
    }
    for (const id of edited) renewRow(id, desk);
    for (const id of deleted) if (ids.has(id)) document.getElementById(`s${id}`)?.remove();
    if (references.has(key(named))) describe();
  };

  read();
  return {
    element: h("div", { class: "column" }, head, h("section", { class: "feed", ...rowEvents(desk) }, h("h2", null, words.reference.everything), body, more)),
    title: named,
    stop: board.onChange(follow),
  };
}
