// What stands in the address bar: the views and filters that it asks for, and codes that are taken out of it.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { filterOf } from "../../app/web/board/filters.js";
import { code, go, href, onChange, startRouter } from "../../app/web/router.js";
import { happen, openBrowser } from "./browser.js";

let browser;

beforeEach(() => {
  browser = openBrowser();
  globalThis.history = {
    state: null,
    pushState: (_state, _title, address) => (browser.location.href = new URL(address, browser.location).href),
    replaceState: (_state, _title, address) => (browser.location.href = new URL(address, browser.location).href),
  };
});

const filter = (search) => filterOf(new URLSearchParams(search));

for (const [asked, address] of [
  [{}, "/"],
  [{ view: "feed" }, "/?view=feed"],
  [{ q: "", author: "ada" }, "/?author=ada"],
  [{ reference: "octo/api#12" }, "/?reference=octo/api%2312"],
  [{ q: "nightly build" }, "/?q=nightly+build"],
  ["wall=", "/?wall"],
]) {
  test(`the address of ${JSON.stringify(asked)}`, () => {
    assert.equal(href(asked), address);
  });
}

for (const name of ["setup", "invite", "reset", "token"]) {
  test(`a code for ${name} is taken out of the address`, () => {
    browser.location.href = `http://board.test/?view=join#${name}=a%2Fb`;
    startRouter();

    assert.deepEqual(code, { name, value: "a/b" });
    assert.equal(browser.location.href, "http://board.test/?view=join");
  });
}

test("a code that comes while the page is open is taken too, and told", () => {
  startRouter();
  const told = [];
  onChange((asked) => told.push(asked.toString()));
  browser.location.href = "http://board.test/#invite=abc";
  happen(browser.window, "hashchange");

  assert.deepEqual([code, told.length], [{ name: "invite", value: "abc" }, 1]);
});

test("what is asked for is told, at once", () => {
  const told = [];
  const stop = onChange((asked) => told.push(asked.toString()));
  go({ view: "feed" });
  stop();
  go({});

  assert.deepEqual(told, ["view=feed"]);
});

test("a filter is what the address asks for, without what is empty", () => {
  assert.deepEqual(filter("q= build &author=ada&category=&day=2026-11-24&view=feed"), { q: "build", author: "ada", day: "2026-11-24" });
});

for (const wrong of ["category=weather", "reference=12", "reference=octo/api", "day=24.11.2026", "author=a", "author=<b>"]) {
  test(`what can't be is left out: ${wrong}`, () => {
    assert.deepEqual(filter(wrong), {});
  });
}

test("words are cut where the board would refuse them", () => {
  assert.equal(filter(`q=${"🦊".repeat(300)}`).q, "🦊".repeat(200));
});
