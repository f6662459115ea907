// Notifications of the system, if the reader wants them: one when something that one waited for has come.

import { kept } from "./storage.js";
import { words } from "./words.js";

// Why there are none, in words; null where there may be.
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

  // Asks the browser, which asks the reader. Returns whether they are on.
  /** @param {boolean} on */
  async turn(on) {
    const may = on && !obstacle() && (await Notification.requestPermission()) === "granted";
    kept.set("notifications", may || null);
    return may;
  },

  // `tag`: two tabs that tell of the same show one.
  /** @param {string} text @param {string} tag */
  tell(text, tag) {
    if (!notifications.on) return;
    try {
      const shown = new Notification(words.notifications.title, { body: text, tag });
      shown.onclick = () => window.focus();
    } catch {
      // Some mobile browsers have them for service workers alone.
    }
  },
};
