"""Every route family, in one table."""

from fastapi import APIRouter

from app.api.routes import auth, board, health, invites, live, statuses, tokens, users

router = APIRouter(prefix="/api/v1")

for family in (health, auth, users, invites, tokens, statuses, board, live):
    router.include_router(family.router)
