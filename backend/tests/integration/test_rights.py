"""What an admin issued ends with the right to issue it, for good."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.user import Role
from app.schemas.invites import InviteCreate
from app.services.identity import accounts, invites
from tests.clock import until_they_wait
from tests.logins import OTHER_PASSWORD
from tests.personas import PASSWORD, Persona, new_persona

USERS = "/api/v1/users"
ENDS = [{"role": "member"}, {"disabled": True}, {"role": "member", "disabled": True}]


@pytest.fixture
async def carol(ada: Persona, bob: Persona) -> AsyncIterator[Persona]:
    """Another admin than Ada."""
    carol = await new_persona("carol", role=Role.ADMIN)
    yield carol
    await carol.client.aclose()


async def issue_invite(by: Persona) -> httpx.Response:
    return await by.client.post("/api/v1/invites", json={})


async def issue_reset_code(by: Persona) -> httpx.Response:
    return await by.client.post(f"{USERS}/bob/reset")


async def join(client: httpx.AsyncClient, code: str) -> httpx.Response:
    body = {"username": "eve", "display_name": "Eve", "password": PASSWORD, "invite": code}
    return await client.post("/api/v1/auth/register", json=body)


async def reset(client: httpx.AsyncClient, code: str) -> httpx.Response:
    return await client.post("/api/v1/auth/reset", json={"code": code, "new_password": OTHER_PASSWORD})


ISSUED = [(issue_invite, join, "invites"), (issue_reset_code, reset, "reset_codes")]


@pytest.mark.parametrize("changes", ENDS)
@pytest.mark.parametrize("issued", ISSUED)
async def test_it_ends_with_the_right_and_does_not_come_back(
    client: httpx.AsyncClient, ada: Persona, carol: Persona, issued, changes
):
    """Carol is dismissed, and made an admin again later; what Ada issues is good."""
    issue, use, _ = issued
    carols = (await issue(carol)).json()["code"]
    await ada.client.patch(f"{USERS}/carol", json=changes)
    dismissed = await use(client, carols)
    await ada.client.patch(f"{USERS}/carol", json={"role": "admin", "disabled": False})
    back = await use(client, carols)
    adas = (await issue(ada)).json()["code"]

    assert (dismissed.status_code, back.status_code) == (403, 403)
    assert (await use(client, adas)).is_success


@pytest.mark.parametrize("issued", ISSUED)
async def test_a_right_that_ended_by_sql_gives_nothing(
    client: httpx.AsyncClient, ada: Persona, carol: Persona, db: AsyncSession, issued
):
    """As long as it is gone; the list of invites shows none of it either."""
    issue, use, _ = issued
    code = (await issue(carol)).json()["code"]
    await db.execute(text("UPDATE users SET disabled = true WHERE username = 'carol'"))
    await db.commit()

    assert (await use(client, code)).status_code == 403
    assert (await ada.client.get("/api/v1/invites")).json()["items"] == []


async def test_other_changes_end_nothing(client: httpx.AsyncClient, ada: Persona, carol: Persona):
    """Carol stays an admin, and is enabled who was so."""
    code = (await issue_invite(carol)).json()["code"]
    await ada.client.patch(f"{USERS}/carol", json={"role": "admin", "disabled": False})
    await ada.client.patch(f"{USERS}/bob", json={"disabled": True})

    assert (await join(client, code)).status_code == 201


async def test_what_the_command_line_issued_is_nobodys(
    client: httpx.AsyncClient, ada: Persona, carol: Persona, db: AsyncSession
):
    """The machine keeps its right, whoever is dismissed."""
    invite = await invites.create(db, data=InviteCreate(), creator=None)
    code = await accounts.create_reset_code(db, username="bob", creator=None)
    await ada.client.patch(f"{USERS}/carol", json={"role": "member"})

    assert (await join(client, invite.code)).status_code == 201
    assert (await reset(client, code.code)).status_code == 204


@pytest.mark.parametrize("issued", ISSUED)
async def test_nothing_is_issued_by_who_was_just_dismissed(carol: Persona, db: AsyncSession, issued):
    """The request began while Carol was an admin, and waits for the end of her right."""
    issue, _, table = issued
    await db.execute(text("UPDATE users SET role = 'member' WHERE username = 'carol'"))
    issuing = asyncio.create_task(issue(carol))
    await until_they_wait(1)
    await db.commit()
    answer = await issuing

    assert (answer.status_code, answer.json()["code"]) == (403, "admins_only")
    assert await db.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608 -- a constant


@pytest.mark.parametrize("issued", ISSUED)
async def test_what_is_just_being_issued_ends_too(
    client: httpx.AsyncClient, ada: Persona, carol: Persona, db: AsyncSession, issued
):
    """Her dismissal waits until it is there."""
    issue, use, table = issued
    await db.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
    issuing = asyncio.create_task(issue(carol))
    await until_they_wait(1)
    dismissing = asyncio.create_task(ada.client.patch(f"{USERS}/carol", json={"role": "member"}))
    await until_they_wait(2)
    await db.rollback()
    issued_answer, dismissed = await asyncio.gather(issuing, dismissing)

    assert (issued_answer.status_code, dismissed.status_code) == (201, 200)
    assert (await use(client, issued_answer.json()["code"])).status_code == 403


async def test_who_was_just_dismissed_makes_nobody_an_admin(carol: Persona, db: AsyncSession):
    """Roles are given on the strength of a right as well."""
    await db.execute(text("UPDATE users SET role = 'member' WHERE username = 'carol'"))
    promoting = asyncio.create_task(carol.client.patch(f"{USERS}/bob", json={"role": "admin"}))
    await until_they_wait(1)
    await db.commit()

    assert (await promoting).json()["code"] == "admins_only"
    assert await db.scalar(text("SELECT role FROM users WHERE username = 'bob'")) == "member"
