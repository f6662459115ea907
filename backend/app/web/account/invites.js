// Invites, for admins: links for people who should join.

import { call, everyItem } from "../api.js";
import { h, show } from "../dom.js";
import { asking } from "./asking.js";
import { copyable, reachable } from "./copy.js";
import { numberField } from "./fields.js";
import { form } from "./form.js";
import { listing, once, rowText, when } from "./parts.js";
import { words } from "./words.js";

// Folded until it is opened.
export function invites() {
  const place = h("div");
  const list = listing({ load: () => everyItem("/invites"), row, empty: words.invites.empty, label: words.invites.list });
  const summary = h("summary", null, words.invites.title);
  const element = h(
    "details",
    { class: "fold" },
    summary,
    h("p", { class: "faint" }, words.invites.text),
    form({
      fields: [
        numberField({ name: "uses", label: words.invites.uses, value: 1, max: 1000, wrong: words.invites.usesWrong }),
        numberField({ name: "expires_in_days", label: words.invites.days, value: 7, max: 365, wrong: words.invites.daysWrong }),
      ],
      pair: true,
      label: words.invites.submit,
      submit: words.invites.submit,
      working: words.invites.working,
      send: make,
    }),
    place,
    h("h2", null, words.invites.list),
    list.element,
  );

  /** @param {{ uses: string, expires_in_days: string }} values */
  async function make({ uses, expires_in_days: days }) {
    const body = { uses: Number(uses), expires_in_days: Number(days) };
    /** @type {Invite} */
    const invite = await call("POST", "/invites", { body });
    list.reload();
    once(place, {
      title: words.invites.fresh,
      text: words.invites.how(invite.uses, body.expires_in_days),
      content: copyable({ label: words.invites.link, text: reachable(invite.url) }),
      back: () => summary.focus(),
    });
  }

  /** @param {Invite} invite */
  function row(invite) {
    const facts = [words.invites.by(invite.created_by), when(invite.expires_at, words.invites.until)];
    return [
      rowText(words.invites.used(invite.used, invite.uses), [], facts),
      asking({
        text: words.invites.revoke,
        of: words.invites.ofInvite,
        question: words.invites.revokeQuestion,
        act: async () => {
          await call("DELETE", `/invites/${invite.id}`);
          await list.reload();
          summary.focus();
          show(words.invites.revoked);
        },
      }),
    ];
  }

  return element;
}
