// What the views work with: the board, the outbox, and the connection that keeps the board up to date.

import { Unreachable } from "../api.js";
import { after, show } from "../dom.js";
import { notifications } from "../notifications.js";
import { session } from "../session.js";
import { words } from "../words.js";
import { renewBadges } from "./badges.js";
import { clearedText } from "./blockers.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Live } from "./live.js";
import { Outbox } from "./outbox.js";
import { renewNames } from "./person.js";
import { BoardStore } from "./store.js";

const LONGEST_PAUSE = 20; // seconds

export class Desk {
  board = new BoardStore();
  outbox = new Outbox(this.board);
  connection = new Connection(() => this.live);
  live = new Live({
    event: (event) => this.board.apply(event),
    reset: () => this.#readAnew(),
    state: (state) => this.#connected(state),
  });
  /** @type {Composer | null} */
  composer = session.readOnly ? null : new Composer(this);

  constructor() {
    this.board.onChange(({ references, names, cleared }) => {
      for (const name of references) this.#renewBadges(name);
      if (names) renewNames(this.board);
      for (const status of cleared) this.#tellCleared(status);
    });
  }

  /** @param {string} name */
  #renewBadges(name) {
    const reference = this.board.reference(name);
    if (typeof reference !== "string") renewBadges(reference);
  }

  /** @param {Status | undefined} status */
  isMine = (status) => Boolean(status && status.author.username === session.user?.username);

  isAway = () => this.live.state.name !== "open";

  /** @param {OutboxItem} item */
  takeBack = (item) => this.composer?.takeBack(item);

  // Reads the board, however long that takes, then follows it.
  async open() {
    await this.#load();
    this.live.start(this.board.position);
    this.outbox.flush();
  }

  async #load() {
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return await this.board.load();
      } catch (error) {
        if (!(error instanceof Unreachable) && error.status < 500 && error.status !== 401) throw error;
        await after(pause * (0.5 + Math.random()));
      }
    }
  }

  async #readAnew() {
    await this.#load();
    show(words.feed.reset);
  }

  /** @param {ConnectionState} state */
  #connected(state) {
    this.connection.update(state);
    if (state.name === "open") this.outbox.flush();
  }

  /** @param {Status} status */
  #tellCleared(status) {
    if (!this.isMine(status)) return;
    const references = status.references.map((reference) => this.board.reference(reference));
    const text = clearedText({ status, references }, this);
    show(text, { seconds: 20 });
    notifications.tell(text, `cleared-${status.id}`);
  }
}
