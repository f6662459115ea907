// Starts the page: the login, the head with its navigation, and the view that the address asks for.

import { askWhenEnded } from "./account/ended.js";
import { inWords } from "./account/faults.js";
import { accountView } from "./account/views.js";
import { Unreachable } from "./api.js";
import { after, h, mount, show as say } from "./dom.js";
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

const logOut = () => session.logOut().catch((error) => say(inWords(error)));

function account(asked) {
  const item = (name, view) => link({ view }, { "aria-current": asked.get("view") === view && "page" }, name);
  return h(
    "div",
    { class: "account" },
    item(words.shell.members, "members"),
    item(words.shell.settings, "settings"),
    h("button", { type: "button", onclick: logOut }, words.shell.logOut),
  );
}

function head(asked) {
  return h(
    "header",
    { class: "head" },
    link({}, { class: "brand" }, words.name),
    session.user && [navigation(asked), account(asked)],
  );
}

function show() {
  const asked = query();
  mount(page, head(asked), main);
  mount(main, accountView(asked, code) ?? h("p", null, session.user.display_name));
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
askWhenEnded();

// What is shown depends on who is logged in. It stays while a session is over and the box asks for a login.
const who = () => `${session.user?.username} ${session.user?.role}`;
let shownTo = who();
session.onChange((what) => {
  if (what === "token" || who() === shownTo) return;
  shownTo = who();
  show();
});
