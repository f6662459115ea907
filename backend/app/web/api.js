// Calls the board's API.

import { hear } from "./clock.js";

const PATIENCE = 15; // seconds

// An error answer: its status, and the `code` that programs check.
export class ApiError extends Error {
  /** @param {number} status @param {Problem} problem @param {number | null} [retryAfter] */
  constructor(status, problem, retryAfter = null) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = problem.code ?? null;
    this.detail = this.message;
    this.errors = problem.errors ?? [];
    this.retryAfter = retryAfter;
  }
}

// There was no answer, or it wasn't the board's.
export class Unreachable extends Error {}

// Where calls get their token. session.js fills it in.
/** @type {{ token: () => Promise<string | null>, renew: (refused: string) => Promise<string | null> }} */
export const credentials = { token: async () => null, renew: async () => null };

/** @param {string} path @param {Query} [query] */
function address(path, query) {
  const isGiven = (/** @type {unknown} */ value) => value !== null && value !== undefined && value !== "";
  const given = Object.entries(query ?? {}).flatMap(([name, value]) => (isGiven(value) ? [[name, String(value)]] : []));
  const search = new URLSearchParams(given).toString();
  return `/api/v1${path}${search && "?"}${search}`;
}

/** @param {string} method @param {string} path @param {CallOptions} options @param {string | null} token */
async function ask(method, path, { body, query, headers, keepalive, patience = PATIENCE }, token) {
  /** @type {Record<string, string>} */
  const given = { ...headers };
  if (token) given.Authorization = `Bearer ${token}`;
  if (body !== undefined) given["Content-Type"] = "application/json";
  try {
    const answer = await fetch(address(path, query), {
      method,
      headers: given,
      body: body === undefined ? undefined : JSON.stringify(body),
      keepalive,
      cache: "no-store",
      signal: AbortSignal.timeout(patience * 1000),
    });
    hear(answer);
    return { answer, content: answer.status === 204 ? null : await answer.json() };
  } catch (error) {
    throw new Unreachable(error.message, { cause: error });
  }
}

/** @param {{ answer: Response, content: any }} result */
function failure({ answer, content }) {
  return new ApiError(answer.status, content ?? {}, Number(answer.headers.get("Retry-After")) || null);
}

// Returns all items of a list, page by page.
/** @param {string} path @param {Query} [query] @returns {Promise<any[]>} */
export async function everyItem(path, query = {}) {
  const items = [];
  let cursor = null;
  do {
    const page = await call("GET", path, { query: { ...query, limit: 100, cursor } });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

// Returns the answer's JSON, or null if it has none. Throws ApiError for an error answer, and Unreachable if there was
// no answer. With `anonymous`, the call is made without the login.
/** @param {string} method @param {string} path @param {CallOptions} [options] @returns {Promise<any>} */
export async function call(method, path, options = {}) {
  let token = options.anonymous ? null : await credentials.token();
  let result = await ask(method, path, options, token);
  if (result.answer.status === 401 && token) {
    token = await credentials.renew(token);
    result = await ask(method, path, options, token);
  }
  if (!result.answer.ok) throw failure(result);
  return result.content;
}
