// What went wrong, in words.

import { ApiError, Unreachable } from "./api.js";
import { words } from "./words.js";

// The address of which the board knows that it is its own.
export const boardsOrigin = () => document.querySelector('meta[name="statusboard-origin"]')?.getAttribute("content");

/** @param {unknown} error @returns {string} */
export function inWords(error) {
  if (error instanceof Unreachable) return words.faults.unreachable;
  if (!(error instanceof ApiError)) return words.faults.unknown;
  const { code, detail, retryAfter } = error;
  if (code === "rate_limited") return words.faults.rate_limited(retryAfter ?? 60);
  if (code === "foreign_origin") return words.faults.foreign_origin(location.origin, boardsOrigin());
  /** @type {Record<string, any>} */
  const known = words.faults;
  return known[code ?? ""] ?? detail ?? words.faults.unknown;
}
