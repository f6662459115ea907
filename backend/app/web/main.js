// Starts the page: the login, the head with its navigation, and the view that the address asks for.

import { Unreachable } from "./api.js";
import { after, h, mount } from "./dom.js";
import { code, href, link, onChange, query } from "./router.js";
import { session } from "./session.js";
import { words } from "./words.js";

const page = document.getElementById("page");
const main = h("main", { id: "main", tabindex: "-1" });

function navigation(asked) {
  const view = asked.get("view");
  const item = (name, target) =>
    h("li", null, link(target, { "aria-current": href(target) === href(asked.toString()) && "page" }, name));
  return h(
    "nav",
    { "aria-label": words.shell.navigation },
    h("ul", null, item(words.shell.board, {}), item(words.shell.feed, { view: "feed" })),
  );
}

function head(asked) {
  return h("header", { class: "head" }, link({}, { class: "brand" }, words.name), navigation(asked));
}

function show() {
  const asked = query();
  mount(page, head(asked), main);
  mount(main, h("p", null, session.user?.display_name ?? words.shell.logIn));
}

async function begin() {
  for (let pause = 1; ; pause = Math.min(pause * 2, 30)) {
    try {
      return await session.begin();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      mount(main, h("p", { role: "status" }, words.shell.waiting));
      mount(page, main);
      await after(pause * Math.random());
    }
  }
}

document.documentElement.dataset.running = "";
await begin();
show();
onChange(show);
session.onChange((what) => what === "token" || show());
