"""Every route family, in one table.

The prefix of all is given where the app includes them: to a router that has it already, and none of its own in the app,
FastAPI builds each route once more, only to see that its path is not empty.
"""

from typing import Final

from fastapi import APIRouter

from app.api.routes import auth, board, github, health, invites, live, references, statuses, tokens, users

FAMILIES: Final = (health, auth, users, invites, tokens, statuses, board, references, github, live)

router = APIRouter()

for family in FAMILIES:
    router.include_router(family.router)


def words() -> frozenset[str]:
    """Return the words of which the families' paths are made; what varies stands between them."""
    paths = [route.path for family in FAMILIES for route in family.router.routes if hasattr(route, "path")]
    return frozenset(word for path in paths for word in path.split("/") if not word.startswith("{"))
