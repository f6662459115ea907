// As much of a browser as the page's state meets: events, frames, time, what a tab keeps, and a board behind `fetch`.

import { mock } from "node:test";

// The reader's own zone, whatever the machine's is.
process.env.TZ = "UTC";

export const BEGINNING = Date.parse("2026-11-24T12:00:00Z");

// What a window or a document tells to those who listen.
export const happen = (target, name, properties = {}) => target.dispatchEvent(Object.assign(new Event(name, { cancelable: true }), properties));

// Lets everything go on that waits for nothing.
export const settle = () => new Promise((resolve) => setImmediate(resolve));

// Lets so many seconds pass.
export async function pass(seconds) {
  for (let left = seconds * 1000; left > 0; left -= 50) {
    mock.timers.tick(Math.min(left, 50));
    await settle();
  }
}

let frames = [];

// Shows what has changed, as browsers do once a frame.
export async function frame() {
  await settle();
  for (const draw of frames.splice(0)) draw();
}

function storage() {
  const kept = new Map();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, String(value)),
    removeItem: (name) => kept.delete(name),
    clear: () => kept.clear(),
  };
}

// Opens a browser in which it is noon on 24 November, and chance is always in the middle.
export function openBrowser() {
  frames = [];
  sockets.length = 0;
  const window = new EventTarget();
  const document = new EventTarget();
  document.hidden = false;
  document.querySelector = () => ({ getAttribute: () => "http://board.test" });
  Object.assign(window, { localStorage: storage(), sessionStorage: storage() });
  const location = new URL("http://board.test/");
  const navigator = { languages: ["en-GB"], platform: "Linux" };
  const requestAnimationFrame = (draw) => frames.push(draw);
  for (const [name, value] of Object.entries({ window, document, location, navigator, requestAnimationFrame, WebSocket: FakeSocket })) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: BEGINNING });
  mock.method(performance, "now", () => Date.now() - BEGINNING);
  mock.method(Math, "random", () => 0.5);
  return { window, document, location };
}

// The sockets that the page has opened, the newest last.
export const sockets = [];

class FakeSocket {
  sent = [];
  isClosed = false;

  constructor(address) {
    this.address = address;
    sockets.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.isClosed = true;
  }

  // What the network does.
  open() {
    this.onopen?.();
  }

  receive(...messages) {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }

  lose(code = 1006) {
    this.isClosed = true;
    this.onclose?.({ code });
  }
}

// A board that gives the answers it is told to, in `answers`: by "GET /path" a function of {query, body, headers}, which
// returns [status, content, headers], or null for no answer at all. `asked` has every request.
export class FakeBoard {
  answers = {};
  asked = [];

  constructor(answers = {}) {
    Object.assign(this.answers, answers);
    globalThis.fetch = (address, options) => this.#answer(address, options);
  }

  async #answer(address, { method, body, headers }) {
    const { pathname, searchParams } = new URL(address, "http://board.test");
    const name = `${method} ${pathname.replace("/api/v1", "")}`;
    const request = { name, query: Object.fromEntries(searchParams), body: body && JSON.parse(body), headers };
    this.asked.push(request);
    const answer = await this.answers[name]?.(request);
    if (!answer) throw new TypeError("There is no network.");
    const [status, content, more] = answer;
    return new Response(status === 204 ? null : JSON.stringify(content), { status, headers: more });
  }

  // The requests of a name.
  of(name) {
    return this.asked.filter((request) => request.name === name);
  }
}

export const ok = (content) => () => [200, content];
export const no = (status, code, more = {}) => () => [status, { code, detail: `It is ${code}.`, ...more }];

export const person = (username, more = {}) => ({
  username,
  display_name: username[0].toUpperCase() + username.slice(1),
  role: "member",
  time_zone: "UTC",
  disabled: false,
  ...more,
});

export const reference = (name, more = {}) => {
  const [, owner, repo, number] = /^(.+)\/(.+)#(\d+)$/.exec(name);
  const url = `https://github.com/${owner}/${repo}/issues/${number}`;
  return { owner, repo, number: Number(number), kind: "issue", state: "open", title: null, url, ...more };
};

// A status of Ada's, posted so many minutes after the beginning.
export const status = (id, more = {}) => ({
  id,
  author: person("ada"),
  message: `Status ${id}`,
  category: "in-progress",
  created_at: new Date(BEGINNING + id * 60_000).toISOString(),
  edited_at: null,
  references: [],
  mentions: [],
  ...more,
});
