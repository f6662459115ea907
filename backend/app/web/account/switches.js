// What is set for this browser alone: single-character keys, and notifications.

import { h, mount } from "../dom.js";
import { singleKeys } from "../keys.js";
import { notifications } from "../notifications.js";
import { section } from "./section.js";
import { words } from "./words.js";

let made = 0;

export function switches() {
  const part = section(words.settings.browser, keys(), notices(() => part.focus()));
  return part.element;
}

// A box to tick that takes effect at once.
function tick(label, hint, { checked, disabled, onchange }) {
  const id = `switch-${++made}`;
  const box = h("input", { type: "checkbox", "aria-describedby": id, checked, disabled, onchange });
  const about = h("p", { class: "field-hint", id }, hint);
  return h("div", { class: "field" }, h("label", { class: "tick" }, box, label), about);
}

const keys = () =>
  tick(words.settings.keys, words.settings.keysHint, {
    checked: singleKeys.on,
    onchange: ({ target }) => (singleKeys.on = target.checked),
  });

// `leave()` takes the focus where the box can no longer have it.
function notices(leave) {
  const place = h("div");
  const turn = async ({ target }) => {
    await notifications.turn(target.checked);
    show();
    const box = place.querySelector("input");
    if (box.disabled) leave();
    else box.focus();
  };
  const show = () => {
    const obstacle = notifications.obstacle();
    const state = { checked: notifications.on, disabled: Boolean(obstacle), onchange: turn };
    mount(place, tick(words.settings.notifications, obstacle ?? words.settings.notificationsHint, state));
  };
  show();
  return place;
}
