// The fields of forms, each with its label, hint and error.

import { h, spoken } from "../dom.js";
import { words } from "./words.js";
let fields = 0;

// Counts code points, as the board does.
/** @param {string} text */
const length = (text) => [...text].length;

/** @param {string} id */
function error(id) {
  const element = h("p", { class: "field-error", id, hidden: true });
  /** @param {string | null} [message] */
  const say = (message) => {
    element.textContent = message ?? "";
    element.hidden = !message;
    return !message;
  };
  return { element, say };
}

// A labelled control. `check(value, finished)` returns what is wrong, or null. While the value is being typed,
// `finished` is false, and it should only report what more typing can't fix. `beside` is a button next to the control.
/** @param {FieldOptions} options */
export function field({ name, label, hint, check = () => null, tag = "input", content, beside, ...attributes }) {
  const id = `field-${++fields}`;
  const wrong = error(`${id}-error`);
  const about = h("p", { class: "field-hint", id: `${id}-hint` }, hint);
  const described = `${id}-error ${id}-hint`;
  const properties = { id, name, "aria-describedby": described, ...attributes };
  const input = tag === "select" ? h("select", properties, content) : h("input", properties);
  /** @param {string | null} [message] */
  const fail = (message) => {
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    return wrong.say(message);
  };
  input.addEventListener("input", () => fail(check(input.value, false)));
  input.addEventListener("change", () => input.value && fail(check(input.value, true)));

  return {
    name,
    input,
    hint: about,
    element: h(
      "div",
      { class: "field" },
      h("label", { for: id }, label),
      beside ? h("div", { class: "field-row" }, input, beside) : input,
      about,
      wrong.element,
    ),
    value: () => input.value,
    fits: () => fail(check(input.value, true)),
    fail,
    focus: () => input.focus(),
  };
}

/** @param {{ fresh?: boolean } & Partial<FieldOptions>} [options] */
export function usernameField({ fresh = false, ...more } = {}) {
  return field({
    name: "username",
    label: words.fields.username,
    hint: fresh ? words.fields.usernameHint : null,
    check: fresh ? checkUsername : (value, finished) => (finished && !value ? words.fields.usernameMissing : null),
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    ...more,
  });
}

/** @param {string} value @param {boolean} finished */
function checkUsername(value, finished) {
  if (/[^A-Za-z0-9_-]/.test(value)) return words.fields.usernameCharacters;
  if (value.length > 50) return words.fields.usernameLong;
  return finished && value.length < 3 ? words.fields.usernameShort : null;
}

/** @param {Partial<FieldOptions>} [more] */
export function displayNameField(more) {
  return field({
    name: "display_name",
    label: words.fields.displayName,
    hint: words.fields.displayNameHint,
    check: (name, finished) => {
      if (length(name) > 80) return words.fields.displayNameLong;
      return finished && !name.trim() ? words.fields.displayNameMissing : null;
    },
    autocomplete: "name",
    ...more,
  });
}

// A password, hidden until its button is pressed. A `fresh` one must have the length that the board requires.
/** @param {{ fresh?: boolean } & Partial<FieldOptions>} [options] */
export function passwordField({ name = "password", label = words.fields.password, fresh = false, ...more } = {}) {
  const text = h("span", null, words.fields.show);
  /** @param {boolean} shown */
  const reveal = (shown) => {
    made.input.setAttribute("type", shown ? "text" : "password");
    text.textContent = shown ? words.fields.hide : words.fields.show;
  };
  const onclick = () => reveal(made.input.type === "password");
  /** @type {ReturnType<typeof field>} */
  const made = field({
    name,
    label,
    hint: fresh ? words.fields.passwordHint : null,
    check: fresh ? checkPassword : (value, finished) => (finished && !value ? words.fields.passwordMissing : null),
    beside: h("button", { type: "button", class: "quiet", onclick }, text, spoken(words.fields.ofPassword(label))),
    type: "password",
    autocomplete: fresh ? "new-password" : "current-password",
    autocapitalize: "none",
    spellcheck: "false",
    ...more,
  });
  if (fresh) made.input.addEventListener("input", () => (made.hint.textContent = passwordHint(made.input.value)));
  // If it were sent while it is visible, browsers would remember it as text and suggest it in other forms.
  return { ...made, beforeSending: () => reveal(false) };
}

/** @param {string} value @param {boolean} finished */
function checkPassword(value, finished) {
  if (length(value) > 128) return words.fields.passwordLong;
  if (!finished || length(value) >= 12) return null;
  return value ? words.fields.passwordShort(length(value)) : words.fields.passwordFreshMissing;
}

/** @param {string} value */
function passwordHint(value) {
  if (!value) return words.fields.passwordHint;
  return length(value) < 12 ? words.fields.passwordSoFar(length(value)) : words.fields.passwordLongEnough;
}

/** @param {{ name: string, label: string, max: number, value: number, wrong: string }} options */
export function numberField({ max, value, wrong, ...more }) {
  /** @param {string} text */
  const fits = (text) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= max;
  /** @param {string} text @param {boolean} finished */
  const check = (text, finished) => (finished && !fits(text) ? wrong : null);
  return field({ type: "number", min: 1, max, value, check, inputmode: "numeric", required: true, ...more });
}

// A choice of one. `options` are pairs of value and text.
/** @param {{ name: string, label: string, options: string[][], value: string }} options */
export function choiceField({ options, value, ...more }) {
  const content = options.map(([key, text]) => h("option", { value: key, selected: key === value }, text));
  return field({ tag: "select", content, ...more });
}

// A choice of any number, with checkboxes. `options` are pairs of value and text.
/**
 * @param {{ name: string, label: string, options: string[][], chosen: string[], missing: string }} options
 * @returns {Field}
 */
export function ticksField({ name, label, options, chosen, missing }) {
  const id = `field-${++fields}-error`;
  const wrong = error(id);
  const boxes = options.map(([value]) =>
    h("input", { type: "checkbox", name, value, checked: chosen.includes(value), "aria-describedby": id }),
  );
  const value = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const fits = () => wrong.say(value().length ? null : missing);
  return {
    name,
    element: h(
      "fieldset",
      { class: "field", onchange: fits },
      h("legend", null, label),
      boxes.map((box, index) => h("label", { class: "tick" }, box, options[index][1])),
      wrong.element,
    ),
    value,
    fits,
    fail: wrong.say,
    focus: () => boxes[0].focus(),
  };
}

// The time zone of this browser.
export const browsersZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

// Groups time zones by region, with "Berlin" under "Europe", so that typing the first letters of a city finds it.
/** @param {string[]} zones */
function byRegion(zones) {
  /** @type {Map<string, string[][]>} */
  const regions = new Map();
  for (const zone of zones) {
    const [region, ...place] = zone.split("/");
    const key = place.length ? region : words.settings.otherZones;
    regions.set(key, [...(regions.get(key) ?? []), [zone, (place.join(", ") || zone).replaceAll("_", " ")]]);
  }
  return regions;
}

/** @param {string} current */
export function zoneField(current) {
  const here = browsersZone();
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  const zones = [...new Set([...known, "UTC", here, current])].sort();
  /** @param {string[]} zone */
  const option = ([zone, name]) => h("option", { value: zone, selected: zone === current }, name);
  const take = () => {
    chosen.input.value = here;
    chosen.focus();
  };
  const button = h("button", { type: "button", class: "quiet", onclick: take }, words.settings.here(here));
  /** @type {ReturnType<typeof field>} */
  const chosen = field({
    name: "time_zone",
    label: words.fields.timeZone,
    tag: "select",
    content: [...byRegion(zones)].map(([region, places]) => h("optgroup", { label: region }, places.map(option))),
    beside: here !== current && button,
  });
  return chosen;
}
