// Times in the reader's own zone, by the board's clock.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { hear, now } from "../../app/web/clock.js";
import { bounds, day, dayHeading, dayIn, relative } from "../../app/web/time.js";
import { openBrowser } from "./browser.js";

beforeEach(() => openBrowser());

for (const [moment, text] of [
  ["2026-11-24T12:00:00Z", "now"],
  ["2026-11-24T11:59:01Z", "now"],
  ["2026-11-24T11:56:00Z", "4\u00a0min"],
  ["2026-11-24T10:00:00Z", "2\u00a0h"],
  ["2026-11-23T14:05:00Z", "yesterday 14:05"],
  ["2026-11-20T14:05:00Z", "Fri 14:05"],
  ["2026-11-03T14:05:00Z", "3 Nov"],
  ["2025-11-03T14:05:00Z", "3 Nov 2025"],
]) {
  test(`${moment} is ${text}`, () => {
    assert.equal(relative(moment), text);
  });
}

for (const [moment, text] of [
  ["2026-11-24T00:00:00Z", "Today"],
  ["2026-11-23T23:59:59Z", "Yesterday"],
  ["2026-11-20T12:00:00Z", "Friday 20 November"],
  ["2025-11-20T12:00:00Z", "Thursday 20 November 2025"],
]) {
  test(`the day of ${moment} is headed ${text}`, () => {
    assert.equal(dayHeading(moment).replaceAll(",", ""), text);
  });
}

test("a day goes from its first moment to the next one's", () => {
  assert.deepEqual(bounds("2026-11-24"), { since: "2026-11-24T00:00:00.000Z", until: "2026-11-25T00:00:00.000Z" });
});

for (const wrong of ["2026-02-30", "2026-13-01", "24.11.2026", "2026-1-1", ""]) {
  test(`there is no day "${wrong}"`, () => {
    assert.equal(bounds(wrong), null);
  });
}

test("somebody else's day is by their zone; a zone that is not known counts as UTC", () => {
  const moment = "2026-11-24T16:00:00Z";

  assert.deepEqual(["Asia/Tokyo", "UTC", "Atlantis/Capital"].map((zone) => dayIn(zone, moment)), ["2026-11-25", "2026-11-24", "2026-11-24"]);
  assert.equal(day(moment), "2026-11-24");
});

// Last, since the page keeps what it has heard.
test("the time is the board's, whatever this computer's clock says and becomes", () => {
  hear({ headers: new Headers({ Date: "Tue, 24 Nov 2026 15:00:00 GMT" }) });
  mock.method(performance, "now", () => 60_000);
  mock.timers.setTime(0);

  assert.equal(new Date(now()).toISOString(), "2026-11-24T15:01:00.000Z");
});
