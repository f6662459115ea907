// System notifications, for readers who turn them on. There is one kind: everything that their blocked status waits for
// is done.

import { kept } from "./storage.js";
import { words } from "./words.js";

// Returns why there can be no notifications, as text, or null.
function obstacle() {
  if (!window.isSecureContext) return words.notifications.insecure;
  if (!("Notification" in window)) return words.notifications.unsupported;
  return Notification.permission === "denied" ? words.notifications.denied : null;
}

export const notifications = {
  obstacle,

  get on() {
    return kept.get("notifications") === true && !obstacle() && Notification.permission === "granted";
  },

  // Asks the browser for permission if needed. Returns whether notifications are on.
  /** @param {boolean} on */
  async turn(on) {
    const may = on && !obstacle() && (await Notification.requestPermission()) === "granted";
    kept.set("notifications", may || null);
    return may;
  },

  // Two tabs that send the same `tag` show one notification.
  /** @param {string} text @param {string} tag */
  tell(text, tag) {
    if (!notifications.on) return;
    try {
      const shown = new Notification(words.notifications.title, { body: text, tag });
      shown.onclick = () => window.focus();
    } catch {
      // Some mobile browsers allow them only from service workers.
    }
  },
};
