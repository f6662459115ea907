// Starts the page. Only main.js, early.js and old.js do something when they are loaded; the other modules wait to be
// called.

import "./early.js";
import { fetchAccount, startAccount } from "./account/lazy.js";
import { copyAsWritten } from "./board/badges.js";
import { startTips } from "./board/tips.js";
import { startRouter } from "./router.js";
import { Shell } from "./shell.js";
import { startShortcuts } from "./shortcuts.js";
import { startClock } from "./time.js";

const shell = new Shell();
startRouter();
startClock();
startTips();
startAccount();
startShortcuts(shell);
document.addEventListener("copy", copyAsWritten);
document.documentElement.dataset.running = "";

await shell.start();
fetchAccount().catch(() => {});
