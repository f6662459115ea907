// The login: one renewal at a time, its end, and what other tabs do.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { call, Unreachable } from "../../app/web/api.js";
import { Session } from "../../app/web/session.js";
import { kept } from "../../app/web/storage.js";
import { FakeBoard, happen, no, ok, openBrowser, pass, person, settle } from "./browser.js";

const REFRESH = "POST /auth/refresh";
const ME = "GET /users/me";
const ADA = person("ada");

let browser;
let server;
let session;
let told;

beforeEach(() => {
  browser = openBrowser();
  let number = 0;
  server = new FakeBoard({ [REFRESH]: () => [200, { access_token: `t${++number}`, expires_in: 900 }], [ME]: ok(ADA) });
  session = new Session();
  told = [];
  session.onChange((what) => told.push(what === "state" ? session.state : what));
});

// Opens the page in a browser where Ada was logged in before.
async function comeBack() {
  kept.set("user", ADA);
  session.start();
  await session.begin();
  await settle();
}

test("a browser without a login is out, and asks nothing", async () => {
  session.start();

  assert.equal(await session.begin(), null);
  assert.deepEqual([session.state, server.asked], ["out", []]);
});

test("a login that there is comes back, renewed once", async () => {
  await comeBack();

  assert.deepEqual([session.state, session.user], ["in", ADA]);
  assert.equal(server.of(REFRESH).length, 1);
  assert.equal(await session.token(), "t1");
});

test("a login that has ended meanwhile is out", async () => {
  server.answers[REFRESH] = no(401, "invalid_refresh_token");
  await comeBack();

  assert.deepEqual([session.state, session.reason.code, kept.get("user")], ["out", "invalid_refresh_token", null]);
});

for (const [what, answer] of [["away", undefined], ["failing", no(503, "not_ready")], ["busy", no(429, "rate_limited")]]) {
  test(`a board that is ${what} ends no login`, async () => {
    server.answers[REFRESH] = answer;
    kept.set("user", ADA);
    session.start();

    await assert.rejects(session.begin(), Unreachable);
    assert.deepEqual(kept.get("user"), ADA);
  });
}

test("the token is renewed a minute before it ends", async () => {
  await comeBack();
  await pass(835);
  assert.equal(server.of(REFRESH).length, 1);
  await pass(10);

  assert.deepEqual([server.of(REFRESH).length, await session.token()], [2, "t2"]);
});

// Browsers keep a timer's milliseconds in 31 bits, and fire one that doesn't fit at once.
for (const minutes of [30, 35_792, 43_200, 525_600]) {
  test(`a token that lives for ${minutes} minutes is renewed in time, and not before`, async () => {
    const delays = [];
    const set = globalThis.setTimeout;
    globalThis.setTimeout = (act, delay) => (delays.push(delay), set(act, delay));
    server.answers[REFRESH] = ok({ access_token: "t1", expires_in: minutes * 60 });
    await comeBack();
    mock.timers.tick(5 * 60_000);
    await settle();
    assert.equal(server.of(REFRESH).length, 1);
    mock.timers.tick(Math.min(12 * 60, minutes) * 60_000);
    await settle();

    assert.equal(server.of(REFRESH).length, 2);
    assert.ok(delays.length > 0 && delays.every((delay) => delay >= 0 && delay < 2 ** 31), `${delays}`);
  });
}

test("many who need a new token at once get one", async () => {
  await comeBack();
  const renewed = await Promise.all([session.renew("t1"), session.renew("t1"), session.renew("t1")]);

  assert.deepEqual(renewed, ["t2", "t2", "t2"]);
  assert.equal(server.of(REFRESH).length, 2);
});

test("who comes late with an old token gets the one that there is", async () => {
  await comeBack();
  await session.renew("t1");

  assert.equal(await session.renew("t1"), "t2");
  assert.equal(server.of(REFRESH).length, 2);
});

test("a call that is refused is sent once more, with a new token", async () => {
  await comeBack();
  server.answers["GET /board"] = ({ headers }) => (headers.Authorization === "Bearer t2" ? [200, "the board"] : [401, { code: "invalid_token" }]);

  assert.equal(await call("GET", "/board"), "the board");
  assert.equal(server.of("GET /board").length, 2);
});

test("a session that ends while the page is open says so, and keeps who it was", async () => {
  await comeBack();
  server.answers[REFRESH] = no(401, "invalid_refresh_token");
  await assert.rejects(session.renew(), { code: "invalid_refresh_token" });

  assert.deepEqual([session.state, session.user.username], ["ended", "ada"]);
  const asked = server.asked.length;
  await assert.rejects(session.token());
  assert.equal(server.asked.length, asked);
});

test("another tab that logs out ends it here; one that logs in again brings it back", async () => {
  await comeBack();
  kept.set("user", null);
  happen(browser.window, "storage", { key: "statusboard.user" });
  assert.equal(session.state, "ended");
  kept.set("user", ADA);
  happen(browser.window, "storage", { key: "statusboard.user" });
  await settle();

  assert.equal(session.state, "in");
});

test("another tab in which somebody else logs in has the page loaded anew", async () => {
  await comeBack();
  let reloads = 0;
  browser.location.reload = () => (reloads += 1);
  kept.set("user", person("bob"));
  happen(browser.window, "storage", { key: "statusboard.user" });

  assert.equal(reloads, 1);
});

test("a wall reads with its own token, which no renewal replaces", async () => {
  browser.location.search = "?wall";
  session.start();
  await session.begin("wall-token");
  assert.deepEqual([session.readOnly, await session.token(), server.of(ME)[0].headers.Authorization], [true, "wall-token", "Bearer wall-token"]);
  await assert.rejects(session.renew("wall-token"), { code: "invalid_token" });

  assert.deepEqual([session.state, kept.get("wall")], ["ended", null]);
});

test("logging out forgets who it was", async () => {
  await comeBack();
  server.answers["POST /auth/logout"] = () => [204];
  await session.logOut();

  assert.deepEqual([session.state, session.user, kept.get("user")], ["out", null, null]);
  assert.equal(await session.token(), null);
});
