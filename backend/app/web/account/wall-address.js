// How to get a wall screen: an address with a token that can only read.

import { h } from "../dom.js";
import { copyable } from "./copy.js";
import { form } from "./form.js";
import { once } from "./once.js";
import { section } from "./section.js";
import { words } from "./words.js";

// `make(body)` makes a token.
export function wallAddress(make) {
  const place = h("div");
  const part = section(
    words.wall.title,
    h("p", { class: "faint" }, words.wall.text),
    form({
      fields: [],
      label: words.wall.title,
      submit: words.wall.submit,
      working: words.tokens.working,
      send: async () => {
        const { token } = await make({ name: words.wall.name, scopes: ["read"] });
        once(place, {
          title: words.wall.fresh,
          text: words.wall.how,
          content: copyable({ label: words.wall.address, text: `${location.origin}/?wall#token=${token}` }),
          back: part.focus,
        });
      },
    }),
    place,
  );
  return part.element;
}
