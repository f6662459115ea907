// The text of a status: what it names become badges and links, all else stays text.

import { h } from "./dom.js";
import { key, pieces } from "./grammar.js";
import { badge } from "./marks.js";

const hostOf = ({ url }) => new URL(url).hostname;

function reader(status) {
  const left = new Map(status.references.map((reference) => [key(reference), reference]));
  const shown = (reference) => (left.delete(key(reference)), reference);
  const known = new Map(left);
  return {
    left,
    find(piece) {
      if (piece.reference) return known.get(key(piece.reference)) && shown(known.get(key(piece.reference)));
      const numbered = status.references.find(({ number }) => number === piece.number);
      return numbered && shown(numbered);
    },
  };
}

// Returns nodes. References that are not found in the text stand at its end.
export function message(status, board) {
  const { left, find } = reader(status);
  const hosts = new Set(["github.com", ...status.references.map(hostOf)]);
  const nodes = [...pieces(status.message, hosts)].map((piece) => {
    if (piece.address) {
      return h("a", { href: piece.address, target: "_blank", rel: "noopener noreferrer", dir: "ltr" }, piece.text);
    }
    const reference = (piece.reference || piece.number) && find(piece);
    return reference ? badge(board.reference(reference)) : piece.text;
  });
  for (const reference of left.values()) nodes.push(" ", badge(board.reference(reference)));
  return nodes;
}
