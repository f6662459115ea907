// What a message names, by the table that the server is held to as well: tests/unit/test_page_grammar.py compares the two
// beyond it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { key, pieces } from "../../app/web/board/grammar.js";

const TABLE = JSON.parse(readFileSync(new URL("../grammar.json", import.meta.url), "utf8"));

// A piece as the table has it: text as it is, an address, or a reference in the words in which it is written.
function piece(told) {
  if (typeof told === "string") return { text: told };
  if (told.address) return { text: told.address, address: told.address };
  const text = told.written ?? told.reference;
  return { text, reference: told.reference, ...(text.includes("://") && { address: text }) };
}

for (const { why, pieces: told, host, repository } of TABLE) {
  test(why, () => {
    const expected = told.map(piece);
    const message = expected.map(({ text }) => text).join("");

    assert.deepEqual([...pieces(message, { host, repository })], expected);
  });
}

test("a reference is one, whatever its case", () => {
  assert.equal(key({ owner: "Octo", repo: "API", number: 12 }), key("octo/api#12"));
});
