// What time it is by the board's clock, which says what is of today and what can still be edited. This computer's may be
// wrong, or be set right while the page is open.

/** @type {number | null} */
let heard = null;

// Takes the time from an answer of the board's. It is a second old at most, and counted on from there without looking at
// this computer's clock.
/** @param {{ headers: Headers }} answer */
export function hear(answer) {
  const time = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(time)) heard = time - performance.now();
}

// In milliseconds. This computer's own time until the board has answered.
export const now = () => (heard === null ? Date.now() : heard + performance.now());
