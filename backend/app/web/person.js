// A page for a person: who it is, what time it is there, and all that was said.

import { Feed } from "./feed.js";
import { h, mount } from "./dom.js";
import { StatusList } from "./list.js";
import { session } from "./session.js";
import { atClockIn, onTick } from "./time.js";
import { words } from "./words.js";

export function personView(desk, username) {
  const { board } = desk;
  const wanted = username.toLowerCase();
  const find = () => [...board.members.values()].find((member) => member.username.toLowerCase() === wanted);
  const user = find();
  const head = h("div", { class: "about" });

  const show = () => {
    const now = find();
    mount(
      head,
      h("h1", null, h("bdi", null, now?.display_name ?? username)),
      h("p", { class: "faint" }, now ? `@${now.username}, ${words.person.localTime(atClockIn(now.time_zone), now.time_zone)}` : words.person.gone),
    );
  };
  show();
  const feed = new Feed(desk, new StatusList(board, { author: username }), {
    heading: words.person.said,
    own: user?.username === session.user.username,
  });
  const stops = [onTick(show), board.onChange(({ now }) => now && show())];
  return {
    element: h("div", { class: "column" }, head, feed.element),
    title: user?.display_name ?? username,
    feed,
    stop: () => [...stops, () => feed.stop()].forEach((stop) => stop()),
  };
}
