// Icons: one shape for each category, and for each kind and state of a reference.

import { h, svg } from "../dom.js";
import { words } from "../words.js";

const ring = "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Z";
const nodes = "M4 5.5a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6ZM4 14.1a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6ZM4 5.5v5";
const bubble = "M2 2.5h12v8.5H8l-3.5 3v-3H2Z";

// Filled shapes. The others are lines.
/** @type {Record<string, string>} */
const filled = {
  planning: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Zm0 2.4a4.1 4.1 0 1 0 0 8.2 4.1 4.1 0 0 0 0-8.2Z",
  "in-progress": "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 2v10A5 5 0 0 1 8 3Z",
  blocked: "M2 2h12v12H2Z",
};

/** @type {Record<string, string>} */
const lines = {
  done: "M2 8.5l4 4 8-9",
  issue: `${ring}M8 7v2`,
  "issue closed": `${ring}M5 8l2.3 2.3L11 6`,
  "issue not_planned": `${ring}M4 12l8-8`,
  pull_request: `${nodes}M12 10.500V6.500q0-2-2-2H8m4 6a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.600Z`,
  "pull_request merged": `${nodes}M4 5.500q.5 4 6.2 4m1.8-1.800a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.600Z`,
  "pull_request closed": `${nodes}M12 10.500V8m0 2.500a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.600ZM10 2l4 4m0-4l-4 4`,
  "pull_request draft": `${nodes}M12 2v1.500m0 2v1.500m0 3.500a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.600Z`,
  discussion: bubble,
  "discussion closed": `${bubble}M5.5 6.500l2 2 3.5-3.5`,
  unknown: "M6 2L4.5 14M11.5 2L10 14M2 5.500h12M2 10.500h12",
};

/** @param {string} path @param {number} [line] */
function icon(path, line) {
  const props = line ? { fill: "none", stroke: "currentColor", "stroke-width": line } : { "fill-rule": "evenodd" };
  return svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: path, ...props }));
}

/** @param {string} name */
export const categoryIcon = (name) => (filled[name] ? icon(filled[name]) : icon(lines[name], 2.5));

/** @param {string} kind @param {string | null} state */
export const referenceIcon = (kind, state) => icon(lines[`${kind} ${state}`] ?? lines[kind] ?? lines.unknown, 1.5);

/** @type {Category[]} */
export const CATEGORIES = ["planning", "in-progress", "blocked", "done"];

// Only "blocked" is filled.
/** @param {Category} category */
export const chip = (category) =>
  h("span", { class: "chip", "data-category": category }, categoryIcon(category), words.category[category] ?? category);
