// Every word of the page that a person reads, but those of accounts (account/words.js): another language is another file
// like this one. What has a number or a name in it is a function.

// The language of these words, whatever the reader's is.
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
  // Where the reader's own English is not known: it counts 24 hours.
  locale: "en-GB",
  name: "Statusboard",

  shell: {
    skip: "To the board",
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
    hidden: "It is not there, or this board may not show it.",
    movedTo: (place) => `Now at ${place}.`,
    onGitHub: "Open on GitHub",
    everything: "All that was said about it",
    never: "Nobody on this board has spoken of it.",
  },

  now: {
    heading: "Now",
    filter: "Find a person",
    columns: { person: "Person", category: "Category", status: "Newest status", age: "Age" },
    none: "Nothing has been said today.",
  },

  blockers: {
    heading: "Blocked",
    waitsFor: "waits for",
    since: "since",
    more: (number) => `${number} more`,
    clearedForYou: (references) => `${over(references)}. You are free to go on.`,
    cleared: (references, name) => `${over(references)}. ${name} is free to go on.`,
  },

  feed: {
    heading: "Feed",
    empty: "Nothing has been said yet. For example:",
    example: "Reviewing octo/engine#87, then lunch",
    noMatch: "Nothing fits.",
    fresh: (number) => `${number} new`,
    heard: (number) => count(number, "new status", "new statuses"),
    loading: "Loading more…",
    retry: "Try again",
    end: "That is the beginning.",
    reset: "The board was restored from a backup, or you were away for long. This is how it stands now.",
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
    editedElsewhere: "This was edited elsewhere meanwhile. There it now says:",
    saveAnyway: "Saving replaces that with yours.",
    deletedElsewhere: "This was deleted elsewhere meanwhile.",
    saveAnew: "Saving posts it anew.",
    sending: "sending…",
    waiting: "waiting",
    refused: "not posted",
    back: "Back into the box",
    discard: "Discard",
    more: "More about this status",
  },

  composer: {
    label: "What are you doing?",
    hint: "What are you doing?",
    category: "Category",
    send: "Post",
    left: (number) => count(number, "character left", "characters left"),
    over: (number) => `${count(number, "character", "characters")} too many`,
    speaksOf: "Speaks of",
    refused: (reason) => `Not posted: ${reason}`,
    late: "It has waited for a day. Post it again, unless the board shows it.",
    posted: "Posted.",
    later: "Will be posted once the board is reached again.",
    keys: "Enter posts, Shift+Enter starts a new line. /p /i /b /d at the start, or Alt+1 to Alt+4, set the category.",
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
    badReference: "A reference looks like owner/repo#12.",
  },

  person: {
    said: "What was said",
    gone: "There is nobody of that name here.",
    left: (name) => `${name} (disabled)`,
    localTime: (time, zone) => `${time} there (${zone})`,
  },

  connection: {
    away: (since) => `Not connected since ${since}. Go on typing: what you post is sent later.`,
    back: (number) => `Back. ${number ? `${count(number, "update", "updates")} caught up.` : "Nothing was missed."}`,
    restarting: "The board restarts.",
    full: "The board has too many visitors, or its database is away. Trying again.",
    disabled: "Your account is disabled. Ask an admin.",
    origin: (here, there) =>
      `This page was opened at ${here}, but the board is at ${there}: it sends no news here. If this address is right ` +
      `too, whoever runs the board sets PUBLIC_URL to it, or adds it to CORS_ORIGINS.`,
    upgrade:
      "The board answers, but its live connection does not come about. A proxy in between has to pass WebSockets on " +
      "(docs/proxy.md shows how).",
    now: "Try now",
  },

  keys: {
    heading: "Keys",
    close: "Close",
    off: "Single-character keys are off. Settings turn them on.",
    list: [
      ["n", "Write a status"],
      ["Enter", "Post it"],
      ["Shift+Enter", "A new line"],
      ["/p /i /b /d", "At the start of a status: planning, in progress, blocked, done"],
      ["Alt+1 … Alt+4", "The same, at any time, unless it types a character"],
      ["j  k", "Next, previous status"],
      ["o", "Open or close it"],
      ["e", "Edit your newest status, or the chosen one"],
      [".", "Show what is new"],
      ["f", "Find"],
      ["b", "To the board"],
      ["Esc", "Leave a box, close what is open"],
      ["?", "This list"],
    ],
  },

  notifications: {
    insecure: "Notifications need https (or localhost). This board was opened over plain http.",
    unsupported: "This browser has no notifications.",
    denied: "This browser was told not to show notifications of this board. Its own settings can change that.",
    title: "You are free to go on",
  },
};
