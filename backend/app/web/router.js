// The address bar: what is shown stands in the query of "/", so that a link can be shared.

import { h } from "./dom.js";

/** @type {Set<(asked: URLSearchParams) => unknown>} */
const listeners = new Set();

// A one-time code that came in the address: {name: "setup" | "invite" | "reset" | "token", value}. It is taken out of
// the address bar and the history at once.
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

// What the address bar asks for.
export const query = () => new URLSearchParams(location.search);

// The address of a query: an object, or what stands behind the "?". Empty values are left out.
/** @param {string | Record<string, string | undefined>} [asked] */
export function href(asked = "") {
  const given = typeof asked === "string" ? asked : Object.entries(asked).flatMap(([name, value]) => (value ? [[name, value]] : []));
  // A slash may stand in a query as it is, and reads better there.
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

// A link within the page: a real address, for those who open it in another tab.
/** @param {string | Record<string, string | undefined>} asked @param {Properties | null} props @param {...Child} children */
export function link(asked, props, ...children) {
  /** @param {MouseEvent} event */
  const follow = (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(asked);
  };
  return h("a", { ...props, href: href(asked), onclick: follow }, ...children);
}

// Reads the address bar, and follows it from then on.
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
