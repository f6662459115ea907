// Which names look alike, and what people are called then.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Names, skeleton } from "../../app/web/names.js";

const ALIKE = {
  Cyrillic: ["Ada", "\u0410d\u0430"],
  "all Cyrillic": ["Cope", "\u0421\u043e\u0440\u0435"],
  "small for capital Cyrillic": ["BEKTOP", "\u0432\u0435\u043a\u0442\u043e\u0440"],
  "Greek capitals": ["NIKY HOT", "\u039d\u0399\u039a\u03a5 \u0397\u039f\u03a4"],
  "small Greek": ["Nova", "N\u03bf\u03bd\u03b1"],
  Armenian: ["Noah", "N\u0585a\u0570"],
  "full width": ["Ada", "\uff21\uff44\uff41"],
  mathematical: ["Ada", "\u{1d400}\u{1d41d}\u{1d41a}"],
  case: ["Ada Lovelace", "ADA lovelace"],
  "capital I and small l": ["Ian", "lan"],
  "digits and a bar": ["Oli", "0|1"],
  "r and n": ["Bernd", "Bemd"],
  accents: ["José Núñez", "Jose\u0301 Nunez"],
  "a dot on a dotless i": ["Ida", "\u0131\u0307da"],
  "zero width": ["Ada", "A\u200bd\u2060a\ufeff"],
  "invisible letters": ["Ada", "A\u3164d\u115fa\u2800"],
  "directions and tags": ["Ada", "\u202eAda\u{e0061}"],
  spaces: ["Ada Lovelace", "Ada\u00a0\u2003Lovelace"],
  "no space": ["Ada Lovelace", "AdaLovelace"],
  "dashes and apostrophes": ["Anne-Marie O'Neil", "Anne\u2010Marie O\u2019Neil"],
  "a full stop": ["Ada", "Ada."],
};
const DIFFERENT = [
  ...["Ada", "Adam", "Bob", "Cleo", "Ivan", "Иван", "Ганна", "Łukasz", "Öz", "Žiga", "Ζωή", "Ada 🦊", "Ada 🐻", "Ann 2"],
  ...["李雷", "韩梅梅", "さき", "ざき", "राम", "रमा", "سارة", "שרה"],
];

// What everyone is shown as, once all of this was told in its order.
function shown(...told) {
  const names = new Names();
  for (const [username, name] of told) names.set({ username, display_name: name });
  return [...new Set(told.map(([username]) => username))].map((username) => names.of({ username }));
}

for (const [why, [one, other]] of Object.entries(ALIKE)) {
  test(`names that look alike have one skeleton: ${why}`, () => {
    assert.equal(skeleton(one), skeleton(other));
  });
}

test("names that differ to the eye have skeletons of their own", () => {
  assert.equal(new Set(DIFFERENT.map(skeleton)).size, DIFFERENT.length);
});

test("who looks like another has the username behind the name, and nobody else", () => {
  assert.deepEqual(shown(["ada", "Ada"], ["bob", "Bob"], ["mallory", "\u0410da"]), ["Ada (@ada)", "Bob", "\u0410da (@mallory)"]);
});

test("the username goes with the likeness", () => {
  const told = [["ada", "Ada"], ["mallory", "\u0410da"], ["mallory", "Mal"], ["ada", "Ada L."], ["ada", "Ada"]];

  assert.deepEqual(shown(...told), ["Ada", "Mal"]);
});

for (const at of ["@", "\uff20", "\ufe6b"]) {
  test(`no name passes for one with a username: ${at}`, () => {
    assert.deepEqual(shown(["mallory", `Ada (${at}ada)`], ["ada", "Ada"]), [`Ada (${at}ada) (@mallory)`, "Ada"]);
  });
}
