// What was posted and is not confirmed yet: no word is lost, none is posted twice, and the order stays.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Outbox } from "../../app/web/board/outbox.js";
import { session } from "../../app/web/session.js";
import { FakeBoard, happen, no, openBrowser, pass, person, settle, status } from "./browser.js";

const POST = "POST /statuses";

let browser;
let server;
let stored;
let board;

beforeEach(() => {
  browser = openBrowser();
  Object.assign(session, { user: person("ada"), state: "in" });
  stored = [];
  const store = ({ body }) => {
    stored.push(body.message);
    return [201, status(stored.length, { message: body.message, category: body.category })];
  };
  server = new FakeBoard({ [POST]: store });
  board = { statuses: new Map(), applied: [], apply: (event) => board.applied.push(event), onChange: (tell) => (board.tell = tell) };
});

const keys = () => server.of(POST).map(({ headers }) => headers["Idempotency-Key"]);
const states = (outbox) => outbox.items.map(({ message, state }) => [message, state]);
const refuse = no(422, "invalid_request", { errors: [{ loc: ["body", "message"], msg: "It is too long." }] });

test("what is confirmed leaves it, and is on the board at once", async () => {
  const outbox = new Outbox(board);
  outbox.post("Reviewing", "planning");
  assert.deepEqual(states(outbox), [["Reviewing", "sending"]]);
  await settle();

  assert.deepEqual(outbox.items, []);
  assert.deepEqual(server.of(POST)[0].body, { message: "Reviewing", category: "planning" });
  assert.deepEqual(board.applied.map(({ kind, data }) => [kind, data.message]), [["status.posted", "Reviewing"]]);
});

test("one is sent after the other, in the order in which they were written", async () => {
  const outbox = new Outbox(board);
  for (const message of ["One", "Two", "Three"]) outbox.post(message, "done");
  await settle();

  assert.deepEqual(stored, ["One", "Two", "Three"]);
});

test("none is sent while another is under way", async () => {
  const answers = [];
  server.answers[POST] = ({ body }) => new Promise((resolve) => answers.push(() => resolve([201, status(1, body)])));
  const outbox = new Outbox(board);
  outbox.post("One", "done");
  outbox.post("Two", "done");
  await settle();
  assert.equal(server.of(POST).length, 1);
  answers[0]();
  await settle();

  assert.equal(server.of(POST).length, 2);
});

test("two that say the same are two", async () => {
  const outbox = new Outbox(board);
  outbox.post("Lunch", "done");
  outbox.post("Lunch", "done");
  await settle();

  assert.deepEqual(stored, ["Lunch", "Lunch"]);
  assert.equal(new Set(keys()).size, 2);
});

test("where the board is away, it waits and is sent again with the same key, ever more rarely", async () => {
  delete server.answers[POST];
  const outbox = new Outbox(board);
  outbox.post("Away", "done");
  await settle();
  assert.deepEqual(states(outbox), [["Away", "waiting"]]);
  await pass(60);
  const tries = keys();
  server.answers[POST] = ({ body }) => [201, status(1, body)];
  await pass(31);

  assert.ok(tries.length >= 5 && tries.length <= 8, `${tries.length}`);
  assert.equal(new Set(keys()).size, 1);
  assert.deepEqual(outbox.items, []);
});

for (const code of [401, 408, 429, 500, 503]) {
  test(`an answer of ${code} is none about the status: it waits`, async () => {
    server.answers[POST] = no(code, "later");
    const outbox = new Outbox(board);
    outbox.post("Patience", "done");
    outbox.post("Next", "done");
    await settle();

    assert.deepEqual(states(outbox), [["Patience", "waiting"], ["Next", "waiting"]]);
  });
}

test("what is refused stays with the reason, and lets the next go", async () => {
  server.answers[POST] = ({ body }) => (body.message === "Bad" ? refuse() : [201, status(1, body)]);
  const outbox = new Outbox(board);
  outbox.post("Bad", "done");
  outbox.post("Good", "done");
  await settle();

  assert.deepEqual(states(outbox), [["Bad", "refused"]]);
  assert.equal(outbox.items[0].reason, "It is too long.");
  assert.deepEqual(board.applied.map(({ data }) => data.message), ["Good"]);
});

test("it survives a reload, with the key that it had", async () => {
  server.answers[POST] = () => new Promise(() => {});
  new Outbox(board).post("Sent, and not answered", "done");
  await settle();
  const [before] = keys();
  server.answers[POST] = ({ body }) => [201, status(1, body)];
  const after = new Outbox(board);
  assert.deepEqual(states(after), [["Sent, and not answered", "waiting"]]);
  await after.flush();

  assert.deepEqual(keys(), [before, before]);
  assert.deepEqual(after.items, []);
});

test("nothing of it is left in the tab when all is confirmed", async () => {
  new Outbox(board).post("Done", "done");
  await settle();

  assert.equal(browser.window.sessionStorage.getItem("statusboard.outbox"), null);
});

test("what has waited for a day is not sent: the board may have forgotten its key", async () => {
  delete server.answers[POST];
  const outbox = new Outbox(board);
  outbox.post("Yesterday's", "done");
  await settle();
  outbox.items[0].created_at = "2026-11-23T12:30:00Z";
  server.asked = [];
  await pass(3);

  assert.deepEqual(states(outbox), [["Yesterday's", "refused"]]);
  assert.deepEqual(server.asked, []);
});

test("what somebody else has written waits for them", async () => {
  delete server.answers[POST];
  const outbox = new Outbox(board);
  outbox.post("Ada's", "done");
  await settle();
  session.user = person("bob");
  server.answers[POST] = ({ body }) => [201, status(1, body)];
  await pass(5);

  assert.deepEqual(outbox.mine(), []);
  assert.deepEqual(states(outbox), [["Ada's", "waiting"]]);
});

test("while nobody is logged in nothing is sent, and afterwards at once", async () => {
  session.state = "ended";
  const outbox = new Outbox(board);
  outbox.post("Later", "done");
  await settle();
  assert.deepEqual(server.asked, []);
  session.state = "in";
  await outbox.flush();

  assert.equal(server.of(POST).length, 1);
});

test("when the network is back it is sent at once", async () => {
  delete server.answers[POST];
  const outbox = new Outbox(board);
  outbox.post("Online", "done");
  await settle();
  server.answers[POST] = ({ body }) => [201, status(1, body)];
  happen(browser.window, "online");
  await settle();

  assert.deepEqual(outbox.items, []);
});

test("what was posted and deleted since is not posted again", async () => {
  server.answers[POST] = no(404, "status_not_found");
  const outbox = new Outbox(board);
  outbox.post("Gone", "done");
  await settle();

  assert.deepEqual(outbox.items, []);
});

test("what the feed tells of before its answer is not seen twice", async () => {
  let answer;
  server.answers[POST] = ({ body }) => new Promise((resolve) => (answer = () => resolve([201, status(7, body)])));
  const outbox = new Outbox(board);
  outbox.post("Quick", "done");
  await settle();
  assert.equal(outbox.unseen().length, 1);
  board.statuses.set(6, status(6, { author: person("bob") }));
  board.tell({ posted: [6] });
  assert.equal(outbox.unseen().length, 1);
  board.statuses.set(7, status(7));
  board.tell({ posted: [7] });

  assert.deepEqual(outbox.unseen(), []);
  assert.equal(outbox.items.length, 1);
  answer();
  await settle();
  assert.deepEqual(outbox.items, []);
});

test("what the feed tells of after its answer hides nothing that is under way", async () => {
  const outbox = new Outbox(board);
  outbox.post("First", "done");
  await settle();
  server.answers[POST] = () => new Promise(() => {});
  outbox.post("Second", "done");
  await settle();
  board.statuses.set(1, status(1));
  board.tell({ posted: [1] });

  assert.deepEqual(outbox.unseen().map(({ message }) => message), ["Second"]);
});

test("who leaves the page is asked, while something waits that would go with the tab", async () => {
  const leaving = () => !happen(browser.window, "beforeunload");
  delete server.answers[POST];
  const outbox = new Outbox(board);
  assert.equal(leaving(), false);
  outbox.post("Waits", "done");
  await settle();
  assert.equal(leaving(), true);
  outbox.remove(outbox.items[0]);

  assert.equal(leaving(), false);
});
