// Runs while the other modules are still loading, and renews the login in the meantime.

import { session } from "./session.js";

session.start();
