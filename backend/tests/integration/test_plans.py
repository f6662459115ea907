"""How PostgreSQL goes about what is asked of it most: no table that grows is read from one end to the other."""

# ruff: noqa: S608 -- the SQL is made of the constants below

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app import database
from tests.personas import Persona
from tests.recorder import recorded
from tests.servers import Server, receive_until

STATUSES, MEMBERS, REFERENCES = 60_000, 200, 20_000

GROW = [
    f"""INSERT INTO users (username, display_name, password_hash)
        SELECT 'member-' || n, 'Member ' || n, 'x' FROM generate_series(1, {MEMBERS}) AS n""",
    f"""INSERT INTO github_references (owner, repo, number, due_at)
        SELECT 'octo', 'repo-' || n % 20, n, 'infinity' FROM generate_series(1, {REFERENCES}) AS n""",
    f"""INSERT INTO statuses (author_id, message, category, created_at)
        SELECT (SELECT min(id) FROM users) + n % {MEMBERS},
               'status ' || n || CASE WHEN n % 10 = 0 THEN ' common' ELSE '' END
                   || CASE WHEN n % 10000 = 0 THEN ' rare' ELSE '' END,
               (ARRAY['planning', 'in-progress', 'blocked', 'done'])[1 + n % 4],
               now() - ({STATUSES} - n) * interval '1 minute'
        FROM generate_series(1, {STATUSES}) AS n""",
    f"""INSERT INTO status_references (status_id, position, reference_id)
        SELECT id, 0, (SELECT min(id) FROM github_references) + id % {REFERENCES} FROM statuses WHERE id % 3 = 0""",
    f"""INSERT INTO feed_events (seq, mark, kind, subject_id, payload)
        SELECT n, left(md5(n::text), 8), 'status.posted', n, '{{}}' FROM generate_series(1, {STATUSES}) AS n""",
    f"UPDATE feed_head SET seq = {STATUSES}, mark = left(md5('{STATUSES}'), 8)",
    f"""INSERT INTO idempotency_keys (author_id, key, request_hash, status_id)
        SELECT (SELECT min(id) FROM users), n, sha256(n::text::bytea), NULL FROM generate_series(1, {STATUSES}) AS n""",
    f"""INSERT INTO sessions (user_id, expires_at)
        SELECT (SELECT min(id) FROM users) + n % {MEMBERS}, now() + interval '1 day'
        FROM generate_series(1, 20000) AS n""",
    """INSERT INTO api_tokens (user_id, name, hash, scopes)
        SELECT 1, 'x', sha256(n::text::bytea), ARRAY['read'] FROM generate_series(1, 20000) AS n""",
    """INSERT INTO refresh_tokens (hash, session_id, expires_at)
        SELECT sha256(n::text::bytea), (SELECT min(id) FROM sessions) + n % 10000, now() + interval '1 day'
        FROM generate_series(1, 20000) AS n""",
]
ANALYZE = "VACUUM ANALYZE"

# Tables of one row, and the members, all of whom the board shows.
MAY_BE_READ_WHOLE = {"feed_head", "board", "github_budget", "users", "cleared_blockers", "alembic_version", "attempts"}

FILTERS: dict[str, dict[str, Any]] = {
    "newest page": {},
    "author": {"author": "member-7"},
    "category": {"category": "blocked"},
    "reference": {"reference": "octo/repo-7#7"},
    "common word": {"q": "common"},
    "rare word": {"q": "rare"},
    "since and until": {"since": "2020-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z"},
    "everything at once": {"author": "member-7", "category": "done", "q": "status", "since": "2020-01-01T00:00:00Z"},
}


@pytest.fixture
async def grown(ada: Persona, db: AsyncSession) -> AsyncSession:
    """A database in which much has been said, and PostgreSQL knows it."""
    for statement in GROW:
        await db.execute(text(statement.replace(":", "\\:")))
    await db.commit()
    async with database.async_engine.connect() as connection:
        vacuuming = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await vacuuming.execute(text(ANALYZE))
    return db


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every node of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


async def read_whole(connection: AsyncConnection, statement: str) -> set[str]:
    """Return the tables that the statement reads whole, when it is planned for no values in particular."""
    driver = (await connection.get_raw_connection()).driver_connection
    count = max((int(number) for number in re.findall(r"\$(\d+)", statement)), default=0)
    await driver.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE asked AS {statement}")
    values = f"({', '.join(['NULL'] * count)})" if count else ""
    plan = await driver.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{values}")
    await driver.execute("DEALLOCATE asked; RESET plan_cache_mode")
    return {node["Relation Name"] for node in nodes(plan[0]["Plan"]) if node["Node Type"].endswith("Seq Scan")}


async def holds(statements: list[str]) -> None:
    """Hold that none of the statements reads a table whole that grows."""
    wrong = {}
    async with database.async_engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        for statement in dict.fromkeys(statements):
            if statement.lstrip().split()[0].upper() in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
                tables = await read_whole(connection, statement) - MAY_BE_READ_WHOLE
                if tables:
                    wrong[statement] = tables

    assert statements
    assert wrong == {}


async def test_what_people_do_reads_no_table_whole(server: Server, ada: Persona, grown: AsyncSession):
    """Every list with every filter, a page deep down, the board, posts, edits, deletions, and a socket's beginning."""
    path = "/api/v1/statuses"
    with recorded() as statements:
        for filters in FILTERS.values():
            page = (await ada.client.get(path, params=filters)).json()
            await ada.client.get(path, params=filters | {"cursor": page["next_cursor"]} if page["next_cursor"] else {})
        await ada.client.get("/api/v1/board")
        await ada.client.get("/api/v1/references/octo/repo-7/7")
        await ada.client.get("/api/v1/users/ada")
        for message in ("plain", "about octo/repo-7#7 and octo/new#1"):
            status = await ada.post(message, "blocked", **{"Idempotency-Key": message.split()[0]})
            await ada.client.patch(f"{path}/{status['id']}", json={"message": f"edited {message}"})
            await ada.client.delete(f"{path}/{status['id']}")
        token = (await ada.client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["read"]})).json()["token"]
        await ada.client.get(path, headers={"Authorization": f"Bearer {token}"})
        async with server.follow(ada.token) as socket:
            *_, ready = await receive_until(socket, "ready")
        await ada.post("missed")
        async with server.follow(ada.token, ready["position"]) as socket:
            await receive_until(socket, "ready")

    await holds(statements)


async def test_the_watch_notices_a_table_that_is_read_whole(grown: AsyncSession):
    """A query without an index is found out."""
    async with database.async_engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        found = await read_whole(connection, "SELECT 1 FROM statuses WHERE message = $1")

    assert found == {"statuses"}
