"""`GET /health` and `GET /ready`."""

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import __version__, migrations
from app.config import settings
from app.services import readiness
from tests.answers import refused
from tests.personas import new_client
from tests.servers import Server, until


async def test_health_needs_no_database():
    """The process answers, with none anywhere near."""
    async with new_client() as client:
        response = await client.get("/api/v1/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_ready_names_the_database_that_is_away():
    """Without a database and a listener it is not ready, and says so."""
    async with new_client() as client:
        response = await client.get("/api/v1/ready")

    problem = refused(response, 503, "not_ready")
    assert problem["missing"] == ["database", "listener"]
    assert response.headers["retry-after"]


async def test_ready(server: Server):
    """With all that it needs it is, and tells its version and revision, and whether titles are on."""
    await until(lambda: server.sockets.feed.connected)
    async with server.client() as client:
        response = await client.get("/api/v1/ready")

    assert response.status_code == 200
    expected = {"status": "ready", "version": __version__, "revision": settings.REVISION, "titles": "off"}
    assert response.json() == expected


async def test_ready_waits_for_the_migrations(client: httpx.AsyncClient, db: AsyncSession):
    """An empty database, one without a revision, and one that is behind are not migrated; a newer one is."""

    async def missing() -> list[str]:
        return (await client.get("/api/v1/ready")).json()["missing"]

    migrated = await missing()
    await db.execute(text("UPDATE alembic_version SET version_num = '9999_from_the_future'"))
    await db.commit()
    newer = await missing()
    await db.execute(text("DELETE FROM alembic_version"))
    await db.commit()
    without = await missing()
    await db.execute(text("DROP TABLE alembic_version"))
    await db.commit()
    empty = await missing()

    assert migrated == newer == ["listener"]
    assert without == empty == ["migrations", "listener"]


async def test_a_database_that_is_behind_is_not_ready(client: httpx.AsyncClient, database_url: str, monkeypatch):
    """Every revision that the code knows but its newest waits for `migrate`."""
    monkeypatch.setattr(readiness, "_outdated_revisions", migrations.known)

    assert (await client.get("/api/v1/ready")).json()["missing"] == ["migrations", "listener"]


async def test_health_answers_head_too(client: httpx.AsyncClient):
    """Some load balancers ask without wanting a body."""
    assert (await client.head("/api/v1/health")).status_code == 200
