// The time by the board's clock, which decides what is from today and what can still be edited. This computer's clock
// may be wrong, or may be corrected while the page is open.

/** @type {number | null} */
let heard = null;

// Takes the time from one of the board's answers. It is at most a second old. From there it is counted on without this
// computer's clock.
/** @param {{ headers: Headers }} answer */
export function hear(answer) {
  const time = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(time)) heard = time - performance.now();
}

// In milliseconds. Until the board has answered, this computer's time.
export const now = () => (heard === null ? Date.now() : heard + performance.now());
