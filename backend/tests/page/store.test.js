// What the page knows of the board: read once, then kept right by events.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { BoardStore } from "../../app/web/board/store.js";
import { session } from "../../app/web/session.js";
import { FakeBoard, frame, ok, openBrowser, pass, person, reference, settle, status } from "./browser.js";

const ADA = person("ada");
const BOB = person("bob");

let server;
let board;

const state = (more = {}) => ({ position: "p1", github: null, members: [{ user: ADA, status: null }, { user: BOB, status: null }], blockers: [], ...more });
const page = (items, more = {}) => ({ position: "p1", items, next_cursor: null, ...more });
const event = (kind, data, position) => ({ type: "event", kind, data, position });
const posted = (data) => event("status.posted", data);
const messages = (statuses) => statuses.map(({ message }) => message);

beforeEach(() => {
  openBrowser();
  session.user = ADA;
  server = new FakeBoard({ "GET /board": ok(state()), "GET /statuses": ok(page([])), "GET /users/me": ok(ADA) });
  board = new BoardStore();
});

// Collects what the views would be told.
function listen() {
  const told = [];
  board.onChange((changes) => told.push(changes));
  return told;
}

test("it reads who does what, and the newest statuses", async () => {
  const [first, second] = [status(1), status(2, { author: BOB })];
  server.answers["GET /board"] = ok(state({ members: [{ user: ADA, status: first }, { user: BOB, status: second }] }));
  server.answers["GET /statuses"] = ok(page([second, first]));
  const told = listen();
  await board.load();

  assert.deepEqual(board.feed.ids, [2, 1]);
  assert.deepEqual(board.presentStatuses().map(({ user, status: { id } }) => [user.username, id]), [["ada", 1], ["bob", 2]]);
  assert.equal(board.position, "p1");
  assert.deepEqual(told.map(({ reset }) => reset), [true]);
});

test("of two answers of different moments, the feed is read again", async () => {
  const pages = [page([], { position: "p0" }), page([status(1)])];
  server.answers["GET /statuses"] = () => [200, pages.shift()];
  await board.load();

  assert.deepEqual(board.feed.ids, [1]);
  assert.equal(board.position, "p1");
});

test("what happens while it is being read comes on top of what is read", async () => {
  let answer;
  server.answers["GET /statuses"] = () => new Promise((resolve) => (answer = () => resolve([200, page([status(1)])])));
  const loading = board.load();
  await settle();
  board.apply(event("status.edited", status(1, { message: "Edited", edited_at: "2026-11-24T12:03:00Z" }), "p2"));
  board.apply(event("status.posted", status(2), "p3"));
  answer();
  await loading;
  await frame();

  assert.deepEqual(board.feed.ids, [2, 1]);
  assert.equal(board.statuses.get(1).message, "Edited");
  assert.equal(board.position, "p3");
});

test("the same event twice does no harm", async () => {
  await board.load();
  for (const data of [status(1), status(1), status(2, { category: "blocked" }), status(2, { category: "blocked" })]) board.apply(posted(data));
  await frame();

  assert.deepEqual(board.feed.ids, [2, 1]);
  assert.equal(board.blockers().length, 1);
});

test("what has changed is told once a frame, all of it", async () => {
  await board.load();
  const told = listen();
  board.apply(posted(status(1)));
  board.apply(event("status.edited", status(1, { edited_at: "2026-11-24T12:02:00Z" })));
  board.apply(event("status.deleted", { id: 1 }));
  await frame();
  await pass(0.3);

  assert.equal(told.length, 1);
  assert.deepEqual([told[0].posted, [...told[0].edited], [...told[0].deleted], told[0].overview], [[1], [1], [1], true]);
});

test("where there are no frames, since nobody looks, it is told all the same", async () => {
  await board.load();
  document.hidden = true;
  const told = listen();
  board.apply(posted(status(1)));
  await pass(0.1);

  assert.equal(told.length, 1);
});

test("an answer that is older than an edit does not undo it", async () => {
  await board.load();
  board.apply(posted(status(1)));
  board.apply(event("status.edited", status(1, { message: "New", edited_at: "2026-11-24T12:03:00Z" })));
  board.apply(event("status.edited", status(1, { message: "Old", edited_at: "2026-11-24T12:02:00Z" })));
  board.apply(posted(status(1, { message: "Oldest" })));
  board.learn(status(1, { message: "Oldest" }));

  assert.equal(board.statuses.get(1).message, "New");
});

test("what was deleted does not come back by a late answer", async () => {
  await board.load();
  board.apply(posted(status(1)));
  board.apply(event("status.deleted", { id: 1 }));
  board.apply(posted(status(1)));
  board.apply(event("status.edited", status(1)));
  board.learn(status(1));
  await frame();

  assert.equal(board.statuses.size, 0);
  assert.deepEqual(board.feed.ids, []);
});

test("the newest status of a person is present, whatever comes late", async () => {
  await board.load();
  board.apply(posted(status(2)));
  board.apply(posted(status(1)));

  assert.deepEqual(messages(board.presentStatuses().map(({ status: one }) => one)), ["Status 2"]);
});

test("who has said nothing today, by their own day, is not present", async () => {
  const sunrise = person("kei", { time_zone: "Asia/Tokyo" });
  const before = (author) => status(1, { author, created_at: "2026-11-24T02:00:00Z" });
  server.answers["GET /board"] = ok(state({ members: [{ user: sunrise, status: before(sunrise) }] }));
  await board.load();
  assert.equal(board.presentStatuses().length, 1);
  // In Tokyo the next day begins at 15:00 UTC.
  mock.timers.setTime(Date.parse("2026-11-24T15:00:01Z"));

  assert.equal(board.presentStatuses().length, 0);
});

test("where a deleted status was somebody's newest, the board is asked who does what", async () => {
  await board.load();
  board.apply(posted(status(1)));
  board.apply(posted(status(2)));
  server.answers["GET /board"] = ok(state({ members: [{ user: ADA, status: status(1) }] }));
  board.apply(event("status.deleted", { id: 2 }));
  await pass(1);

  assert.deepEqual(messages(board.presentStatuses().map(({ status: one }) => one)), ["Status 1"]);
});

test("and asked again until it answers", async () => {
  await board.load();
  delete server.answers["GET /board"];
  board.apply(posted(status(1)));
  board.apply(event("status.deleted", { id: 1 }));
  await pass(2);
  server.answers["GET /board"] = ok(state({ members: [{ user: ADA, status: status(3) }] }));
  await pass(2);

  assert.deepEqual(messages(board.presentStatuses().map(({ status: one }) => one)), ["Status 3"]);
});

test("a blocked status stands until its author says something else", async () => {
  await board.load();
  board.apply(posted(status(1, { category: "blocked" })));
  board.apply(posted(status(2, { category: "blocked", author: BOB })));
  assert.deepEqual(messages(board.blockers().map(({ status: one }) => one)), ["Status 1", "Status 2"]);
  board.apply(posted(status(3)));

  assert.deepEqual(messages(board.blockers().map(({ status: one }) => one)), ["Status 2"]);
});

test("who says blocked again and again has ten blockers, the newest", async () => {
  await board.load();
  for (let id = 1; id <= 12; id += 1) board.apply(posted(status(id, { category: "blocked" })));

  assert.deepEqual(board.blockers().map(({ status: { id } }) => id), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test("a blocker waits for what is open, and is cleared when all is over", async () => {
  await board.load();
  const [one, other] = [reference("octo/api#1"), reference("octo/api#2", { kind: "pull_request" })];
  board.apply(posted(status(1, { category: "blocked", references: [one, other] })));
  board.apply(event("reference.changed", { ...one, state: "closed" }));
  assert.deepEqual(board.blockers().map(({ waitsFor, cleared }) => [waitsFor.length, cleared]), [[1, false]]);
  board.apply(event("reference.changed", { ...other, state: "merged" }));

  assert.deepEqual(board.blockers().map(({ waitsFor, cleared }) => [waitsFor.length, cleared]), [[0, true]]);
});

test("a blocker that waits for nothing it names is not cleared", async () => {
  await board.load();
  board.apply(posted(status(1, { category: "blocked" })));

  assert.equal(board.blockers()[0].cleared, false);
});

test("a reference is told of once, by whatever case it is named", async () => {
  await board.load();
  const told = listen();
  board.learnReference(reference("octo/api#1"));
  board.apply(event("reference.changed", reference("Octo/API#1", { state: "merged" })));
  board.apply(event("reference.changed", reference("Octo/API#1", { state: "merged" })));
  await frame();

  assert.deepEqual([...told[0].references], ["octo/api#1"]);
  assert.equal(board.reference("octo/api#1").state, "merged");
});

test("the news that one can go on is told with the status", async () => {
  await board.load();
  const told = listen();
  board.apply(event("blocker.cleared", status(1, { category: "blocked" })));
  await frame();

  assert.deepEqual(messages(told[0].cleared), ["Status 1"]);
});

test("people whose names look alike are told apart from then on", async () => {
  await board.load();
  const told = listen();
  board.apply(event("member.changed", person("mallory", { display_name: "\u0410da" })));
  await frame();

  assert.equal(told[0].names, true);
  assert.equal(board.nameOf(ADA), "Ada (@ada)");
});

test("whose account is disabled is no member, and their statuses are still theirs", async () => {
  await board.load();
  board.apply(posted(status(1, { author: BOB })));
  board.apply(event("member.changed", { ...BOB, disabled: true }));

  assert.deepEqual([...board.members.keys()], ["ada"]);
  assert.deepEqual(board.people().map(({ username }) => username), ["ada", "bob"]);
  assert.equal(board.statuses.get(1).author.username, "bob");
});

test("a change of one's own account is read anew", async () => {
  await board.load();
  server.answers["GET /users/me"] = ok(person("ada", { role: "admin" }));
  board.apply(event("member.changed", person("ada", { role: "admin" })));
  await settle();

  assert.equal(session.user.role, "admin");
});

test("a kind of event that this page does not know changes nothing", async () => {
  await board.load();
  const told = listen();
  board.apply(event("weather.changed", {}, "p9"));
  await frame();

  assert.deepEqual(told, []);
  assert.equal(board.position, "p9");
});
