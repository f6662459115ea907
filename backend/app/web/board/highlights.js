// Where a search's words are in a message. The board counts in code points, and JavaScript's strings in UTF-16 units.

/** @param {string} message @param {[number, number][]} matches @returns {[number, number][]} */
export function inUnits(message, matches) {
  const places = [0];
  for (const character of message) places.push(places[places.length - 1] + character.length);
  return matches.map(([start, end]) => [places[start], places[end]]);
}

// Yields a piece of the message in parts, which are in a match or not. `at` is where the piece begins.
/** @param {string} text @param {number} at @param {[number, number][]} found */
export function* parts(text, at, found) {
  let last = 0;
  for (const [start, end] of found) {
    const from = Math.max(last, start - at);
    const to = Math.min(text.length, end - at);
    if (to <= from) continue;
    if (from > last) yield { text: text.slice(last, from), isFound: false };
    yield { text: text.slice(from, to), isFound: true };
    last = to;
  }
  if (last < text.length) yield { text: text.slice(last), isFound: false };
}
