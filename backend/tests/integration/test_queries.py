"""A list costs the same number of queries at 10 rows and at 100."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import ForeignKey, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from app.database import Base
from app.services.feed import log as feed_log
from app.services.identity import setup
from tests.personas import Persona
from tests.recorder import recorded
from tests.servers import Server, receive_until, serve

MEMBERS = text("""
    INSERT INTO users (username, display_name, password_hash)
    SELECT 'member-' || n, 'Member ' || n, 'x'
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
""")
INVITES_AND_TOKENS = [
    text("""
        INSERT INTO invites (hash, uses, expires_at)
        SELECT sha256(n::text::bytea), 1, now() + interval '1 day'
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    """),
    text("""
        INSERT INTO api_tokens (user_id, name, hash, scopes)
        SELECT 1, 'x', sha256(n::text::bytea), ARRAY['read']
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    """),
    text("""
        INSERT INTO sessions (user_id, expires_at)
        SELECT 1, now() + interval '1 day'
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    """),
]
STATUSES = text("""
    INSERT INTO statuses (author_id, message, category) SELECT id, 'blocked', 'blocked' FROM users
""")
REFERENCES = [
    text("""
        INSERT INTO github_references (owner, repo, number)
        SELECT 'o', 'r', n FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    """),
    text("""
        INSERT INTO status_references (status_id, position, reference_id)
        SELECT s.id, row_number() OVER (PARTITION BY s.id), r.id
        FROM statuses s, (SELECT id FROM github_references LIMIT 3) r ON CONFLICT DO NOTHING
    """),
]

LISTS = ["statuses", "board", "users", "invites", "tokens", "auth/sessions"]


async def fill(db: AsyncSession, first: int, last: int) -> None:
    """Write so many rows of everything that a list shows."""
    for statement in [MEMBERS, *INVITES_AND_TOKENS]:
        await db.execute(statement, {"first": first, "last": last})
    await db.execute(STATUSES)
    await db.execute(REFERENCES[0], {"first": first, "last": last})
    await db.execute(REFERENCES[1])
    # As whatever a list shows does: else a page that was made before would be given again.
    await feed_log.append(db, kind="log.filled", subject_id=0, payload="{}")
    await db.commit()


async def costs(ada: Persona) -> dict[str, tuple[int, int]]:
    """Return for each list how many items it has and how many queries it took."""
    found = {}
    for name in LISTS:
        with recorded() as statements:
            response = await ada.client.get(f"/api/v1/{name}", params={} if name == "board" else {"limit": 100})
        answer = response.json()
        found[name] = (len(answer["members"] if name == "board" else answer["items"]), len(statements))
    return found


async def test_lists_cost_the_same_at_any_length(ada: Persona, db: AsyncSession):
    """However many rows, members and references: the same few queries."""
    await fill(db, 1, 9)
    few = await costs(ada)
    await fill(db, 10, 120)
    many = await costs(ada)

    assert {name: queries for name, (_, queries) in many.items()} == {
        name: queries for name, (_, queries) in few.items()
    }
    for name in LISTS:
        assert few[name][0] in {9, 10}, name
        assert many[name][0] >= 100, name
        assert many[name][1] <= 7, name


@pytest.fixture
async def server(database_url: str, monkeypatch) -> AsyncIterator[Server]:
    """A server that asks the database nothing by itself meanwhile: it would greet whenever it finds the time."""

    async def nothing(_db: AsyncSession) -> None: ...

    monkeypatch.setattr(setup, "log_link_once", nothing)
    async with serve() as running:
        yield running


async def test_a_socket_starts_at_the_same_cost(server: Server, ada: Persona, db: AsyncSession):
    """A snapshot of 10 statuses and one of 70 take the same queries, two more for the next 100; an open socket none."""
    spent = []
    for first, last in [(1, 9), (10, 60), (61, 70)]:
        await fill(db, first, last)
        with recorded() as statements:
            async with server.follow(ada.token) as socket:
                _, snapshot, _ = await receive_until(socket, "ready")
        spent.append((len(snapshot["statuses"]), len(statements)))

    assert spent == [(10, 4), (71, 4), (142, 6)]


def relations_that_load_by_themselves(base: type[DeclarativeBase]) -> list[str]:
    """Return the relationships of all models that would ask the database when they are looked at."""
    relations = [relation for mapper in base.registry.mappers for relation in mapper.relationships]
    return [str(relation) for relation in relations if relation.lazy != "raise"]


def test_no_relationship_loads_by_itself():
    """What an answer needs is asked for. There is no relationship yet; one that asks by itself would be found."""

    class Aside(DeclarativeBase): ...

    class One(Aside):
        __tablename__ = "one"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Other(Aside):
        __tablename__ = "other"
        id: Mapped[int] = mapped_column(ForeignKey("one.id"), primary_key=True)
        quiet: Mapped[One] = relationship(lazy="raise", viewonly=True)
        asks: Mapped[One] = relationship(viewonly=True)

    assert relations_that_load_by_themselves(Aside) == ["Other.asks"]
    assert relations_that_load_by_themselves(Base) == []
