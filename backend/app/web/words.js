// All the texts of the page except those of the account pages (account/words.js). Another language needs another pair
// of these files. Texts with a number or a name in them are functions.

// The language of these texts, which may differ from the reader's.
const rules = new Intl.PluralRules("en");
/** @param {number} number @param {string} one @param {string} other */
const count = (number, one, other) => `${number} ${rules.select(number) === "one" ? one : other}`;
const list = new Intl.ListFormat("en");
/** @type {Record<string, string>} */
const ended = { merged: "was merged", closed: "was closed", not_planned: "was closed as not planned" };

// "octo/api#12 was merged and octo/api#13 was closed".
/** @param {{ name: string, state: string | null }[]} references */
const over = (references) => list.format(references.map(({ name, state }) => `${name} ${ended[state ?? ""] ?? ended.closed}`));

/** @satisfies {Texts} */
export const words = {
  language: "en",
  // For readers whose own kind of English is not known. It has a 24-hour clock.
  locale: "en-GB",
  name: "Statusboard",

  shell: {
    skip: "Skip to the board",
    navigation: "Views",
    board: "Board",
    feed: "Feed",
    members: "Members",
    settings: "Settings",
    logIn: "Log in",
    logOut: "Log out",
    keys: "Keys",
    notThere: "There is nothing at this address.",
    back: "To the board",
    waiting: "The board can’t be reached. Trying again…",
    loading: "Loading…",
  },

  time: { now: "now", minutes: (number) => `${number}\u00a0min`, hours: (number) => `${number}\u00a0h` },

  category: { planning: "planning", "in-progress": "in progress", blocked: "blocked", done: "done" },

  reference: {
    kind: { issue: "issue", pull_request: "pull request", discussion: "discussion", unknown: "reference" },
    state: {
      open: "open",
      draft: "draft",
      closed: "closed",
      not_planned: "not planned",
      merged: "merged",
      moved: "moved",
      no_access: "not visible",
      gone: "deleted",
    },
    hidden: "It doesn’t exist, or this board isn’t allowed to show it.",
    movedTo: (place) => `Now at ${place}.`,
    onGitHub: "Open on GitHub",
    everything: "Everything said about it",
    never: "Nobody on this board has mentioned it.",
  },

  now: {
    heading: "Now",
    filter: "Find a person",
    columns: { person: "Person", category: "Category", status: "Newest status", age: "Age" },
    none: "Nothing posted today.",
  },

  blockers: {
    heading: "Blocked",
    waitsFor: "waits for",
    since: "since",
    more: (number) => `${number} more`,
    clearedForYou: (references) => `${over(references)}. You can go on.`,
    cleared: (references, name) => `${over(references)}. ${name} can go on.`,
  },

  feed: {
    heading: "Feed",
    empty: "No statuses yet. For example:",
    example: "Reviewing octo/engine#87, then lunch",
    noMatch: "No matches.",
    fresh: (number) => `${number} new`,
    heard: (number) => count(number, "new status", "new statuses"),
    loading: "Loading more…",
    retry: "Try again",
    end: "This is the beginning.",
    reset: "The board was restored from a backup, or you were away for a long time. It is up to date now.",
  },

  status: {
    edited: "edited",
    editedAt: (moment) => `edited ${moment}`,
    edit: "Edit",
    remove: "Delete",
    removeSure: "Delete for good?",
    save: "Save",
    cancel: "Cancel",
    saved: "Saved.",
    removed: "Deleted.",
    undo: "Undo",
    editLabel: "Your status",
    editedElsewhere: "This was edited elsewhere in the meantime. It now says:",
    saveAnyway: "If you save, your version replaces it.",
    deletedElsewhere: "This was deleted elsewhere in the meantime.",
    saveAnew: "If you save, it is posted again.",
    sending: "sending…",
    waiting: "waiting",
    refused: "not posted",
    back: "Edit again",
    discard: "Discard",
    more: "Details",
  },

  composer: {
    label: "What are you doing?",
    hint: "What are you doing?",
    category: "Category",
    send: "Post",
    left: (number) => count(number, "character left", "characters left"),
    over: (number) => `${count(number, "character", "characters")} too many`,
    speaksOf: "Mentions",
    refused: (reason) => `Not posted: ${reason}`,
    late: "It waited for a day. If it isn’t on the board, post it again.",
    posted: "Posted.",
    later: "It will be posted when the board can be reached again.",
    keys: "Enter posts, Shift+Enter starts a new line. To set the category, start with /p, /i, /b or /d, or press Alt+1 to Alt+4.",
  },

  filters: {
    heading: "Find",
    text: "Words",
    author: "Person",
    category: "Category",
    reference: "Reference",
    day: "Day",
    any: "any",
    clear: "Show all",
    badReference: "Write it like owner/repo#12.",
  },

  person: {
    said: "Statuses",
    gone: "There is nobody with this username.",
    left: (name) => `${name} (disabled)`,
    localTime: (time, zone) => `local time ${time} (${zone})`,
  },

  connection: {
    away: (since) => `Not connected since ${since}. Keep typing: what you post will be sent later.`,
    back: (number) => `Connected again. ${number ? `You missed ${count(number, "update", "updates")}.` : "You missed nothing."}`,
    restarting: "The board is restarting.",
    full: "The board has too many visitors, or its database can’t be reached. Trying again.",
    disabled: "Your account is disabled. Ask an admin.",
    origin: (here, there) =>
      `You opened this page at ${here}, but the board’s own address is ${there}, so it sends no updates here. If this ` +
      "address is right too, the board’s operator must set PUBLIC_URL to it or add it to CORS_ORIGINS.",
    upgrade:
      "The board answers, but the live connection fails. A proxy in front of the board must let WebSockets through " +
      "(docs/proxy.md shows how).",
    now: "Try now",
  },

  keys: {
    heading: "Keys",
    close: "Close",
    off: "Single-character keys are off. You can turn them on in Settings.",
    list: [
      ["n", "Write a status"],
      ["Enter", "Post it"],
      ["Shift+Enter", "A new line"],
      ["/p /i /b /d", "At the start of a status: planning, in progress, blocked, done"],
      ["Alt+1 … Alt+4", "The same at any time, unless your keyboard types a character with it"],
      ["j  k", "Next, previous status"],
      ["o", "Open or close it"],
      ["e", "Edit the selected status, or your newest"],
      [".", "Show new statuses"],
      ["f", "Find"],
      ["b", "Go to the board"],
      ["Esc", "Leave a text box, or close what is open"],
      ["?", "This list"],
    ],
  },

  notifications: {
    insecure: "Notifications need https (or localhost). This board was opened over plain http.",
    unsupported: "This browser doesn’t support notifications.",
    denied: "This browser blocks this board’s notifications. You can change that in the browser’s settings.",
    title: "You can go on",
  },

  faults: {
    invalid_refresh_token: "Your session has ended. Log in again.",
    invalid_token: "Your session has ended. Log in again.",
    wrong_credentials: "Wrong username or password.",
    account_disabled: "This account is disabled. Ask an admin.",
    username_taken: "This username is taken. Choose another.",
    wrong_password: "That isn’t your current password.",
    last_admin: "The board needs an admin who can log in. Make someone else an admin first.",
    admins_only: "You’re no longer an admin.",
    already_expired: "This day is in the past.",
    user_not_found: "This member no longer exists.",
    foreign_origin: (here, there) =>
      `You opened this page at ${here}, but the board’s own address is ${there || "another one"}. ` +
      "Its operator must set PUBLIC_URL to the address that people open.",
    rate_limited: (seconds) =>
      seconds > 90
        ? `Too many attempts. Try again in ${Math.ceil(seconds / 60)} minutes.`
        : `Too many attempts. Try again in ${count(Math.max(1, seconds), "second", "seconds")}.`,
    unreachable: "The board can’t be reached right now. Try again in a moment.",
    unknown: "Something went wrong. Try again in a moment.",
  },
};
