// The time zones that this browser knows.

import { h } from "../dom.js";
import { field } from "./fields.js";
import { words } from "./words.js";

export const browsersZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

// "Berlin" under "Europe", so that the first letters of a city find it in the list.
function byRegion(zones) {
  const regions = new Map();
  for (const zone of zones) {
    const [region, ...place] = zone.split("/");
    const key = place.length ? region : words.settings.otherZones;
    if (!regions.has(key)) regions.set(key, []);
    regions.get(key).push([zone, (place.join(", ") || zone).replaceAll("_", " ")]);
  }
  return regions;
}

export function zoneField(current) {
  const here = browsersZone();
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  const zones = [...new Set([...known, "UTC", here, current])].sort();
  const option = ([zone, name]) => h("option", { value: zone, selected: zone === current }, name);
  const take = () => {
    made.input.value = here;
    made.focus();
  };
  const button = h("button", { type: "button", class: "quiet", onclick: take }, words.settings.here(here));
  const made = field({
    name: "time_zone",
    label: words.fields.timeZone,
    tag: "select",
    content: [...byRegion(zones)].map(([region, places]) => h("optgroup", { label: region }, places.map(option))),
    beside: here !== current && button,
  });
  return made;
}
