// A link to this board that others can open.

const LOCAL = /^(localhost|127\.|\[::1\])/;

// The board makes links with its PUBLIC_URL. Where that was left at localhost, and an admin has the board open at
// another address, others can open that one.
export function reachable(url) {
  const made = new URL(url);
  const local = LOCAL.test(made.hostname) && !LOCAL.test(location.hostname);
  return local ? `${location.origin}/${made.hash}` : url;
}
