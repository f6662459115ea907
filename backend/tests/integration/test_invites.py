"""Invites: `POST /invites`, `GET /invites`, `DELETE /invites/{id}`. What they are good for is in test_register.py."""

from datetime import datetime, timedelta

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import Invite
from app.schemas.invites import InviteCreate
from app.services.identity import invites, secrets
from tests.clock import let_pass
from tests.personas import PASSWORD, Persona

PATH = "/api/v1/invites"


async def new_invite(ada: Persona, **fields: int) -> dict:
    response = await ada.client.post(PATH, json=fields)
    assert response.status_code == 201, response.text
    return response.json()


async def join(client: httpx.AsyncClient, username: str, code: str) -> int:
    body = {"username": username, "display_name": username, "password": PASSWORD, "invite": code}
    return (await client.post("/api/v1/auth/register", json=body)).status_code


async def test_an_invite_is_for_one_person_within_a_week(ada: Persona, db: AsyncSession, monkeypatch):
    """Its code is in a link to this board, in this one answer, and as a hash in the database."""
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://board.example.com")

    created = await new_invite(ada)

    stored = (await db.execute(select(Invite))).scalar_one()
    lifetime = datetime.fromisoformat(created["expires_at"]) - datetime.fromisoformat(created["created_at"])
    assert created.keys() == {"id", "code", "url", "uses", "used", "created_by", "created_at", "expires_at"}
    assert (created["uses"], created["used"], created["created_by"]) == (1, 0, "ada")
    assert created["url"] == f"https://board.example.com/#invite={created['code']}"
    assert timedelta(days=7) - timedelta(seconds=5) < lifetime <= timedelta(days=7)
    assert stored.hash == secrets.digest(created["code"])


async def test_the_list_shows_no_codes(client: httpx.AsyncClient, ada: Persona):
    """How often it was used, and by whom it was made; one of the command line has no maker."""
    created = await new_invite(ada, uses=5, expires_in_days=30)
    await join(client, "bob", created["code"])

    (listed,) = (await ada.client.get(PATH)).json()["items"]

    assert listed.keys() == {"id", "uses", "used", "created_by", "created_at", "expires_at"}
    assert (listed["uses"], listed["used"]) == (5, 1)


async def test_the_command_lines_invite_has_no_maker(ada: Persona, db: AsyncSession):
    """`created_by` is null."""
    await invites.create(db, data=InviteCreate(), creator=None)

    (listed,) = (await ada.client.get(PATH)).json()["items"]

    assert listed["created_by"] is None


async def test_only_what_can_be_used_is_listed(client: httpx.AsyncClient, ada: Persona, db: AsyncSession):
    """Not what is used up, revoked or expired."""
    used_up, revoked, good = [await new_invite(ada, expires_in_days=2) for _ in range(3)]
    await new_invite(ada, expires_in_days=1)
    await join(client, "bob", used_up["code"])
    await ada.client.delete(f"{PATH}/{revoked['id']}")
    await let_pass(db, timedelta(days=1))

    listed = (await ada.client.get(PATH)).json()["items"]

    assert [invite["id"] for invite in listed] == [good["id"]]


async def test_an_invite_is_revoked_once(client: httpx.AsyncClient, ada: Persona):
    """The second time, and after it was used up, there is nothing to revoke."""
    used_up, revoked = await new_invite(ada), await new_invite(ada)
    await join(client, "bob", used_up["code"])

    answers = [await ada.client.delete(f"{PATH}/{invite['id']}") for invite in (revoked, revoked, used_up)]

    assert [answer.status_code for answer in answers] == [204, 404, 404]
    assert answers[1].json()["code"] == "not_found"


async def test_accounts_stay_when_their_invite_goes(client: httpx.AsyncClient, ada: Persona):
    """Bob came by an invite for two, which Ada then took back."""
    created = await new_invite(ada, uses=2)
    await join(client, "bob", created["code"])
    await ada.client.delete(f"{PATH}/{created['id']}")

    assert (await ada.client.get("/api/v1/users/bob")).status_code == 200
    assert await join(client, "eve", created["code"]) == 403


async def test_the_list_is_read_page_by_page(ada: Persona):
    """Newest first, each once."""
    made = [(await new_invite(ada))["id"] for _ in range(4)]

    first = (await ada.client.get(PATH, params={"limit": 2})).json()
    second = (await ada.client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [invite["id"] for invite in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


async def test_members_invite_nobody(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Making, seeing and revoking invites is for admins."""
    created = await new_invite(ada)

    for method, path in [("POST", PATH), ("GET", PATH), ("DELETE", f"{PATH}/{created['id']}")]:
        member = await bob.client.request(method, path, json={} if method == "POST" else None)
        anonymous = await client.request(method, path)
        assert (member.status_code, member.json()["code"]) == (403, "admins_only")
        assert anonymous.status_code == 401


BAD_INVITES = [
    {"uses": 0},
    {"uses": -1},
    {"uses": 1001},
    {"uses": 1.5},
    {"uses": None},
    {"uses": 10**30},
    {"expires_in_days": 0},
    {"expires_in_days": 366},
    {"expires_in_days": "soon"},
    {"code": "one-of-my-own"},
]


async def test_what_does_not_fit_is_422(ada: Persona, subtests):
    """Unknown fields too."""
    for fields in BAD_INVITES:
        with subtests.test(fields=fields):
            response = await ada.client.post(PATH, json=fields)

            assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
