// My API tokens. A new one is shown once, with an example of its use.

import { call, everyItem } from "../api.js";
import { now } from "../clock.js";
import { h, show } from "../dom.js";
import { link } from "../router.js";
import { asking } from "./asking.js";
import { copyable } from "./copy.js";
import { choiceField, field, ticksField } from "./fields.js";
import { form } from "./form.js";
import { listing, once, rowText, section, when } from "./parts.js";
import { words } from "./words.js";
const DAY = 24 * 60 * 60 * 1000;
const LIFETIMES = [
  ["30", words.tokens.days(30)],
  ["90", words.tokens.days(90)],
  ["365", words.tokens.year],
  ["", words.tokens.never],
];

export function view() {
  const list = listing({ load: () => everyItem("/tokens"), row, empty: words.tokens.empty, label: words.tokens.list });
  const place = h("div");
  const all = section(words.tokens.list, list.element);

  /** @param {ApiToken} token */
  function row(token) {
    const facts = [
      words.tokens.scopesOf(token.scopes.map((scope) => words.tokens.scopeNames[scope])),
      when(token.created_at, words.tokens.made),
      token.last_used_at ? when(token.last_used_at, words.tokens.lastUsed) : words.tokens.unused,
      token.expires_at && when(token.expires_at, expiry(token)),
    ];
    return [
      rowText(token.name, [], facts),
      asking({
        text: words.tokens.revoke,
        of: words.tokens.revokeOf(token.name),
        question: words.tokens.revokeQuestion(token.name),
        act: async () => {
          await call("DELETE", `/tokens/${token.id}`);
          await list.reload();
          all.focus();
          show(words.tokens.revoked(token.name));
        },
      }),
    ];
  }

  /** @param {object} body @returns {Promise<ApiToken>} */
  async function make(body) {
    const token = await call("POST", "/tokens", { body });
    list.reload();
    return token;
  }

  return h(
    "div",
    { class: "sheet" },
    h("p", null, link({ view: "settings" }, null, words.tokens.back)),
    h("h1", null, words.tokens.title),
    h("p", { class: "faint" }, words.tokens.text),
    making(async (body) => once(place, { ...freshToken(await make(body)), back: all.focus })),
    place,
    all.element,
    wallAddress(make),
  );
}

/** @param {ApiToken} token */
const expiry = ({ expires_at: end }) => (Date.parse(end ?? "") < now() ? words.tokens.expired : words.tokens.until);

/** @param {(body: object) => unknown} send */
function making(send) {
  const name = nameField();
  return form({
    fields: [
      name,
      ticksField({
        name: "scopes",
        label: words.tokens.scopes,
        options: [
          ["post", words.tokens.post],
          ["read", words.tokens.read],
        ],
        chosen: ["post"],
        missing: words.tokens.scopesMissing,
      }),
      choiceField({ name: "lifetime", label: words.tokens.expiry, options: LIFETIMES, value: "365" }),
    ],
    label: words.tokens.submit,
    submit: words.tokens.submit,
    working: words.tokens.working,
    send: async ({ lifetime, ...body }) => {
      if (lifetime) body.expires_at = new Date(now() + Number(lifetime) * DAY).toISOString();
      await send(body);
      name.input.value = "";
    },
  });
}

function nameField() {
  return field({
    name: "name",
    label: words.tokens.name,
    placeholder: words.tokens.namePlaceholder,
    autocomplete: "off",
    check: (name, finished) => {
      if ([...name].length > 80) return words.tokens.nameLong;
      return finished && !name.trim() ? words.tokens.nameMissing : null;
    },
  });
}

/** @param {ApiToken} token */
function freshToken({ name, scopes, token }) {
  const posts = scopes.includes("post");
  return {
    title: words.tokens.fresh(name),
    text: words.tokens.once,
    content: [
      copyable({ label: words.tokens.token, text: token }),
      copyable({ label: words.tokens.curl(posts), text: posts ? postLine(token) : readLine(token), rows: 5 }),
    ],
  };
}

/** @param {string} path */
const address = (path) => `${location.origin}/api/v1${path}`;

/** @param {string} token */
const readLine = (token) => `curl ${address("/board")} -H 'Authorization: Bearer ${token}'`;

/** @param {string} token */
const postLine = (token) =>
  `curl ${address("/statuses")} -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' ` +
  `-d '${JSON.stringify({ message: words.tokens.example, category: "done" })}'`;

// The address for a wall screen, with a token that can only read. `make(body)` creates a token.

/** @param {(body: object) => Promise<ApiToken>} make */
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
