// What people are called. People whose names look alike are shown with their usernames, which are unique.

// Letters of other alphabets, and digits, by the Latin letter that they look like. They are from Unicode's list of
// confusables (UTS #39, confusables.txt), as far as keyboards and fonts commonly have them, plus small letters whose
// capitals look like that letter.
const LIKE = {
  a: "аɑα",
  b: "вьβ",
  c: "сϲ",
  d: "ԁ",
  e: "еҽε",
  g: "ɡց",
  h: "нһհ",
  j: "јϳ",
  k: "кκ",
  l: "i1ıіιӏǀɩ",
  m: "м",
  n: "ոпη",
  o: "0оοօσ",
  p: "рρ",
  q: "ԛգ",
  r: "гᴦ",
  s: "ѕ",
  t: "тτ",
  u: "υսʋ",
  v: "ѵν",
  w: "ԝѡաω",
  x: "хχ",
  y: "уүγ",
  z: "ζ",
};
// Capitals that look like a different letter than their small letters do.
const CAPITALS = { h: "Η", n: "Ν", y: "Υ" };

/** @param {Record<string, string>} like @returns {Map<string, string>} */
const invert = (like) => new Map(Object.entries(like).flatMap(([latin, others]) => [...others].map((other) => [other, latin])));
const [small, capitals] = [LIKE, CAPITALS].map(invert);

/** @param {string} text @param {Map<string, string>} table */
const swap = (text, table) => Array.from(text, (letter) => table.get(letter) ?? letter).join("");

// Invisible characters (including the blank Braille pattern), punctuation and spaces, and the accents of Latin, Greek
// and Cyrillic letters.
const LEFT_OUT = /[\p{DI}\u2800\p{C}\p{Z}\p{P}\p{Sk}\p{Sm}\u0300-\u036f]/gu;

// Returns a form of a name that is the same for all names that look like it.
/** @param {string} name */
export function skeleton(name) {
  const letters = name.normalize("NFKD").replaceAll("|", "l").replace(LEFT_OUT, "");
  return swap(swap(letters, capitals).toLowerCase(), small).replaceAll("rn", "m");
}

// Compares people by name, in the reader's language.
/** @returns {(one: Author, other: Author) => number} */
export function byName() {
  const { compare } = new Intl.Collator(navigator.languages, { sensitivity: "base" });
  return (one, other) => compare(one.display_name, other.display_name);
}

export class Names {
  // The name and its skeleton, by username.
  /** @type {Map<string, { name: string, shape: string }>} */
  #known = new Map();
  // The usernames, by skeleton.
  /** @type {Map<string, Set<string>>} */
  #alike = new Map();

  /** @param {string} username */
  has(username) {
    return this.#known.has(username);
  }

  // Returns whether the name is new.
  /** @param {Author} person */
  set({ username, display_name: name }) {
    const before = this.#known.get(username);
    if (before?.name === name) return false;
    const shape = skeleton(name);
    if (before) this.#alike.get(before.shape)?.delete(username);
    this.#known.set(username, { name, shape });
    this.#alike.set(shape, (this.#alike.get(shape) ?? new Set()).add(username));
    return true;
  }

  // What to call somebody: the name, followed by the username if another name looks alike. A name with an @ gets it
  // too, since it could pass for another person's name with username.
  /** @param {Author} person @returns {string} */
  of({ username, display_name: given }) {
    const { name, shape } = this.#known.get(username) ?? { name: given, shape: skeleton(given) };
    const isAlone = (this.#alike.get(shape)?.size ?? 0) < 2 && !/[@＠﹫]/.test(name);
    return isAlone ? name : `${name} (@${username})`;
  }
}
