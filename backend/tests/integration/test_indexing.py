"""The version before knows nothing of a status's terms: nothing is missed until the worker has found them."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.migrations.large_indexes import LARGE_INDEXES
from app.migrations.upgrade import upgrade
from app.services.statuses import indexing
from tests.personas import Persona

PATH = "/api/v1/statuses"
# What that version does.
POST = text("""
    INSERT INTO statuses (author_id, message, category) SELECT id, :message, 'done' FROM users WHERE username = 'ada'
""")
EDIT = text("UPDATE statuses SET message = :message, edited_at = clock_timestamp() WHERE id = :id")
WITHOUT = text("SELECT count(*) FROM statuses WHERE terms IS NULL")
INVALID = text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")


async def found(reader: Persona, q: str) -> list[str]:
    """Return the messages that a search brings."""
    return [status["message"] for status in (await reader.client.get(PATH, params={"q": q})).json()["items"]]


async def test_what_the_version_before_posts_is_found_as_ever(ada: Persona, db: AsyncSession):
    """By its own rules until the worker was there, then by the new ones."""
    await db.execute(POST, {"message": "Fixed PROJ-4711 for octo/api#12"})
    await db.commit()
    await ada.post("Fixed PROJ-4712")
    before = [await found(ada, q) for q in ("fixed", "octo/api#12", "4711")]
    await indexing.index_all(db)
    after = await found(ada, "4711")

    assert before[0] == ["Fixed PROJ-4712", "Fixed PROJ-4711 for octo/api#12"]
    assert before[1] == ["Fixed PROJ-4711 for octo/api#12"]
    assert after == ["Fixed PROJ-4711 for octo/api#12"]
    assert await db.scalar(WITHOUT) == 0


async def test_what_the_version_before_edits_is_found_by_what_it_says_now(ada: Persona, db: AsyncSession):
    """Not by the terms of its old message, neither before nor after the worker was there."""
    status = await ada.post("Fixed the cache")
    await db.execute(EDIT, {"message": "Broke the cache", "id": status["id"]})
    await db.commit()
    before = [await found(ada, q) for q in ("fixed", "broke")]
    await indexing.index_all(db)

    assert before == [[], ["Broke the cache"]]
    assert [await found(ada, q) for q in ("fixed", "broke")] == before


async def test_two_workers_share_the_work_while_people_post_and_edit(ada: Persona, db: AsyncSession, monkeypatch):
    """In small batches; at any moment each status is found by what it says."""
    monkeypatch.setattr(indexing, "BATCH", 3)
    monkeypatch.setattr(indexing, "PAUSE", 0)
    for number in range(40):
        await db.execute(POST, {"message": f"old number {number}"})
    await db.commit()
    edited = await ada.post("old number 40")
    is_over = False

    async def work() -> None:
        async with database.AsyncSessionLocal() as session:
            await indexing.index_all(session)

    async def search() -> list[int]:
        counts = []
        while not is_over:
            counts += [len(await found(ada, q)) for q in ('"old number"', "number", "old")]
        return counts

    async with asyncio.TaskGroup() as group:
        searching = group.create_task(search())
        workers = [group.create_task(work()) for _ in range(2)]
        for number in range(10):
            await ada.client.patch(f"{PATH}/{edited['id']}", json={"message": f"old number {50 + number}"})
        await asyncio.gather(*workers)
        is_over = True

    assert set(searching.result()) == {41}
    assert await db.scalar(WITHOUT) == 0
    assert await found(ada, '"number 59"') == ["old number 59"]


async def test_an_index_that_was_left_unfinished_is_built_anew(database_url: str, db: AsyncSession):
    """Whoever ended `statusboard migrate` amid it only has to run it again."""
    name = next(iter(LARGE_INDEXES))
    await db.execute(
        text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(:name)"), {"name": name}
    )
    await db.commit()
    await upgrade(database_url)

    assert await db.scalar(INVALID) == 0
