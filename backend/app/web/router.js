// The address bar. What is shown is in the query of "/", so that links can be shared.

import { h } from "./dom.js";

/** @type {Set<(asked: URLSearchParams) => unknown>} */
const listeners = new Set();

// A one-time code from the address, where `name` is "setup", "invite", "reset" or "token". It is removed from the
// address bar and the history at once.
/** @type {Code | null} */
export let code = null;

function takeCode() {
  const match = /^#(setup|invite|reset|token)=(.+)$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return { name: match[1], value: decodeURIComponent(match[2]) };
}

export const forgetCode = () => {
  code = null;
};

// The query in the address bar.
export const query = () => new URLSearchParams(location.search);

// Returns the address for a query, which is an object or the text after the "?". Empty values are left out.
/** @param {string | Record<string, string | undefined>} [asked] */
export function href(asked = "") {
  const given = typeof asked === "string" ? asked : Object.entries(asked).flatMap(([name, value]) => (value ? [[name, value]] : []));
  // A slash is allowed in a query, and reads better there.
  const search = new URLSearchParams(given).toString().replaceAll("%2F", "/").replace(/=(?=&|$)/g, "");
  return search ? `/?${search}` : "/";
}

/** @param {string | Record<string, string | undefined>} asked @param {{ replace?: boolean }} [options] */
export function go(asked, { replace = false } = {}) {
  const address = typeof asked === "string" && asked.startsWith("/") ? asked : href(asked);
  history[replace ? "replaceState" : "pushState"](null, "", address);
  tell();
}

function tell() {
  for (const listener of listeners) listener(query());
}

/** @param {(asked: URLSearchParams) => unknown} listener @returns {Stop} */
export const onChange = (listener) => (listeners.add(listener), () => listeners.delete(listener));

// A link within the page. It has a real address, so it can be opened in another tab.
/**
 * @param {string | Record<string, string | undefined>} asked
 * @param {Properties | null} props
 * @param {...Child} children
 */
export function link(asked, props, ...children) {
  /** @param {MouseEvent} event */
  const follow = (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(asked);
  };
  return h("a", { ...props, href: href(asked), onclick: follow }, ...children);
}

// Reads the address bar, and follows its changes from then on.
export function startRouter() {
  code = takeCode();
  window.addEventListener("popstate", tell);
  window.addEventListener("hashchange", () => {
    const found = takeCode();
    if (!found) return;
    code = found;
    tell();
  });
}
