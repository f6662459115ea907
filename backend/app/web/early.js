// Runs while the page's other modules are still on their way: the login is renewed meanwhile.

import { session } from "./session.js";

session.start();
