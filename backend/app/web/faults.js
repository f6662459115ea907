// What went wrong, in words.

import { words } from "./account/words.js";
import { ApiError, Unreachable } from "./api.js";
const boardsOrigin = () => document.querySelector('meta[name="statusboard-origin"]')?.content;

export function inWords(error) {
  if (error instanceof Unreachable) return words.faults.unreachable;
  if (!(error instanceof ApiError)) return words.faults.unknown;
  const { code, detail, retryAfter } = error;
  if (code === "rate_limited") return words.faults.rate_limited(retryAfter ?? 60);
  if (code === "foreign_origin") return words.faults.foreign_origin(location.origin, boardsOrigin());
  return words.faults[code] ?? detail ?? words.faults.unknown;
}
