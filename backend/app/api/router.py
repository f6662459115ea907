"""Every route family, in one table.

Each is included by the app itself: FastAPI looks through a router within a router once more at each level. Those that
are asked most come first.
"""

from typing import Final

from fastapi import FastAPI

from app.api.routes import auth, board, github, health, invites, live, references, statuses, tokens, users

FAMILIES: Final = (statuses, board, health, live, auth, users, invites, tokens, references, github)


def include(app: FastAPI, prefix: str) -> None:
    """Have the app serve all of them below a prefix."""
    for family in FAMILIES:
        app.include_router(family.router, prefix=prefix)


def words() -> frozenset[str]:
    """Return the words of which the families' paths are made; what varies stands between them."""
    paths = [route.path for family in FAMILIES for route in family.router.routes if hasattr(route, "path")]
    return frozenset(word for path in paths for word in path.split("/") if not word.startswith("{"))
