// Turns errors into text for people.

import { ApiError, Unreachable } from "./api.js";
import { words } from "./words.js";

// The board's address, as its PUBLIC_URL says.
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
