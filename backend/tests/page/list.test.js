// A list of statuses that fit a filter: read page by page, and kept right by what happens meanwhile.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { StatusList } from "../../app/web/board/list.js";
import { BoardStore } from "../../app/web/board/store.js";
import { session } from "../../app/web/session.js";
import { FakeBoard, frame, ok, openBrowser, pass, person, reference, settle, status } from "./browser.js";

const LIST = "GET /statuses";
const ADA = person("ada");
const BOB = person("bob");

let server;
let board;

const state = () => ({ position: "p1", github: null, members: [{ user: ADA, status: null }], blockers: [] });
const page = (items, cursor = null) => ({ position: "p1", items, next_cursor: cursor });
const posted = (id, more) => board.apply({ kind: "status.posted", data: status(id, more) });
const edited = (id, more) => board.apply({ kind: "status.edited", data: status(id, { edited_at: "2026-11-24T13:30:00Z", ...more }) });

beforeEach(async () => {
  openBrowser();
  session.user = ADA;
  server = new FakeBoard({ "GET /board": ok(state()), [LIST]: ok(page([])) });
  board = new BoardStore();
  await board.load();
  server.asked = [];
});

// A list that has been read as far as `pages` go.
async function listOf(filter, pages, options) {
  const left = [...pages];
  server.answers[LIST] = () => [200, left.shift()];
  const list = new StatusList(board, filter, options);
  for (const { next_cursor: cursor } of pages) {
    await list.read();
    assert.equal(list.state, cursor ? "more" : "end");
  }
  return list;
}

test("it is read page by page, the newest first", async () => {
  const list = await listOf({ author: "ada" }, [page([status(4), status(3)], "c1"), page([status(2), status(1)])]);

  assert.deepEqual(list.ids, [4, 3, 2, 1]);
  assert.deepEqual(server.of(LIST).map(({ query }) => query), [{ author: "ada", limit: "50" }, { author: "ada", limit: "50", cursor: "c1" }]);
});

test("a page that overlaps what is here brings nothing twice", async () => {
  const list = await listOf({ author: "ada" }, [page([status(3), status(2)], "c1"), page([status(2), status(1)])]);

  assert.deepEqual(list.ids, [3, 2, 1]);
});

test("the end is not asked for again", async () => {
  const list = await listOf({ author: "ada" }, [page([status(1)])]);
  await list.read();

  assert.equal(server.of(LIST).length, 1);
});

test("what is posted comes on top, and its view is told", async () => {
  const list = await listOf({}, [page([status(1)])]);
  const told = [];
  list.listener = (changes) => told.push(changes);
  posted(2);
  await frame();

  assert.deepEqual(list.ids, [2, 1]);
  assert.deepEqual(told, [{ read: [], added: [2], removed: [] }]);
});

test("two of the same moment are in the order of their ids", async () => {
  const list = await listOf({}, [page([status(1)])]);
  const { created_at: moment } = status(5);
  posted(5, { created_at: moment });
  posted(6, { created_at: moment });
  await frame();

  assert.deepEqual(list.ids, [6, 5, 1]);
});

test("what comes late stands where it belongs", async () => {
  const list = await listOf({}, [page([status(5), status(1)])]);
  posted(3);
  await frame();

  assert.deepEqual(list.ids, [5, 3, 1]);
});

test("what belongs to a page that was not read yet waits for it", async () => {
  const list = await listOf({}, [page([status(9), status(8)], "c1")]);
  posted(3);
  await frame();
  assert.deepEqual(list.ids, [9, 8]);
  server.answers[LIST] = ok(page([status(3), status(2)]));
  await list.read();

  assert.deepEqual(list.ids, [9, 8, 3, 2]);
});

test("the oldest first, what is new comes at the end once all is read", async () => {
  const list = await listOf({}, [page([status(1), status(2)])], { isOldestFirst: true });
  posted(3);
  await frame();

  assert.deepEqual(list.ids, [1, 2, 3]);
});

test("what is posted while a page is on its way is not lost", async () => {
  let answer;
  server.answers[LIST] = () => new Promise((resolve) => (answer = () => resolve([200, page([status(1)])])));
  const list = new StatusList(board, {});
  const reading = list.read();
  posted(2);
  await frame();
  answer();
  await reading;

  assert.deepEqual(list.ids, [2, 1]);
});

test("what is deleted while a page is on its way does not come with it", async () => {
  let answer;
  server.answers[LIST] = () => new Promise((resolve) => (answer = () => resolve([200, page([status(2), status(1)])])));
  const list = new StatusList(board, {});
  const reading = list.read();
  board.apply({ kind: "status.deleted", data: { id: 2 } });
  await frame();
  answer();
  await reading;

  assert.deepEqual(list.ids, [1]);
});

const FILTERS = {
  author: [{ author: "ADA" }, {}, { author: BOB }],
  category: [{ category: "blocked" }, { category: "blocked" }, { category: "done" }],
  reference: [{ reference: "Octo/API#1" }, { references: [reference("octo/api#1")] }, { references: [reference("octo/api#11")] }],
  day: [{ day: "2026-11-24" }, {}, { created_at: "2026-11-27T12:00:00Z" }],
};

for (const [name, [filter, fitting, other]] of Object.entries(FILTERS)) {
  test(`by ${name}, only what fits comes in`, async () => {
    const list = await listOf(filter, [page([])]);
    posted(1, other);
    posted(2, fitting);
    await frame();

    assert.deepEqual(list.ids, [2]);
  });
}

test("a day is asked for from its first moment to the next day's", async () => {
  await listOf({ day: "2026-11-24" }, [page([])]);
  const { since, until } = server.of(LIST)[0].query;

  assert.equal(new Date(until) - new Date(since), 24 * 3600 * 1000);
  assert.equal(new Date(since).getHours(), 0);
});

test("an edit brings a status in, and takes it out again", async () => {
  const list = await listOf({ category: "blocked" }, [page([])]);
  posted(1);
  await frame();
  edited(1, { category: "blocked" });
  await frame();
  assert.deepEqual(list.ids, [1]);
  edited(1, { category: "done", edited_at: "2026-11-24T13:40:00Z" });
  await frame();

  assert.deepEqual(list.ids, []);
});

test("which statuses have the words, the board is asked: once for all that gather", async () => {
  const list = await listOf({ q: "build" }, [page([])]);
  server.asked = [];
  server.answers[LIST] = ok(page([status(2)]));
  for (const id of [1, 2, 3]) posted(id);
  await frame();
  assert.deepEqual(list.ids, []);
  await pass(1);

  assert.deepEqual(list.ids, [2]);
  assert.deepEqual(server.of(LIST).map(({ query: { q, since, until } }) => [q, since, until]), [
    ["build", "2026-11-24T12:01:00.000Z", "2026-11-24T12:03:00.001Z"],
  ]);
});

test("what a search found says where the words are, as long as it says the same", async () => {
  const list = await listOf({ q: "build" }, [page([{ ...status(1), matches: [[0, 5]] }])]);

  assert.deepEqual(list.matchesIn(status(1)), [[0, 5]]);
  assert.deepEqual(list.matchesIn({ ...status(1), message: "another" }), []);
  assert.deepEqual(list.matchesIn(status(2)), []);
});

test("and asked again where it does not answer", async () => {
  const list = await listOf({ q: "build" }, [page([])]);
  delete server.answers[LIST];
  posted(1);
  await frame();
  await pass(2);
  server.answers[LIST] = ok(page([status(1)]));
  await pass(10);

  assert.deepEqual(list.ids, [1]);
});

test("a list that nobody looks at any more asks for nothing", async () => {
  const list = await listOf({ q: "build" }, [page([])]);
  server.asked = [];
  posted(1);
  await frame();
  list.stop();
  await pass(5);

  assert.deepEqual(server.asked, []);
});

test("a page that fails can be asked for again", async () => {
  const list = new StatusList(board, { author: "ada" });
  delete server.answers[LIST];
  await list.read();
  assert.equal(list.state, "failed");
  server.answers[LIST] = ok(page([status(1)]));
  await list.read();

  assert.deepEqual([list.state, list.ids], ["end", [1]]);
});

test("when the board is read anew, a filtered list begins anew too, and an answer from before is thrown away", async () => {
  let answer;
  const list = await listOf({ author: "ada" }, [page([status(1)], "c1")]);
  server.answers[LIST] = ({ query }) => (query.author ? new Promise((resolve) => (answer = () => resolve([200, page([status(5)])]))) : [200, page([])]);
  const reading = list.read();
  await settle();
  await board.load();
  answer();
  await reading;

  assert.deepEqual([list.state, list.ids], ["unread", []]);
});
