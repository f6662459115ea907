"""What GitHub says of a reference, as a worker writes it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.models import Reference
from app.models.reference import ReferenceKind, ReferenceState
from app.places import Place
from app.services.feed import log as feed_log
from app.services.github import changes
from app.services.github.findings import Found
from app.services.transactions import transaction


@transaction
async def tell(db: AsyncSession, number: int, state: ReferenceState = ReferenceState.MERGED) -> None:
    """Write that octo/api#number stands so, as a worker does."""
    reference_id = await db.scalar(select(Reference.id).where(Reference.number == number))
    assert reference_id is not None
    found = Found(Place("octo", "api", number), ReferenceKind.PULL_REQUEST, "Title", state, False, None)
    await feed_log.append_all(db, await changes.record(db, [(reference_id, found)]))


async def told(number: int, state: ReferenceState = ReferenceState.MERGED) -> None:
    """Do it in a session of its own."""
    async with database.AsyncSessionLocal() as db:
        await tell(db, number, state)
