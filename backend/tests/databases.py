"""A database of its own for each test that asks: a clone of a template that the migrations made."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from app import database
from app.config import settings
from app.migrations.upgrade import upgrade
from tests.patience import be_patient, meets_shipped_limits
from tests.postgres import postgres
from tests.proxy import Proxy

# Names of this run alone: another may use the same server at the same time.
PREFIX = f"statusboard_test_{secrets.token_hex(4)}"
# A history of its own: what the process has made at the other's positions would else fit here too.
NEW_HISTORY = text("""
    WITH head AS (UPDATE feed_head SET mark = left(gen_random_uuid()::text, 8) RETURNING mark)
    UPDATE feed_events SET mark = head.mark FROM head
""")
_description = pytest.StashKey[str]()
_numbers = itertools.count(1)


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a real PostgreSQL 17, whose user may create databases."""
    with postgres() as (url, description):
        request.config.stash[_description] = description
        yield url


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which PostgreSQL the tests met; `-q` hides pytest's header, not this."""
    if _description in config.stash:
        terminalreporter.write_line(config.stash[_description])


@pytest.fixture(scope="session")
async def postgres_engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine for making and dropping databases; a test may have broken its connections."""
    engine = create_async_engine(postgres_url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    yield engine
    await engine.dispose()


async def _run(engine: AsyncEngine, statement: str) -> Any:
    async with engine.connect() as connection:
        result = await connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


@pytest.fixture(scope="session")
async def template(postgres_url: str, postgres_engine: AsyncEngine) -> AsyncIterator[str]:
    """A database that the migrations made, as CREATE DATABASE wants to have it."""
    name = f"{PREFIX}_template"
    await _run(postgres_engine, f"CREATE DATABASE {name} TEMPLATE template0")
    await upgrade(_named(postgres_url, name))
    # A server that never waits for its disk copies files in half the time that it takes to log them.
    fsync = await _run(postgres_engine, "SHOW fsync")
    yield f"{name} STRATEGY {'WAL_LOG' if fsync == 'on' else 'FILE_COPY'}"
    await _run(postgres_engine, f"DROP DATABASE {name} WITH (FORCE)")


class Databases:
    """Makes databases ahead: while a test has one, PostgreSQL copies the next and drops the last."""

    def __init__(self, engine: AsyncEngine, template: str) -> None:
        self._engine = engine
        self._template = template
        self._next = asyncio.create_task(self._make())
        self._drops: set[asyncio.Task[None]] = set()

    async def take(self) -> str:
        """Return the name of one that is new."""
        name = await self._next
        self._next = asyncio.create_task(self._make())
        return name

    def give_back(self, name: str) -> None:
        """Have one dropped."""
        drop = asyncio.create_task(self._drop(name))
        self._drops.add(drop)
        drop.add_done_callback(self._drops.discard)

    async def close(self) -> None:
        """Drop all that are left."""
        self.give_back(await self._next)
        await asyncio.gather(*self._drops)

    async def _make(self) -> str:
        name = f"{PREFIX}_{next(_numbers)}"
        await _run(self._engine, f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return name

    async def _drop(self, name: str) -> None:
        await _run(self._engine, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def databases(postgres_engine: AsyncEngine, template: str) -> AsyncIterator[Databases]:
    """Where each test's database comes from."""
    databases = Databases(postgres_engine, template)
    yield databases
    await databases.close()


@pytest.fixture(scope="session")
async def engines(postgres_url: str) -> AsyncIterator[dict[bool, AsyncEngine]]:
    """The app's engine, with the shipped limits and with long ones.

    For all tests, as it keeps what SQL it has made of which query; `database_url` says whose database it is.
    """
    with pytest.MonkeyPatch.context() as patch:
        shipped = database.create_engine(postgres_url)
        be_patient(patch)
        patient = database.create_engine(postgres_url)
    yield {True: shipped, False: patient}
    await shipped.dispose()
    await patient.dispose()


@pytest.fixture
async def database_url(
    request: pytest.FixtureRequest,
    postgres_url: str,
    databases: Databases,
    engines: dict[bool, AsyncEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[str]:
    """The address of a migrated database for this test alone, which the app uses too."""
    engine = engines[meets_shipped_limits(request.node)]
    if not meets_shipped_limits(request.node):
        be_patient(monkeypatch)
    name = await databases.take()
    url = _named(postgres_url, name)

    def connect_here(_dialect: object, _record: object, _arguments: object, options: dict[str, object]) -> None:
        options["database"] = name

    event.listen(engine.sync_engine, "do_connect", connect_here)
    monkeypatch.setattr(settings, "DATABASE_URL", url)
    usual_engine = database.async_engine
    monkeypatch.setattr(database, "async_engine", engine)
    database.AsyncSessionLocal.configure(bind=engine)
    async with engine.begin() as connection:
        await connection.execute(NEW_HISTORY)
    yield url
    database.AsyncSessionLocal.configure(bind=usual_engine)
    await engine.dispose()
    event.remove(engine.sync_engine, "do_connect", connect_here)
    databases.give_back(name)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[AsyncSession]:
    """A session on this test's database."""
    async with database.AsyncSessionLocal() as session:
        yield session


class DatabaseProxy(Proxy):
    """On the path to a test's database; `direct` is an engine that does not take it."""

    def __init__(self, database_url: str, direct: AsyncEngine) -> None:
        self._url = make_url(database_url)
        self.direct = direct
        folder = self._url.query.get("host")
        if isinstance(folder, str) and folder.startswith("/"):
            super().__init__(f"{folder}/.s.PGSQL.{self._url.query.get('port', 5432)}")
        else:
            super().__init__((self._url.host or "localhost", self._url.port or 5432))

    @property
    def url(self) -> str:
        """The database's address by way of this proxy."""
        return self._url.set(host="127.0.0.1", port=self.port, query={}).render_as_string(hide_password=False)


@pytest.fixture
async def proxy(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DatabaseProxy]:
    """The proxy by which the app reaches its database."""
    carried = DatabaseProxy(database_url, database.async_engine)
    await carried.mend()
    engine = database.create_engine(carried.url)
    monkeypatch.setattr(settings, "DATABASE_URL", carried.url)
    database.AsyncSessionLocal.configure(bind=engine)
    yield carried
    carried.refuse()
    await engine.dispose()
