// Invites, for admins: a link for people who should join.

import { call } from "../api.js";
import { h, show } from "../dom.js";
import { asking } from "./ask.js";
import { copyable } from "./copy.js";
import { numberField } from "./fields.js";
import { form } from "./form.js";
import { everyItem, listing } from "./listing.js";
import { when } from "./moments.js";
import { once } from "./once.js";
import { reachable } from "./reachable.js";
import { rowText } from "./row.js";
import { words } from "./words.js";

const texts = words.invites;

// Folded away until it is wanted.
export function invites() {
  const place = h("div");
  const list = listing({ load: () => everyItem("/invites"), row, empty: texts.empty, label: texts.list });
  const summary = h("summary", null, texts.title);
  const element = h(
    "details",
    { class: "fold" },
    summary,
    h("p", { class: "faint" }, texts.text),
    form({
      fields: [
        numberField({ name: "uses", label: texts.uses, value: 1, max: 1000, wrong: texts.usesWrong }),
        numberField({ name: "expires_in_days", label: texts.days, value: 7, max: 365, wrong: texts.daysWrong }),
      ],
      pair: true,
      label: texts.submit,
      submit: texts.submit,
      working: texts.working,
      send: make,
    }),
    place,
    h("h2", null, texts.list),
    list.element,
  );

  async function make({ uses, expires_in_days: days }) {
    const body = { uses: Number(uses), expires_in_days: Number(days) };
    const invite = await call("POST", "/invites", { body });
    list.reload();
    once(place, {
      title: texts.fresh,
      text: texts.how(invite.uses, body.expires_in_days),
      content: copyable({ label: texts.link, text: reachable(invite.url) }),
      back: () => summary.focus(),
    });
  }

  function row(invite) {
    const facts = [texts.by(invite.created_by), when(invite.expires_at, texts.until)];
    return [
      rowText(texts.used(invite.used, invite.uses), [], facts),
      asking({
        text: texts.revoke,
        of: texts.ofInvite,
        question: texts.revokeQuestion,
        act: async () => {
          await call("DELETE", `/invites/${invite.id}`);
          await list.reload();
          summary.focus();
          show(texts.revoked);
        },
      }),
    ];
  }

  return element;
}
