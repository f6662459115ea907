"""The people of the tests: Ada, who is an admin, Bob, who is not, and someone who is not logged in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
from httpx import ASGITransport
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.main import app
from app.models import Session, User
from app.models.user import Role
from app.services.identity import access_tokens
from app.services.identity.passwords import hash_password

BASE_URL = "http://board.test"
PASSWORD = "a harbour of quiet lanterns"
_hashes: list[str] = []


@dataclass
class Persona:
    """A member with a session: `client` sends its access token with each request."""

    user: User
    session_id: int
    token: str
    client: httpx.AsyncClient = field(repr=False)

    async def post(self, message: str, category: str = "in-progress", **headers: str) -> dict:
        """Post a status and return it."""
        response = await self.client.post(
            "/api/v1/statuses", json={"message": message, "category": category}, headers=headers
        )
        assert response.status_code == 201, response.text
        return response.json()


def new_client(token: str | None = None, **options) -> httpx.AsyncClient:
    """Return a client of the app in this process, without its lifespan."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = ASGITransport(app=app, client=options.pop("client", ("127.0.0.1", 50000)))
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers, **options)


async def password_hash() -> str:
    """Return the hash of PASSWORD, one for all: it is meant to be slow, and no test looks at another's."""
    if not _hashes:
        _hashes.append(await hash_password(PASSWORD))
    return _hashes[0]


async def new_member(username: str, *, role: Role = Role.MEMBER, **columns) -> User:
    """Write an account, without the registration and its event."""
    async with database.AsyncSessionLocal() as db:
        user = User(
            username=username,
            display_name=columns.pop("display_name", username.capitalize()),
            password_hash=await password_hash(),
            role=role,
            **columns,
        )
        db.add(user)
        await db.commit()
        await db.refresh(user)
        return user


async def new_session(db: AsyncSession, user: User) -> tuple[int, str]:
    """Write a session, and return its id and an access token for it."""
    now = (await db.execute(select(func.clock_timestamp()))).scalar_one()
    session = Session(user_id=user.id, expires_at=now + timedelta(days=90))
    db.add(session)
    await db.commit()
    return session.id, access_tokens.issue(user_id=user.id, session_id=session.id, now=now)


async def new_persona(username: str, *, role: Role = Role.MEMBER, **columns) -> Persona:
    """Make a member who is logged in."""
    user = await new_member(username, role=role, **columns)
    async with database.AsyncSessionLocal() as db:
        session_id, token = await new_session(db, user)
    return Persona(user, session_id, token, new_client(token))


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Someone who is not logged in."""
    async with new_client() as client:
        yield client


@pytest.fixture
async def ada(database_url: str) -> AsyncIterator[Persona]:
    """An admin, who made the first account."""
    persona = await new_persona("ada", role=Role.ADMIN, founder=True)
    yield persona
    await persona.client.aclose()


@pytest.fixture
async def bob(database_url: str) -> AsyncIterator[Persona]:
    """A member."""
    persona = await new_persona("bob")
    yield persona
    await persona.client.aclose()
