// Where the words of a search are in a message.

import assert from "node:assert/strict";
import test from "node:test";

import { inUnits, parts } from "../../app/web/board/highlights.js";

test("code points become places in a string", () => {
  assert.deepEqual(inUnits("👩‍💻 café", [[0, 3], [4, 8]]), [[0, 5], [6, 10]]);
  assert.deepEqual(inUnits("", []), []);
});

test("a piece of a message is split at its matches", () => {
  const split = (text, at, found) => [...parts(text, at, found)].map(({ text, isFound }) => (isFound ? `[${text}]` : text)).join("");

  assert.equal(split("one two three", 0, [[4, 7]]), "one [two] three");
  assert.equal(split("one two", 0, [[0, 3], [3, 7]]), "[one][ two]");
  assert.equal(split("two three", 4, [[0, 6], [8, 99]]), "[tw]o [three]");
  assert.equal(split("one", 10, [[0, 3]]), "one");
});
