"""The set-up code and its link. What the code is good for is in test_register.py."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.config import settings
from app.models import Board
from app.services.identity import setup
from tests.patience import LONG
from tests.personas import Persona
from tests.servers import serve


@pytest.fixture
async def another_process(database_url: str) -> AsyncIterator[AsyncSession]:
    """A session with an engine of its own, which is all that a second process shares with the first."""
    engine = database.create_engine(database_url)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
    await engine.dispose()


def logged_links(caplog: pytest.LogCaptureFixture) -> list[str]:
    return re.findall(r"http\S+/#setup=\S+", caplog.text)


async def test_the_code_is_the_same_for_every_process(db: AsyncSession, another_process: AsyncSession):
    """All workers and replicas derive it from what they share, in characters that no address needs to escape."""
    link = await setup.link(db)

    assert link is not None
    assert link == await setup.link(another_process)
    assert re.fullmatch(r"http://localhost:8000/#setup=[A-Za-z0-9_-]{43}", link)


async def test_it_is_another_for_another_secret_or_database(db: AsyncSession, monkeypatch):
    """Whoever knows one of them knows nothing."""
    link = await setup.link(db)
    with monkeypatch.context() as patch:
        patch.setattr(settings, "JWT_SECRET", "another-secret-0123456789abcdefghijkl")
        of_another_secret = await setup.link(db)
    await db.execute(update(Board).values(id=text("gen_random_uuid()")))
    await db.commit()
    of_another_database = await setup.link(db)

    assert len({link, of_another_secret, of_another_database}) == 3


async def test_with_an_account_there_is_none(ada: Persona, db: AsyncSession, caplog):
    """Nothing to show, and nothing to log."""
    caplog.set_level(logging.INFO)

    await setup.log_link_once(db)

    assert await setup.link(db) is None
    assert logged_links(caplog) == []


async def test_of_many_processes_one_logs_the_link(database_url: str, db: AsyncSession, caplog):
    """However many start at once, and however often."""
    caplog.set_level(logging.INFO)

    async def start() -> None:
        async with database.AsyncSessionLocal() as own:
            await setup.log_link_once(own)

    await asyncio.gather(*[start() for _ in range(6)])
    await start()

    assert logged_links(caplog) == [await setup.link(db)]


async def test_a_server_logs_the_link_when_it_reaches_the_database(db: AsyncSession, caplog, monkeypatch):
    """The lifespan waits for nothing; the link comes as soon as the schema is there, and the second start is quiet."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("app.main.RETRY", 0.05)
    await db.execute(text("ALTER TABLE board RENAME TO not_yet"))
    await db.commit()

    async with serve():
        too_early = logged_links(caplog)
        await db.execute(text("ALTER TABLE not_yet RENAME TO board"))
        await db.commit()
        async with asyncio.timeout(LONG):
            while not logged_links(caplog):
                await asyncio.sleep(0.02)
    async with serve():
        pass

    assert too_early == []
    assert logged_links(caplog) == [await setup.link(db)]
