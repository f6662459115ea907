// The live feed: each event once and in order, from the last position on, over any number of sockets.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Live } from "../../app/web/board/live.js";
import { session } from "../../app/web/session.js";
import { FakeBoard, happen, no, ok, openBrowser, pass, person, settle, sockets } from "./browser.js";

const REFRESH = "POST /auth/refresh";

let browser;
let server;
let live;
let told;
let resets;
let states;

beforeEach(async () => {
  browser = openBrowser();
  server = new FakeBoard({ [REFRESH]: ok({ access_token: "t1", expires_in: 900 }), "GET /statuses": ok({ position: "p1", items: [], next_cursor: null }) });
  Object.assign(session, { user: person("ada"), state: "in", reason: null });
  session.start();
  await session.renew();
  [told, resets, states] = [[], [], []];
  live = new Live({
    event: ({ seq }) => told.push(seq),
    reset: () => resets.push(told.length),
    state: ({ name, reason }) => states.push(reason ? `${name}: ${reason}` : name),
  });
});

afterEach(() => live.stop());

const event = (seq) => ({ type: "event", seq, position: `p${seq}`, kind: "status.posted", data: {} });
const ready = (seq) => ({ type: "ready", seq, position: `p${seq}` });
const snapshot = (seq) => ({ type: "snapshot", seq, position: `p${seq}` });
const newest = () => sockets.at(-1);

// Follows from position p1, on a socket that is open.
async function follow() {
  live.start("p1");
  await settle();
  newest().open();
  newest().receive(ready(1));
}

// Waits for the next socket, and opens it. Returns what it says first.
async function again(seconds = 31) {
  const before = sockets.length;
  for (let waited = 0; sockets.length === before && waited < seconds; waited += 0.5) await pass(0.5);
  assert.equal(sockets.length, before + 1, "no new socket");
  newest().open();
  return newest().sent[0];
}

test("it says who asks and from where on, and tells each event", async () => {
  await follow();
  newest().receive(event(2), event(3));

  assert.equal(newest().address, "ws://board.test/api/v1/live");
  assert.deepEqual(newest().sent, [{ type: "auth", token: "t1", after: "p1" }]);
  assert.deepEqual(told, [2, 3]);
  assert.deepEqual(states, ["open"]);
});

test("a lost socket goes on from the last event, and says how many were missed", async () => {
  await follow();
  newest().receive(event(2));
  newest().lose();
  assert.deepEqual(states, ["open", "away"]);
  const auth = await again();
  newest().receive(event(3), event(4), ready(4));

  assert.equal(auth.after, "p2");
  assert.deepEqual(told, [2, 3, 4]);
  assert.equal(live.state.missed, 2);
});

test("a gap is told to nobody: it goes on from before it", async () => {
  await follow();
  newest().receive(event(2), event(4));
  assert.deepEqual(told, [2]);
  const auth = await again();
  newest().receive(event(3), event(4), ready(4));

  assert.equal(auth.after, "p2");
  assert.deepEqual(told, [2, 3, 4]);
});

test("after a second gap everything is asked for", async () => {
  await follow();
  newest().receive(event(4));
  await again();
  newest().receive(event(4));
  const auth = await again();
  newest().receive({ type: "reset" }, snapshot(9), event(10), ready(10));

  assert.equal("after" in auth, false);
  assert.deepEqual([resets.length, told], [1, [10]]);
});

test("where it is ready further than it has told, there was a gap", async () => {
  await follow();
  newest().lose();
  await again();
  newest().receive(event(2), ready(3));

  assert.equal(live.state.name, "away");
});

test("another history is read anew, and followed from there", async () => {
  await follow();
  newest().receive({ type: "reset" }, snapshot(40), ready(40));
  newest().receive(event(41));
  newest().lose();
  const auth = await again();

  assert.deepEqual([resets, told], [[0], [41]]);
  assert.equal(auth.after, "p41");
});

test("a position that the board calls wrong is forgotten", async () => {
  await follow();
  newest().lose(4400);

  assert.equal("after" in (await again()), false);
});

test("an old socket has nothing more to say", async () => {
  await follow();
  const [old] = sockets;
  old.lose();
  await again();
  newest().receive(ready(1));
  old.receive(event(2));
  old.lose(4403);

  assert.deepEqual([told, live.state.name], [[], "open"]);
});

test("a login that is no good any more is renewed, and it goes on at once", async () => {
  await follow();
  server.answers[REFRESH] = ok({ access_token: "t2", expires_in: 900 });
  newest().lose(4401);
  await settle();
  const auth = await again(0.5);

  assert.deepEqual([auth.token, auth.after], ["t2", "p1"]);
});

test("an open socket hears of a new token", async () => {
  await follow();
  server.answers[REFRESH] = ok({ access_token: "t2", expires_in: 900 });
  await session.renew();
  await settle();

  assert.deepEqual(newest().sent.at(-1), { type: "auth", token: "t2" });
});

test("a disabled account ends it", async () => {
  await follow();
  newest().lose(4403);
  await pass(120);
  live.nudge();
  await settle();

  assert.deepEqual(states.at(-1), "stopped: disabled");
  assert.equal(sockets.length, 1);
});

test("a board that restarts is back within 5 seconds, and it says so", async () => {
  await follow();
  newest().lose(1012);
  assert.equal(states.at(-1), "away: restarting");

  await again(5);
});

test("a board that is full is asked more slowly", async () => {
  await follow();
  newest().lose(1013);
  assert.equal(states.at(-1), "away: full");
  await pass(1.5);
  assert.equal(sockets.length, 1);

  await again();
});

test("the pauses grow, up to half a minute", async () => {
  await follow();
  const pauses = [];
  newest().lose();
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const before = Date.now();
    await again();
    pauses.push((Date.now() - before) / 1000);
    newest().lose();
  }

  assert.ok(pauses[0] < 1 && pauses.at(-1) > 10 && Math.max(...pauses) <= 30, `${pauses}`);
});

test("when the network is back it does not wait for its pause", async () => {
  await follow();
  newest().lose(1013);
  happen(browser.window, "online");
  await settle();

  assert.equal(sockets.length, 2);
});

test("a handshake that hangs is given up", async () => {
  live.start("p1");
  await settle();
  await pass(11);

  assert.equal(sockets[0].isClosed, true);
  await again();
});

test("after a silence the board is asked where it stands, and a quiet one is believed", async () => {
  await follow();
  await pass(40);

  assert.equal(server.of("GET /statuses").length, 1);
  assert.deepEqual([sockets.length, live.state.name], [1, "open"]);
});

test("if it stands further than was heard, and nothing comes, the socket is dead", async () => {
  await follow();
  server.answers["GET /statuses"] = ok({ position: "p5", items: [], next_cursor: null });
  await pass(40);

  assert.equal(sockets[0].isClosed, true);
  assert.equal((await again()).after, "p1");
});

test("if what was missing comes after all, the socket lives", async () => {
  await follow();
  server.answers["GET /statuses"] = () => {
    newest().receive(event(2));
    return [200, { position: "p2", items: [], next_cursor: null }];
  };
  await pass(40);

  assert.deepEqual([sockets.length, told], [1, [2]]);
});

test("if the board is not there at all, the socket is dead", async () => {
  await follow();
  delete server.answers["GET /statuses"];
  happen(browser.document, "visibilitychange");
  await settle();

  assert.equal(live.state.name, "away");
});

test("after a sleep it looks at once", async () => {
  await follow();
  mock.timers.setTime(Date.now() + 3600 * 1000);
  await pass(6);

  assert.ok(server.of("GET /statuses").length >= 1);
});

for (const [origin, reason] of [["http://elsewhere.test", "origin"], ["http://board.test", "upgrade"]]) {
  test(`handshakes that are refused while the board answers: ${reason}`, async () => {
    server.answers["GET /ready"] = ok({});
    browser.document.querySelector = () => ({ getAttribute: () => origin });
    live.start("p1");
    await settle();
    newest().lose();
    await again();
    newest().lose();
    await settle();

    assert.equal(states.at(-1), `away: ${reason}`);
  });
}

test("handshakes that are refused by a board that is not ready: it is full", async () => {
  server.answers["GET /ready"] = no(503, "not_ready");
  live.start("p1");
  await settle();
  newest().lose();
  await again();
  newest().lose();
  await settle();

  assert.equal(states.at(-1), "away: full");
});

test("a page that is put away lets go of its socket, and comes back to where it was", async () => {
  await follow();
  newest().receive(event(2));
  happen(browser.window, "pagehide");
  assert.equal(sockets[0].isClosed, true);
  happen(browser.window, "pageshow");
  await settle();
  assert.equal(sockets.length, 2);
  newest().open();

  assert.equal(newest().sent[0].after, "p2");
});

test("what was stopped listens to nothing", async () => {
  await follow();
  live.stop();
  happen(browser.window, "online");
  await pass(60);

  assert.equal(sockets.length, 1);
});
