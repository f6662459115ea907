"""Every route family, in one table."""

from fastapi import APIRouter

from app.api.routes import auth, board, github, health, invites, live, references, statuses, tokens, users

router = APIRouter(prefix="/api/v1")

for family in (health, auth, users, invites, tokens, statuses, board, references, github, live):
    router.include_router(family.router)
