// Finds what a message names: references to GitHub, and web addresses. The grammar is the same as in
// services/statuses/mentions.py, part by part; tests/grammar.json has the test cases for both.

/** @param {string} word */
const anyCase = (word) => word.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
/** @param {string} host */
const verbatim = (host) => host.replace(/[.[\]]/g, String.raw`\$&`);

// Characters that form one word with a name or number next to them. Scripts without case are left out, since they are
// written without spaces.
const WORD = String.raw`\p{Lu}\p{Ll}\p{Lt}\p{Nd}\u0300-\u036F`;

const OWNER = `(?!${anyCase("orgs")}/)(?=[A-Za-z0-9_-]{1,39}/)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?:_[A-Za-z0-9]+)?`;
const REPO = String.raw`(?!\.\.?[/#])[A-Za-z0-9._-]{1,100}(?<!\.(?:${anyCase("git")}|${anyCase("wiki")}))`;
const NUMBER = `[1-9][0-9]{0,8}(?![_${WORD}])`;
const HTTP = String.raw`(?<![+${WORD}])${anyCase("https?")}:\/\/`;

// How an address continues. It doesn't end with punctuation of its sentence, and stops at a bracket that was opened
// before it.
const SIGN = String.raw`.,;:!?'*_~`;
const LETTER = String.raw`${WORD}\/#@$&+=%\-`;
const INSIDE = `[${LETTER}${SIGN}]*`;
const ON = String.raw`(?:(?:(?![,;]${anyCase("https?")}:\/\/)[${SIGN}])*(?:[${LETTER}]|\(${INSIDE}\)|\[${INSIDE}\]))`;

/** @type {Map<string, RegExp>} */
const grammars = new Map();

/** @param {string} host @returns {RegExp} */
function grammar(host) {
  let made = grammars.get(host);
  if (!made) {
    const alternatives = [
      `${HTTP}(?:${anyCase(String.raw`www\.`)})?${anyCase(verbatim(host))}/(?<place>${OWNER}/${REPO})/(?:issues|pull|discussions)/(?<number>${NUMBER})(?:(?=[/?#])${ON}+)?`,
      String.raw`(?<![_./\\@#$${WORD}-])(?<name>${OWNER}/${REPO}#${NUMBER})`,
      String.raw`(?<![_./\\@#$&${WORD}-])(?:#|${anyCase("GH")}-)(?<bare>${NUMBER})`,
      `(?<address>${HTTP}${ON}+)`,
      `://${ON}+`,
    ];
    made = new RegExp(alternatives.join("|"), "gu");
    grammars.set(host, made);
  }
  return made;
}

/** @param {{ owner: string, repo: string, number: number | string }} reference */
export const name = ({ owner, repo, number }) => `${owner}/${repo}#${number}`;

// Owners and repositories are case-insensitive.
/** @param {string | { owner: string, repo: string, number: number | string }} reference */
export const key = (reference) => (typeof reference === "string" ? reference : name(reference)).toLowerCase();

/** @param {string} text */
function isAddress(text) {
  try {
    return Boolean(new URL(text));
  } catch {
    return false;
  }
}

// Yields the start and end of each part that is not code. A run of backticks opens code if another run of the same
// length follows. Code ends with its paragraph, except in fences of three or more.
/** @param {string} message @returns {Generator<[number, number]>} */
function* prose(message) {
  const marks = [...message.matchAll(/\x60+|\n(?=[ \t]*\n)/g)];
  /** @type {(number | undefined)[]} */
  const closing = [];
  /** @type {Record<number, number | undefined>} */
  const nearest = {};
  for (let index = marks.length - 1; index >= 0; index -= 1) {
    const [mark] = marks[index];
    if (mark === "\n") nearest[1] = nearest[2] = undefined;
    else [closing[index], nearest[mark.length]] = [nearest[mark.length], index];
  }
  let start = 0;
  for (let index = 0; index < marks.length; index += 1) {
    const end = closing[index];
    if (end === undefined) continue;
    yield [start, marks[index].index];
    index = end;
    start = marks[index].index + marks[index][0].length;
  }
  yield [start, message.length];
}

/** @param {any} match @param {string | null} repository @returns {Piece | null} */
function read({ 0: text, groups: { place, number, name: named, bare, address } }, repository) {
  if (place) return { text, reference: `${place}#${number}`, address: text };
  if (named) return { text, reference: named };
  if (bare) return repository ? { text, reference: `${repository}#${bare}` } : null;
  return address && isAddress(text) ? { text, address } : null;
}

// Yields the pieces of a message in order; together their texts are the whole message. A piece is {text}, {text,
// reference: "owner/repo#1"}, {text, address}, or {text, reference, address} for the address of a reference. `host` is
// where GitHub is, and `repository` is what bare numbers refer to.
/** @param {string} message @param {Grammar} [grammar] @returns {Generator<Piece>} */
export function* pieces(message, { host = "github.com", repository = null } = {}) {
  let last = 0;
  for (const [start, end] of prose(message)) {
    for (const match of message.slice(start, end).matchAll(grammar(host))) {
      const piece = read(match, repository);
      if (!piece) continue;
      const at = start + match.index;
      if (at > last) yield { text: message.slice(last, at) };
      yield piece;
      last = at + piece.text.length;
    }
  }
  if (last < message.length) yield { text: message.slice(last) };
}
