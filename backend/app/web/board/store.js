// What the page knows of the board. It is read once, then kept up to date by the events of the feed, which may safely
// arrive twice.

import { call, everyItem } from "../api.js";
import { now } from "../clock.js";
import { byName, Names } from "../names.js";
import { session } from "../session.js";
import { dayIn } from "../time.js";
import { Changes } from "./changes.js";
import { key } from "./grammar.js";
import { isLater, StatusList } from "./list.js";
import { OpenBlockers } from "./open_blockers.js";

/** @type {Set<string | null>} */
const OVER = new Set(["closed", "not_planned", "merged"]);

// Whether nobody has to wait for a reference any more.
/** @param {Reference} reference */
const isOver = (reference) => OVER.has(reference.state);

export class BoardStore {
  /** @type {string | null} */
  position = null;
  // How to read references in messages.
  /** @type {Grammar} */
  github = {};
  /** @type {Map<number, Status>} */
  statuses = new Map();
  /** @type {Map<string, User>} */
  members = new Map();
  // People whose accounts are disabled, once they have been read.
  /** @type {Map<string, User>} */
  left = new Map();
  #names = new Names();
  /** @type {Map<string, number>} */
  #newest = new Map();
  #openBlockers = new OpenBlockers(this.statuses);
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
  // The feed without a filter, as far as it has been read.
  feed = new StatusList(this, {});

  // Calls the listener with what has changed, once a frame.
  /** @param {(changes: BoardChanges) => unknown} listener */
  onChange(listener) {
    return this.#changes.onChange(listener);
  }

  // Reads everything. If the two answers are from different moments, the feed is read again, so that it is not the
  // older one.
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
      // At once, not in the next frame. Otherwise a view that is made in the meantime would start twice, and lists
      // would drop the events that have waited.
      this.#changes.tell();
    });
  }

  // Reads again who is doing what, when events are not enough, for example because somebody's newest status was
  // deleted.
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

  // While something is being read, events wait, since the answer may be older than they are. Only one thing is read at
  // a time.
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
    this.#openBlockers.begin(blockers.map(({ status }) => status.id));
    for (const { status } of [...members, ...blockers]) if (status) this.learn(status);
    this.#changes.next().overview = true;
  }

  // Adds a status from an answer, unless it is known already: events may have brought a newer version.
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

  // What to call a person: the name, and the username if another name looks alike.
  /** @param {Author} person */
  nameOf(person) {
    return this.#names.of(person);
  }

  /** @param {Author} person */
  #name(person) {
    if (!this.#names.set(person)) return;
    Object.assign(this.#changes.next(), { names: true, overview: true });
  }

  // Somebody with a disabled account may only be known from their statuses.
  /** @param {Status} status */
  #nameAuthor({ author }) {
    if (!this.#names.has(author.username)) this.#name(author);
  }

  // Everybody who may have posted, by name.
  people() {
    return [...this.members.values(), ...this.left.values()].sort(byName());
  }

  // Reads the disabled accounts, once: their statuses are still there.
  readLeft() {
    this.#leaving ??= this.#reading(async () => {
      for (const user of await everyItem("/users", { disabled: true })) {
        this.left.set(user.username, user);
        this.#name(user);
      }
      this.#changes.next().overview = true;
    }).catch(() => (this.#leaving = null));
  }

  // People who have posted today, by their own time zone, with their newest status, by name.
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

  // The open blockers, oldest first.
  /** @returns {Blocker[]} */
  blockers() {
    return this.#openBlockers.all().map((status) => {
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

  // An answer may arrive after the event of a later edit.
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
    if (isNew || newest?.id !== status.id) this.#openBlockers.said(status);
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
    this.#openBlockers.delete(id);
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
