// Starts the page: the login, the head with its navigation, and the view that the address asks for.

import { inWords } from "./faults.js";
import { accountView, fetchAccount } from "./account/lazy.js";
import { Unreachable } from "./api.js";
import { Desk } from "./board/desk.js";
import { after, h, hush, mount, show as say } from "./dom.js";
import { showKeys, startKeys } from "./keys.js";
import { CATEGORIES, copyAsWritten, startTips } from "./board/marks.js";
import { code, go, href, link, onChange, query } from "./router.js";
import { session } from "./session.js";
import { chosenRow, editRow, step, toggle } from "./board/status.js";
import { onTick, whereabouts } from "./time.js";
import { boardViewOf } from "./board/views.js";
import { words } from "./words.js";

const page = document.getElementById("page");
const main = h("main", { id: "main", tabindex: "-1" });
const top = h("div", { class: "top-of-page" });
let desk = null;
let opening = null;
let isOpen = false;
let shown = null;
let showing = null;
let shownAt = whereabouts();

function item(name, target, asked) {
  const isHere = href(target) === href(asked.toString());
  return h("li", null, link(target, { "aria-current": isHere && "page" }, name));
}

const logOut = () => session.logOut().catch((error) => say(inWords(error)));

function head(asked) {
  const { user } = session;
  if (!user) return h("header", { class: "head" }, link({}, { class: "brand" }, words.name));
  return h(
    "header",
    { class: "head" },
    h("a", { class: "skip", href: "#main", onclick: (event) => (event.preventDefault(), main.focus()) }, words.shell.skip),
    link({}, { class: "brand" }, words.name),
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
    ),
    h(
      "div",
      { class: "account" },
      h("button", { type: "button", class: "for-keys", onclick: showKeys }, words.shell.keys),
      link({ person: user.username }, null, h("bdi", null, user.display_name)),
      h("button", { type: "button", onclick: logOut }, words.shell.logOut),
    ),
  );
}

const nothing = () => ({
  element: h("div", { class: "plain" }, h("h1", null, words.shell.notThere), h("p", null, link({}, null, words.shell.back))),
  title: words.shell.notThere,
});

function newDesk() {
  const made = new Desk();
  made.board.onChange(({ names }) => names && nameWindow());
  return made;
}

function nameWindow() {
  document.title = shown?.title ? `${shown.title} · ${words.name}` : words.name;
}

// The desk is laid out when the first view of the board is asked for. Returns whether it is.
async function openDesk() {
  desk ??= newDesk();
  opening ??= desk.open();
  try {
    await opening;
    isOpen = true;
  } catch (error) {
    opening = null;
    mount(page, head(query()), h("p", { class: "plain" }, inWords(error)));
  }
  return isOpen;
}

async function show() {
  const asked = query();
  const address = location.href;
  const field = document.activeElement?.closest(".filters") && document.activeElement.name;
  const account = await accountView(asked, code);
  if (location.href !== address) return;
  if (!account && !isOpen) {
    mount(page, head(asked), h("p", { class: "plain faint" }, words.shell.loading));
    if (!(await openDesk()) || location.href !== address) return;
  }
  const wasShown = shown !== null;
  shownAt = whereabouts();
  shown?.stop?.();
  shown = account ?? boardViewOf(asked, desk) ?? nothing();
  const isWall = asked.has("wall") && !account;
  document.documentElement.toggleAttribute("data-wall", isWall);
  nameWindow();
  mount(top, desk?.connection.element, !account && !isWall && desk?.composer?.element);
  mount(main, shown.element);
  mount(page, !isWall && head(asked), top, main);
  if (wasShown) main.focus();
  scrollTo(0, 0);
  if (field) main.querySelector(`.filters [name="${field}"]`)?.focus();
}

async function begin() {
  for (let pause = 1; ; pause = Math.min(pause * 2, 30)) {
    try {
      return await session.begin();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      mount(page, h("p", { class: "plain", role: "status" }, words.shell.waiting));
      await after(pause * Math.random());
    }
  }
}

function onRow(act) {
  const row = chosenRow();
  if (row) act(row, desk);
}

async function find() {
  if (!main.querySelector(".find")) go({ view: "feed" });
  await showing;
  const box = main.querySelector(".find");
  if (!box) return;
  box.open = true;
  box.querySelector("[name=q]").focus();
}

function editNewest() {
  const row = chosenRow() ?? [...document.querySelectorAll(".status[id]")].find((one) => desk.isMine(desk.board.statuses.get(Number(one.id.slice(1)))));
  if (row && desk) editRow(row, desk);
}

function isWriting() {
  if (!desk?.composer) return false;
  if (!desk.composer.element.isConnected) go({});
  return true;
}

startTips();
document.addEventListener("copy", copyAsWritten);
startKeys(
  {
    n: () => isWriting() && desk.composer.focus(),
    j: () => step(true),
    k: () => step(false),
    o: () => onRow(toggle),
    e: editNewest,
    f: () => session.user && find(),
    b: () => session.user && go({}),
    ".": () => shown?.feed?.release(true),
    "?": showKeys,
    Escape: () => (hush(), document.activeElement.blur()),
  },
  (index) => {
    if (!isWriting()) return;
    desk.composer.category = CATEGORIES[index];
    desk.composer.focus();
  },
  "jk",
);

// In another time zone or language, what is shown of the board is made anew, once nothing is being typed there.
function travel() {
  const isTypedIn = main.querySelector(".editing, :is(input, select, textarea):focus");
  if (shownAt !== whereabouts() && shown?.stop && !isTypedIn) show();
}

document.documentElement.dataset.running = "";
await begin();
onChange(() => (showing = show()));
await show();
onTick(travel);
fetchAccount().catch(() => {});

// What is shown depends on who is logged in. It stays while a session is over and the box asks for a login.
const who = () => `${session.user?.username} ${session.user?.role}`;
let shownTo = who();
session.onChange((what) => {
  if (what === "token" || who() === shownTo) return;
  // Nothing of somebody's board stays behind for the next one.
  if (desk && !session.user) return location.assign("/");
  shownTo = who();
  show();
});
