"""Every route family, in one table.

The prefix of all is given where the app includes them: to a router that has it already, and none of its own in the app,
FastAPI builds each route once more, only to see that its path is not empty.
"""

from fastapi import APIRouter

from app.api.routes import auth, board, github, health, invites, live, references, statuses, tokens, users

router = APIRouter()

for family in (health, auth, users, invites, tokens, statuses, board, references, github, live):
    router.include_router(family.router)
