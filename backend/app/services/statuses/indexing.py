"""Finding the terms of statuses that have none: those that the version before posted or edited."""

import asyncio
from typing import Final

from sqlalchemy import BigInteger, Text, bindparam, cast, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Status
from app.services.statuses import terms
from app.services.transactions import transaction

BATCH: Final = 500  # statuses that one transaction locks; nobody can edit them for as long
BATCH_WITHIN: Final = 20.0  # seconds, for each batch; nobody waits for the answer
PAUSE: Final = 0.05  # seconds between two batches, so that posts get their turn

_found = (
    func.unnest(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("terms", type_=ARRAY(Text)))
    .table_valued("id", "terms", name="found")
    .render_derived()
)
_WRITE: Final = update(Status).where(Status.id == _found.c.id).values(terms=cast(_found.c.terms, TSVECTOR))


@transaction
async def _index_batch(db: AsyncSession, *, below: int | None = None) -> int | None:
    # The newest first. The lowest id comes back, so that the next batch doesn't pass by all that have terms now.
    missing = select(Status.id, Status.message).where(Status.terms.is_(None)).order_by(Status.id.desc()).limit(BATCH)
    if below is not None:
        missing = missing.where(Status.id < below)
    # What someone is editing right now is skipped: it has terms afterwards, or is here again.
    rows = (await db.execute(missing.with_for_update(key_share=True, skip_locked=True))).all()
    if not rows:
        return None
    values = {"ids": [row.id for row in rows], "terms": [terms.as_tsvector(row.message) for row in rows]}
    await db.execute(_WRITE, values)
    lowest: int = rows[-1].id
    return lowest


async def index_all(db: AsyncSession) -> None:
    """Find the terms of all statuses without, in batches. Several workers may do so at once: they share the work."""
    below = None
    while True:
        db.info["patience"] = BATCH_WITHIN
        below = await _index_batch(db, below=below)
        if below is None:
            return
        await asyncio.sleep(PAUSE)
