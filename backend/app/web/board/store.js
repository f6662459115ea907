// What the page knows of the board: read once, then kept right by the feed's events. To apply one twice does no harm.

import { call, everyItem } from "../api.js";
import { now } from "../clock.js";
import { byName, Names } from "../names.js";
import { session } from "../session.js";
import { dayIn } from "../time.js";
import { Blocked } from "./blocked.js";
import { Changes } from "./changes.js";
import { key } from "./grammar.js";
import { isLater, StatusList } from "./list.js";

/** @type {Set<string | null>} */
const OVER = new Set(["closed", "not_planned", "merged"]);

// Nothing more is to be waited for.
/** @param {Reference} reference */
const isOver = (reference) => OVER.has(reference.state);

export class BoardStore {
  /** @type {string | null} */
  position = null;
  // By what messages are read, until the board has said it.
  /** @type {Grammar} */
  github = {};
  /** @type {Map<number, Status>} */
  statuses = new Map();
  /** @type {Map<string, User>} */
  members = new Map();
  // Those whose accounts are disabled, once they were asked for.
  /** @type {Map<string, User>} */
  left = new Map();
  #names = new Names();
  /** @type {Map<string, number>} */
  #newest = new Map();
  #blocked = new Blocked(this.statuses);
  /** @type {Map<string, Reference>} */
  #references = new Map();
  /** @type {Set<number>} */
  #gone = new Set();
  /** @type {BoardEvent[] | null} */
  #waiting = null;
  /** @type {Promise<unknown>} */
  #turn = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | null} */
  #again = null;
  /** @type {Promise<unknown> | null} */
  #leaving = null;
  #changes = new Changes();
  // All that was said, as far as it was read: the list of the feed without a filter.
  feed = new StatusList(this, {});

  // The listener gets what has changed, gathered for each frame.
  /** @param {(changes: BoardChanges) => unknown} listener */
  onChange(listener) {
    return this.#changes.onChange(listener);
  }

  // Reads everything. The two answers may be of two moments: the feed then is read again, so that it is not the older.
  async load() {
    await this.#reading(async () => {
      const page = () => call("GET", "/statuses", { query: { limit: 50 } });
      let [state, first] = await Promise.all([call("GET", "/board"), page()]);
      if (first.position !== state.position) first = await page();
      for (const known of [this.statuses, this.left, this.#references, this.#gone]) known.clear();
      this.#leaving = null;
      this.#takeState(state);
      this.feed.begin(first);
      this.position = state.position;
      this.#changes.next().reset = true;
      // At once, not with the next frame: a view that is made meanwhile would begin twice, and lists take the events that
      // have waited only after they began anew.
      this.#changes.tell();
    });
  }

  // Reads who is doing what anew, where events alone don't tell: what was newest is gone, say.
  #readState() {
    this.#again ??= setTimeout(async () => {
      this.#again = null;
      try {
        await this.#reading(async () => this.#takeState(await call("GET", "/board")));
      } catch {
        this.#readState();
      }
    }, 100 + Math.random() * 900);
  }

  // While something is read, events wait: its answer may be older than they are. One reading at a time.
  /** @param {() => Promise<unknown>} read */
  #reading(read) {
    const reading = this.#turn.then(async () => {
      this.#waiting = [];
      try {
        await read();
      } finally {
        const events = this.#waiting;
        this.#waiting = null;
        for (const event of events) this.apply(event);
      }
    });
    this.#turn = reading.catch(() => {});
    return reading;
  }

  /** @param {BoardState} state */
  #takeState({ github, members, blockers }) {
    this.github = { host: github?.url.split("://")[1], repository: github?.repository };
    this.members = new Map(members.map(({ user }) => [user.username, user]));
    for (const user of this.members.values()) this.#name(user);
    this.#newest = new Map(members.flatMap(({ user, status }) => (status ? [[user.username, status.id]] : [])));
    this.#blocked.begin(blockers.map(({ status }) => status.id));
    for (const { status } of [...members, ...blockers]) if (status) this.learn(status);
    this.#changes.next().overview = true;
  }

  // Takes in a status from an answer. What is known already was kept right by events, and may be newer.
  /** @param {Status} status */
  learn(status) {
    if (this.#gone.has(status.id)) return;
    if (!this.statuses.has(status.id)) this.statuses.set(status.id, status);
    this.#nameAuthor(status);
    for (const reference of status.references) this.learnReference(reference);
  }

  /** @param {Reference} reference */
  learnReference(reference) {
    if (!this.#references.has(key(reference))) this.#references.set(key(reference), reference);
  }

  /** @template {Reference | string} R @param {R} reference @returns {Reference | R} */
  reference(reference) {
    return this.#references.get(key(reference)) ?? reference;
  }

  // What is shown of a person: the name, and the username where another's name looks like it.
  /** @param {Author} person */
  nameOf(person) {
    return this.#names.of(person);
  }

  /** @param {Author} person */
  #name(person) {
    if (!this.#names.set(person)) return;
    Object.assign(this.#changes.next(), { names: true, overview: true });
  }

  // Whose account is disabled may be known by their statuses alone.
  /** @param {Status} status */
  #nameAuthor({ author }) {
    if (!this.#names.has(author.username)) this.#name(author);
  }

  // Who may have said something, by name.
  people() {
    return [...this.members.values(), ...this.left.values()].sort(byName());
  }

  // Reads who has left, once: what they said is still there.
  readLeft() {
    this.#leaving ??= this.#reading(async () => {
      for (const user of await everyItem("/users", { disabled: true })) {
        this.left.set(user.username, user);
        this.#name(user);
      }
      this.#changes.next().overview = true;
    }).catch(() => (this.#leaving = null));
  }

  // Who has said something today, where they are, by name, each with the newest status.
  /** @returns {{ user: User, status: Status }[]} */
  presentStatuses() {
    const moment = now();
    const isToday = (/** @type {User} */ user, /** @type {Status} */ status) =>
      dayIn(user.time_zone, status.created_at) === dayIn(user.time_zone, moment);
    return [...this.members.values()].sort(byName()).flatMap((user) => {
      const status = this.#newestOf(user.username);
      return status && isToday(user, status) ? [{ user, status }] : [];
    });
  }

  /** @param {string} username */
  #newestOf(username) {
    return this.statuses.get(this.#newest.get(username) ?? -1);
  }

  // What keeps people from going on, oldest first.
  /** @returns {Blocker[]} */
  blockers() {
    return this.#blocked.all().map((status) => {
      const references = status.references.map((reference) => this.reference(reference));
      const waitsFor = references.filter((reference) => !isOver(reference));
      return { status, references, waitsFor, cleared: references.length > 0 && waitsFor.length === 0 };
    });
  }

  /** @param {BoardEvent} event */
  apply(event) {
    this.position = event.position ?? this.position;
    if (this.#waiting) return this.#waiting.push(event);
    const { kind, data } = event;
    if (kind === "status.posted") this.#posted(data);
    else if (kind === "status.edited") this.#edited(data);
    else if (kind === "status.deleted") this.#deleted(data.id);
    else if (kind === "member.changed") this.#member(data);
    else if (kind === "reference.changed") this.#reference(data);
    else if (kind === "blocker.cleared") this.#cleared(data);
  }

  // An answer may come after the news of a later edit.
  /** @param {Status} status */
  #keep(status) {
    if ((this.statuses.get(status.id)?.edited_at ?? "") > (status.edited_at ?? "")) return;
    this.statuses.set(status.id, status);
    this.#nameAuthor(status);
    for (const reference of status.references) this.#reference(reference);
  }

  /** @param {Status} status */
  #posted(status) {
    if (this.#gone.has(status.id)) return;
    const isNew = !this.statuses.has(status.id);
    this.#keep(status);
    const { username } = status.author;
    const newest = this.#newestOf(username);
    if (!newest || isLater(status, newest)) this.#newest.set(username, status.id);
    if (isNew || newest?.id !== status.id) this.#blocked.said(status);
    this.#changes.next().posted.push(status.id);
    this.#changes.next().overview = true;
  }

  /** @param {Status} status */
  #edited(status) {
    if (this.#gone.has(status.id)) return;
    if (this.statuses.get(status.id)?.category !== status.category) this.#readState();
    this.#keep(status);
    this.#changes.next().edited.add(status.id);
    this.#changes.next().overview = true;
  }

  /** @param {number} id */
  #deleted(id) {
    if (this.#gone.has(id)) return;
    this.#gone.add(id);
    this.statuses.delete(id);
    this.#blocked.delete(id);
    this.#changes.next().deleted.add(id);
    this.#changes.next().overview = true;
    this.#readState();
  }

  /** @param {User} user */
  #member(user) {
    const known = this.members.has(user.username);
    const [here, gone] = user.disabled ? [this.left, this.members] : [this.members, this.left];
    here.set(user.username, user);
    gone.delete(user.username);
    if (user.disabled === known) this.#readState();
    if (user.username === session.user?.username) session.reload().catch(() => {});
    this.#name(user);
    this.#changes.next().overview = true;
  }

  /** @param {Reference} reference */
  #reference(reference) {
    const name = key(reference);
    if (JSON.stringify(this.#references.get(name)) === JSON.stringify(reference)) return;
    this.#references.set(name, reference);
    this.#changes.next().references.add(name);
    this.#changes.next().overview = true;
  }

  /** @param {Status} status */
  #cleared(status) {
    if (this.#gone.has(status.id)) return;
    this.#keep(status);
    this.#changes.next().cleared.push(status);
  }
}
