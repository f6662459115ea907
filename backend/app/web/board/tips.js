// The tip: the title of what is pointed at or has the focus. One can point at the tip itself, and Escape hides it.

import { h } from "../dom.js";

/** @type {HTMLElement | null} */
let tip = null;
/** @type {HTMLElement | null} */
let owner = null;

/** @param {HTMLElement} tip @param {HTMLElement} owner */
function place(tip, owner) {
  const at = owner.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = tip;
  const below = at.bottom + height + 8 < innerHeight;
  tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  tip.style.top = `${below ? at.bottom : at.top - height}px`;
}

function hide() {
  owner = null;
  if (tip) tip.hidden = true;
}

/** @param {any} event */
function look({ target }) {
  if (!tip || target === tip) return;
  const found = target.closest?.("[data-tip]") ?? null;
  if (found === owner) return;
  hide();
  if (!found) return;
  owner = found;
  tip.textContent = found.dataset.tip;
  tip.hidden = false;
  place(tip, found);
}

export function startTips() {
  tip = document.body.appendChild(h("div", { class: "tip", "aria-hidden": "true", hidden: true }));
  document.addEventListener("pointerover", look);
  document.addEventListener("focusin", (event) => document.activeElement?.matches(":focus-visible") && look(event));
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { passive: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide(), true);
}
