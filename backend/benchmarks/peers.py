"""What someone would write first: FastAPI, the ORM, a schema for each answer. And Starlette and Litestar beside it.

    DATABASE_URL=... uvicorn benchmarks.peers:fastapi      (or starlette, litestar)

All read the board's own tables, and none checks who asks.
"""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.floors import NEWEST, POOL, Bare

URL = os.environ["DATABASE_URL"]
engine = create_async_engine(URL, pool_size=POOL)
Session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The declarative base."""


class User(Base):
    """A member."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    display_name: Mapped[str]
    kind: Mapped[str]


class Reference(Base):
    """A reference."""

    __tablename__ = "github_references"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    repo: Mapped[str]
    number: Mapped[int]
    kind: Mapped[str]
    title: Mapped[str | None]
    state: Mapped[str | None]


class Link(Base):
    """A reference of a status."""

    __tablename__ = "status_references"
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    reference_id: Mapped[int] = mapped_column(ForeignKey("github_references.id"))


class Status(Base):
    """A status."""

    __tablename__ = "statuses"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    message: Mapped[str]
    category: Mapped[str]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    author: Mapped[User] = relationship()
    references: Mapped[list[Reference]] = relationship(secondary="status_references", viewonly=True)


class Answer(BaseModel):
    """What is answered."""

    model_config = ConfigDict(from_attributes=True)


class AuthorOut(Answer):
    """An author."""

    username: str
    display_name: str
    kind: str


class ReferenceOut(Answer):
    """A reference."""

    owner: str
    repo: str
    number: int
    kind: str
    title: str | None
    state: str | None


class StatusOut(Answer):
    """A status."""

    id: int
    author: AuthorOut
    message: str
    category: str
    references: list[ReferenceOut]
    created_at: datetime
    edited_at: datetime | None


class Page(Answer):
    """A page."""

    items: list[StatusOut]


async def _session() -> AsyncIterator[AsyncSession]:
    async with Session() as session:
        yield session


fastapi = FastAPI()


@fastapi.get("/api/v1/health")
async def health() -> dict[str, str]:
    """Say that all is well."""
    return {"status": "ok"}


@fastapi.get("/api/v1/statuses", response_model=Page)
async def statuses(db: Annotated[AsyncSession, Depends(_session)], author: str | None = None) -> dict[str, Any]:
    """Return the newest page."""
    query = select(Status).options(selectinload(Status.author), selectinload(Status.references))
    if author is not None:
        query = query.join(User).where(User.username == author)
    found = await db.scalars(query.order_by(Status.created_at.desc(), Status.id.desc()).limit(50))
    return {"items": found.all()}


async def _star_health(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


starlette = Starlette(routes=[Route("/api/v1/health", _star_health)])


def _structs(rows: Sequence[asyncpg.Record]) -> dict[str, Any]:
    items: list[dict[str, Any]] = []
    for row in rows:
        if not items or items[-1]["id"] != row[0]:
            author = {"username": row[5], "display_name": row[6], "kind": row[7]}
            items.append({"id": row[0], "message": row[1], "category": row[2], "author": author, "references": []})
            items[-1] |= {"created_at": row[3], "edited_at": row[4]}
        if row[8] is not None:
            items[-1]["references"].append({"owner": row[8], "repo": row[9], "number": row[10], "title": row[12]})
    return {"items": items}


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- an app
    """Make the Litestar app when it is asked for: it is in the dependency group `bench`, which not everyone has."""
    if name != "litestar":
        raise AttributeError(name)
    from litestar import Litestar, get  # noqa: PLC0415

    pool: list[asyncpg.Pool] = []

    @asynccontextmanager
    async def with_pool(_app: object) -> AsyncIterator[None]:
        url = URL.replace("+asyncpg", "")
        pool.append(await asyncpg.create_pool(url, min_size=POOL, max_size=POOL, connection_class=Bare))
        yield
        await pool.pop().close()

    @get("/api/v1/health")
    async def light_health() -> dict[str, str]:
        return {"status": "ok"}

    @get("/api/v1/statuses")
    async def light_statuses() -> dict[str, Any]:
        async with pool[0].acquire() as connection:
            return _structs(await connection.fetch(NEWEST))

    return Litestar([light_health, light_statuses], lifespan=[with_pool])
