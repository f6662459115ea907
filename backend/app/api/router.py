"""Every route family, in one table.

The app includes each itself, because FastAPI searches nested routers again at each level. The busiest ones come first.
"""

from typing import Final

from fastapi import FastAPI

from app.api.routes import auth, board, github, health, invites, live, references, statuses, tokens, users

FAMILIES: Final = (statuses, board, health, live, auth, users, invites, tokens, references, github)


def include(app: FastAPI, prefix: str) -> None:
    """Let the app serve all of them below a prefix."""
    for family in FAMILIES:
        app.include_router(family.router, prefix=prefix)


def words() -> frozenset[str]:
    """Return the fixed words in the families' paths, without the parameters."""
    paths = [route.path for family in FAMILIES for route in family.router.routes if hasattr(route, "path")]
    return frozenset(word for path in paths for word in path.split("/") if not word.startswith("{"))
