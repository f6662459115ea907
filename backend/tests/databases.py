"""A database of its own for each test that asks: a clone of a template that the migrations made."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app import database, migrations
from app.config import settings
from tests.postgres import postgres

TEMPLATE = "statusboard_template"
_description = pytest.StashKey[str]()
_numbers = itertools.count(1)


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


async def _run(url: str, *statements: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


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
async def template(postgres_url: str) -> str:
    """The name of a database that the migrations made."""
    await _run(
        postgres_url,
        f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)",
        f"CREATE DATABASE {TEMPLATE} TEMPLATE template0",
    )
    await migrations.upgrade(_named(postgres_url, TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def database_url(postgres_url: str, template: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of a migrated database for this test alone, which the app uses too."""
    name = f"statusboard_test_{next(_numbers)}"
    url = _named(postgres_url, name)
    await _run(postgres_url, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE {template}")
    engine = database.create_engine(url)
    monkeypatch.setattr(settings, "DATABASE_URL", url)
    monkeypatch.setattr(database, "async_engine", engine)
    database.AsyncSessionLocal.configure(bind=engine)
    yield url
    database.AsyncSessionLocal.configure(bind=None)
    await engine.dispose()
    await _run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[AsyncSession]:
    """A session on this test's database."""
    async with database.AsyncSessionLocal() as session:
        yield session
