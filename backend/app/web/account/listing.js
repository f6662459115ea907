// A list that is asked for: it says that it comes, that it is empty, or why it can't be had.

import { call } from "../api.js";
import { h } from "../dom.js";
import { inWords } from "./faults.js";
import { words } from "./words.js";

// All items of a list, page by page.
export async function everyItem(path) {
  const items = [];
  let cursor;
  do {
    const page = await call("GET", path, { query: cursor ? { limit: 100, cursor } : { limit: 100 } });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

// `load()` returns the items, `row(item)` the content of one. `reload()` asks anew, and keeps what is shown meanwhile.
export function listing({ load, row, empty, label }) {
  const place = h("div", { class: "listing" }, h("p", { class: "faint" }, words.listing.coming));

  async function reload() {
    try {
      const items = await load();
      place.replaceChildren(
        items.length
          ? h("ul", { class: "rows", "aria-label": label }, items.map((item) => h("li", null, row(item))))
          : h("p", { class: "faint" }, empty),
      );
    } catch (error) {
      place.replaceChildren(
        h("p", { class: "problem", role: "alert" }, inWords(error)),
        h("button", { type: "button", class: "quiet", onclick: reload }, words.listing.again),
      );
    }
  }

  reload();
  return { element: place, reload };
}
