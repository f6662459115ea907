// What a message names: references to GitHub, and plain web addresses. The board's answer says which references count;
// this finds where they stand. The grammar is that of services/mentions.py, as far as it shows.

const FOUND = new RegExp(
  [
    String.raw`(?<code>\x60+)[^]*?[^\x60]\k<code>(?!\x60)`,
    String.raw`(?<![a-z\d+])(?<address>https?://[^\s<>"]+)`,
    String.raw`(?<![\w./\\@#$-])(?<place>[a-z\d][\w-]{0,38}/[\w.-]{1,100}#[1-9]\d{0,8})(?!\w)`,
    String.raw`(?<![\w./\\@#$&-])(?:#|GH-)(?<bare>[1-9]\d{0,8})(?!\w)`,
  ].join("|"),
  "gi",
);
const ON_GITHUB = /^https?:\/\/(?:www\.)?([^/]+)\/([\w-]+)\/([\w.-]+)\/(?:issues|pull|discussions)\/([1-9]\d{0,8})(?!\w)/i;

export const name = ({ owner, repo, number }) => `${owner}/${repo}#${number}`;

// Neither owner nor repository minds case.
export const key = (reference) => (typeof reference === "string" ? reference : name(reference)).toLowerCase();

// A full stop, or a bracket that was opened before the address, is not part of it.
function trimmed(address) {
  let end = address.replace(/[.,;:!?'"*]+$/, "");
  while (end.endsWith(")") && end.split(")").length > end.split("(").length) end = end.slice(0, -1);
  return end;
}

function isAddress(text) {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

// Yields {text}, {text, reference: "owner/repo#1"}, {text, number} (of whatever repository the board means) and
// {text, address} in the order of the message, all of it.
export function* pieces(message, hosts = new Set(["github.com"])) {
  let last = 0;
  for (const match of message.matchAll(FOUND)) {
    const { address, place, bare } = match.groups;
    const text = address ? trimmed(address) : match[0];
    const [, host, owner, repo, number] = (address && ON_GITHUB.exec(text)) || [];
    const piece = { text };
    if (number && hosts.has(host.toLowerCase())) piece.reference = name({ owner, repo, number });
    else if (place) piece.reference = place;
    else if (bare) piece.number = Number(bare);
    else if (address && isAddress(text)) piece.address = text;
    else continue;
    if (match.index > last) yield { text: message.slice(last, match.index) };
    yield piece;
    last = match.index + text.length;
  }
  if (last < message.length) yield { text: message.slice(last) };
}
