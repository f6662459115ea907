"""How fast the board is: floors of the machine, what else a user might pick, and the board as it is deployed.

One command a table, from `backend/`; `docs/benchmarks.md` lists them, and shows what they found.
"""

import os

# What of the app is imported here wants its settings; whoever is measured gets his own.
os.environ.setdefault("JWT_SECRET", "only-for-benchmarks-0123456789abcdef")
