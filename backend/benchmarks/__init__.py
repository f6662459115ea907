"""How fast the board is: floors of the machine, what else a user might pick, and the board as it is deployed.

One command a table, from `backend/`; `docs/benchmarks.md` lists them, and shows what they found.
"""
