// The types of the page: what the API sends (docs/api.md), and what the page makes of it. Only the type check reads this
// file (jsconfig.json); all modules of app/web can use its names.

// What the API sends.

type Moment = string;
type MomentOrDate = Moment | number | Date;
type Category = "planning" | "in-progress" | "blocked" | "done";
type ReferenceState = "open" | "draft" | "closed" | "not_planned" | "merged" | "moved" | "no_access" | "gone";
type ReferenceKind = "issue" | "pull_request" | "discussion" | "unknown";

interface Author {
  username: string;
  display_name: string;
}

interface User extends Author {
  kind: string;
  role: "admin" | "member";
  time_zone: string;
  disabled: boolean;
  created_at: Moment;
}

interface Reference {
  owner: string;
  repo: string;
  number: number;
  kind: ReferenceKind;
  title: string | null;
  state: ReferenceState | null;
  moved_to?: string | null;
  url: string;
}

interface Status {
  id: number;
  author: Author;
  message: string;
  category: Category;
  references: Reference[];
  created_at: Moment;
  edited_at: Moment | null;
  // Where the words of a search are, in code points.
  matches?: [number, number][];
}

interface Slice<Item> {
  items: Item[];
  next_cursor: string | null;
}

interface StatusSlice extends Slice<Status> {
  position: string;
}

interface ReferenceHistory extends StatusSlice {
  reference: Reference;
}

interface BoardState {
  position: string;
  github: { url: string; repository: string | null };
  members: { user: User; status: Status | null; today: boolean }[];
  blockers: { status: Status; since: Moment; waits_for: Reference[]; cleared: boolean }[];
}

interface AccessToken {
  access_token: string;
  expires_in: number;
}

interface LoginSession {
  id: number;
  created_at: Moment;
  last_used_at: Moment;
  expires_at: Moment;
  user_agent: string;
  current: boolean;
}

interface Invite {
  id: number;
  uses: number;
  used: number;
  created_by: string | null;
  created_at: Moment;
  expires_at: Moment;
  // Only in the answer that creates it.
  url: string;
}

type TokenScope = "post" | "read";

interface ApiToken {
  id: number;
  name: string;
  scopes: TokenScope[];
  created_at: Moment;
  last_used_at: Moment | null;
  expires_at: Moment | null;
  // Only in the answer that creates it.
  token: string;
}

interface FieldError {
  loc: (string | number)[];
  msg: string;
}

// The body of an error answer.
interface Problem {
  code?: string;
  title?: string;
  detail?: string;
  errors?: FieldError[];
}

// A change of the board, from the live feed, or from an answer to the page itself.
type BoardEvent = { position?: string } & (
  | { kind: "status.posted" | "status.edited" | "blocker.cleared"; data: Status }
  | { kind: "status.deleted"; data: { id: number } }
  | { kind: "member.changed"; data: User }
  | { kind: "reference.changed"; data: Reference }
);

type LiveEvent = BoardEvent & { type: "event"; seq: number; position: string };

type LiveMessage = LiveEvent | { type: "hello" | "snapshot" | "ready"; seq: number; position: string } | { type: "reset" };

// What the page makes of it.

type Query = Record<string, string | number | boolean | null | undefined>;

interface CallOptions {
  body?: unknown;
  query?: Query;
  headers?: Record<string, string>;
  // Whether to call without the login.
  anonymous?: boolean;
  keepalive?: boolean;
  // In seconds.
  patience?: number;
}

// What a list of statuses is filtered by.
interface Filter {
  q?: string;
  author?: string;
  category?: string;
  reference?: string;
  day?: string;
}

// The settings for reading references in messages.
interface Grammar {
  host?: string;
  repository?: string | null;
}

// A part of a message. All parts together are the whole message.
interface Piece {
  text: string;
  reference?: string;
  address?: string;
}

interface Blocker {
  status: Status;
  references: Reference[];
  waitsFor: Reference[];
  cleared: boolean;
}

interface OutboxItem {
  // The Idempotency-Key with which it is sent.
  key: string;
  username: string;
  message: string;
  category: Category;
  created_at: Moment;
  state: "sending" | "waiting" | "refused";
  reason?: string;
}

interface ConnectionState {
  name: "connecting" | "open" | "away" | "stopped";
  // When it was lost, by the board's clock.
  since: number | null;
  reason: "restarting" | "full" | "disabled" | "origin" | "upgrade" | null;
  // How many events came late.
  missed: number;
}

// A part of the page that follows the board until it is stopped.
interface Part {
  element: HTMLElement;
  stop: () => void;
}

// What is shown for an address.
interface View {
  element: HTMLElement;
  readonly title?: string;
  feed?: Feed;
  stop?: () => void;
}

// A one-time code from the address.
interface Code {
  name: string;
  value: string;
}

// A field of a form.
interface Field {
  name: string;
  element: HTMLElement;
  value: () => any;
  fits: () => boolean;
  fail: (message?: string | null) => boolean;
  focus: () => void;
  beforeSending?: () => void;
}

interface FieldOptions {
  name: string;
  label: string;
  hint?: string | null;
  // Returns what is wrong, or null. While the value is being typed, `finished` is false, and it should only report what
  // more typing can't fix.
  check?: (value: string, finished: boolean) => string | null;
  tag?: "input" | "select";
  content?: Child;
  // A button that belongs to it.
  beside?: Child;
  [attribute: string]: any;
}

interface FormOptions {
  fields: Field[];
  label: string;
  submit: string;
  working: string;
  // Gets the values by the fields' names. If it throws, the error is shown.
  send: (values: any) => unknown;
  beside?: Child;
  // Whether the fields are small and next to each other.
  pair?: boolean;
  // The field at which an error is shown, by the error's code.
  places?: Record<string, string>;
  explain?: (error: unknown) => string;
}

// What an admin can do about a member.
interface MemberAction {
  text: string;
  question: (name: string) => string;
  // The question where it is one's own account.
  own?: string;
  changes: object;
  done: (name: string) => string;
  grave?: boolean;
}

// How a member is shown: whether to an admin, and with which names.
interface Seen {
  admin: boolean;
  names: import("./app/web/names.js").Names;
}

type Stop = () => void;

// A person with their newest status, if it is from today.
interface Present {
  user: User;
  status: Status;
}

type RowMaker = (present: Present, board: BoardStore) => HTMLElement;

// Texts for people. Those with a number or a name in them are functions.
interface Texts {
  [name: string]: string | ((...given: any[]) => string) | Texts | string[][];
}

type BoardStore = import("./app/web/board/store.js").BoardStore;
type BoardChanges = ReturnType<import("./app/web/board/changes.js").Changes["next"]>;
type Desk = import("./app/web/board/desk.js").Desk;
type Feed = import("./app/web/board/feed.js").Feed;
type Live = import("./app/web/board/live.js").Live;
type Outbox = import("./app/web/board/outbox.js").Outbox;
type Shell = import("./app/web/shell.js").Shell;
type StatusList = import("./app/web/board/list.js").StatusList;

// What elements are made of (dom.js).

type Child = Node | string | number | false | null | undefined | Child[];

type Attribute = string | number | boolean | null | undefined;

type On<Event, Target> = (event: Event & { currentTarget: Target; target: Target }) => unknown;

interface Properties<Target = any> {
  onclick?: On<MouseEvent, Target>;
  onkeydown?: On<KeyboardEvent, Target>;
  oninput?: On<InputEvent, Target>;
  onchange?: On<Event, Target>;
  onsubmit?: On<SubmitEvent, Target>;
  [name: string]: Attribute | ((event: any) => unknown);
}
