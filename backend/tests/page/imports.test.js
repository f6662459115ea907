// Modules of the page wait to be called: only the scripts that its HTML names do something when they are loaded.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const WEB = new URL("../../app/web/", import.meta.url);
const read = (name) => readFileSync(new URL(name, WEB), "utf8");

const scripts = ["index.html", "docs.html"].flatMap((name) => [...read(name).matchAll(/"\/web\/([^"]+\.js)"/g)].map(([, script]) => script));
const modules = readdirSync(WEB, { recursive: true }).map((name) => name.replaceAll("\\", "/")).filter((name) => name.endsWith(".js") && !scripts.includes(name));

// What a module could act by, or look at the reader's browser with.
const BROWSER = ["window", "document", "location", "history", "navigator", "localStorage", "sessionStorage", "addEventListener"];
const ACTS = ["fetch", "WebSocket", "setTimeout", "setInterval", "queueMicrotask", "requestAnimationFrame"];

test("no module touches the browser when it is imported", async (context) => {
  const touched = [];
  for (const name of [...BROWSER, ...ACTS]) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { configurable: true, get: () => void touched.push(name) });
    context.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
  assert.ok(modules.length > 30);

  for (const name of modules) {
    await import(new URL(name, WEB));
    assert.deepEqual(touched, [], name);
  }
});

// What a module imports when it is loaded, and the room that it is in: "board", "account", or "" for what is shared.
const imports = (name) => [...read(name).matchAll(/^import .*?"(\..+?)";/gm)].map(([, target]) => new URL(target, new URL(name, WEB)).href.slice(WEB.href.length));
const room = (name) => name.slice(0, Math.max(0, name.indexOf("/")));

test("the board and the accounts know what is shared, and not each other", () => {
  // They put both on the page.
  const frame = ["shell.js", "shortcuts.js"];
  const wrong = modules
    .filter((name) => !frame.includes(name))
    .flatMap((name) => imports(name).map((target) => [name, target]))
    .filter(([name, target]) => room(target) && room(target) !== room(name));

  assert.deepEqual(wrong, []);
});

test("no modules import each other, however many lie between", () => {
  const circle = (name, path) => {
    if (path.includes(name)) return [...path, name];
    for (const target of imports(name)) {
      const found = circle(target, [...path, name]);
      if (found) return found;
    }
    return null;
  };

  for (const name of modules) assert.equal(circle(name, []), null);
});
