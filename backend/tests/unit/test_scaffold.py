"""What `backend-scaffold.md` promises, as someone would test it who has read that page and nothing else."""

import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Column, Integer
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase

import app.database
from app.config import Settings, settings
from app.database import AsyncSessionLocal, Base, async_engine, get_db
from app.main import app as board
from tests.subprocesses import BACKEND

ROOT = Path(__file__).resolve().parents[3]
HEALTHY = {"status": "ok"}


def test_settings_are_an_object_of_their_class():
    """`from app.config import settings`, and each field as an attribute."""
    assert isinstance(settings, Settings)
    assert isinstance(settings.JWT_SECRET, str)
    assert settings.cors_origins_list == ["http://localhost:3000"]


def test_settings_can_be_made_from_the_environment(monkeypatch):
    """With the secret alone."""
    monkeypatch.setenv("JWT_SECRET", "test-secret")

    assert Settings().JWT_SECRET == "test-secret"


def test_the_database_module_exports_four_things():
    """An engine, a session factory bound to it, a declarative base, and the dependency."""
    assert isinstance(async_engine, AsyncEngine)
    assert async_engine.url.drivername == "postgresql+asyncpg"
    assert async_engine.echo is False
    assert isinstance(AsyncSessionLocal, async_sessionmaker)
    assert AsyncSessionLocal.class_ is AsyncSession
    assert AsyncSessionLocal.kw["bind"] is async_engine
    assert AsyncSessionLocal.kw["expire_on_commit"] is False
    assert issubclass(Base, DeclarativeBase)


def test_a_model_inherits_from_base():
    """And its table is in Base's metadata."""

    class Lantern(Base):
        __tablename__ = "lanterns"
        id = Column(Integer, primary_key=True)

    try:
        assert Base.metadata.tables["lanterns"] is Lantern.__table__
    finally:
        Base.metadata.remove(Lantern.__table__)


async def test_get_db_yields_a_session():
    """It is an async generator of one, as FastAPI's dependencies are."""
    sessions = get_db()
    session = await anext(sessions)

    assert isinstance(sessions, AsyncGenerator)
    assert isinstance(session, AsyncSession)
    with pytest.raises(StopAsyncIteration):
        await anext(sessions)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[AsyncSession]:
    """The sessions that were closed."""
    sessions: list[AsyncSession] = []
    close = AsyncSession.close

    async def closing(session: AsyncSession) -> None:
        sessions.append(session)
        await close(session)

    monkeypatch.setattr(AsyncSession, "close", closing)
    return sessions


async def test_get_db_closes_on_completion(closed):
    """When the generator is exhausted."""
    sessions = [session async for session in get_db()]

    assert closed == sessions


async def test_get_db_closes_on_an_exception(closed):
    """And lets it through."""
    sessions = get_db()
    session = await anext(sessions)

    with pytest.raises(ZeroDivisionError):
        await sessions.athrow(ZeroDivisionError())

    assert closed == [session]


@pytest.mark.parametrize("path", ["/fine", "/broken"])
def test_a_routes_session_is_closed_when_the_request_finishes(closed, path):
    """As the page shows it: `db: AsyncSession = Depends(get_db)`."""
    someones = FastAPI()
    seen = []

    @someones.get("/fine")
    async def fine(db: Annotated[AsyncSession, Depends(get_db)]) -> None:
        seen.append(db)

    @someones.get("/broken")
    async def broken(db: AsyncSession = Depends(get_db)) -> None:  # noqa: B008, FAST002 -- as on the page
        seen.append(db)
        raise ZeroDivisionError

    TestClient(someones, raise_server_exceptions=False).get(path)

    assert closed == seen


def test_get_db_can_be_overridden():
    """A test of someone's route replaces the dependency, by the function it imports."""
    assert app.database.get_db is get_db
    assert any(
        dependency.call is get_db
        for route in _routes(board)
        for dependency in getattr(getattr(route, "dependant", None), "dependencies", [])
    )


def _routes(of: object) -> list[object]:
    found = []
    for route in getattr(of, "routes", []):
        found += [route, *_routes(getattr(route, "original_router", None))]
    return found


async def test_health_without_lifespan_and_without_database():
    """`httpx.ASGITransport` sends no lifespan events."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=board), base_url="http://test") as client:
        response = await client.get("/api/v1/health")

    assert response.status_code == 200
    assert response.json() == HEALTHY
    assert response.headers["content-type"] == "application/json"


def test_health_by_a_test_client_with_and_without_lifespan():
    """Starting neither waits for a database nor fails without one."""
    without = TestClient(board).get("/api/v1/health")
    with TestClient(board) as client:
        within = client.get("/api/v1/health")

    assert (without.status_code, without.json()) == (200, HEALTHY)
    assert (within.status_code, within.json()) == (200, HEALTHY)


async def test_health_opens_no_connection(monkeypatch):
    """Not even a session is made."""
    monkeypatch.setattr(AsyncSession, "__init__", lambda *_, **__: pytest.fail("a session was made"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=board), base_url="http://test") as client:
        response = await client.get("/api/v1/health")

    assert response.json() == HEALTHY


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_health_is_a_get(method):
    """Other methods are 405."""
    assert TestClient(board).request(method, "/api/v1/health").status_code == 405


@pytest.mark.parametrize(("origin", "allowed"), [("http://localhost:3000", True), ("https://evil.test", False)])
def test_cors_lets_the_configured_origins_in(origin, allowed):
    """With credentials, and never with a star."""
    client = TestClient(board)
    preflight = client.options(
        "/api/v1/health",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    simple = client.get("/api/v1/health", headers={"Origin": origin})

    expected = origin if allowed else None
    assert preflight.status_code == (200 if allowed else 400)
    assert preflight.headers.get("access-control-allow-origin") == expected
    assert simple.headers.get("access-control-allow-origin") == expected
    assert simple.status_code == 200


def test_importing_opens_nothing():
    """With a database that is nowhere, the app is imported at once, and no thread or connection is left open."""
    program = (
        "import socket; socket.socket.connect = None\n"
        "import threading; from app.main import app; print(threading.active_count())"
    )
    process = subprocess.run(  # noqa: S603 -- ours
        [sys.executable, "-P", "-X", "dev", "-W", "error::ResourceWarning", "-c", program],
        env={"JWT_SECRET": "test-secret", "DATABASE_URL": "postgresql+asyncpg://nobody@203.0.113.1/nowhere"},
        cwd=BACKEND,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == "1"


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        "backend/pyproject.toml",
        "backend/app/__init__.py",
        "backend/app/main.py",
        "backend/app/config.py",
        "backend/app/database.py",
        "backend/app/models/__init__.py",
        "backend/app/schemas/__init__.py",
        "backend/app/services/__init__.py",
        "backend/app/api/__init__.py",
        "backend/app/api/routes/__init__.py",
        "backend/tests/conftest.py",
        "backend/tests/unit",
        "backend/tests/integration",
    ],
)
def test_the_structure_is_the_promised_one(path):
    """Every file and folder of the page's tree."""
    assert (ROOT / path).exists()


@pytest.fixture
def workflow() -> str:
    """The workflow's text."""
    return (ROOT / ".github/workflows/ci.yml").read_text()


def job(workflow: str, name: str) -> str:
    """Return the text of one job: the lines that are indented under its name."""
    found = re.search(rf"(?m)^  {name}:\n(?:    .*\n|\n)+", workflow)
    assert found is not None, f"no job {name}"
    return found[0]


def test_ci_runs_on_pushes_to_main_and_on_pull_requests(workflow):
    """And on nothing else that would cost somebody's minutes."""
    assert re.search(r"(?m)^on:\n  push:\n    branches: \[main\]\n  pull_request:\n\n", workflow)


@pytest.mark.parametrize(
    ("name", "last_step"), [("lint", "uv run ruff check ."), ("test-backend", "uv run pytest --tb=short -q")]
)
def test_ci_has_the_two_jobs_with_exactly_those_steps(workflow, name, last_step):
    """On Python 3.13, in backend/."""
    text = job(workflow, name)

    assert re.findall(r"(?m)^      - run: (.*)$", text) == ["uv sync --frozen", last_step]
    assert re.findall(r'(?m)^          python-version: "(.*)"$', text) == ["3.13"]
    assert re.search(r"(?m)^defaults:\n  run:\n    working-directory: backend$", workflow)


def test_ci_tests_with_a_postgresql_17_service(workflow):
    """The job's environment names it, and a secret."""
    text = job(workflow, "test-backend")

    assert "        image: postgres:17\n" in text
    assert re.search(r"(?m)^      DATABASE_URL: postgresql\+asyncpg://", text)
    assert re.search(r"(?m)^      JWT_SECRET: \S+$", text)
