"""Members: `GET` and `PATCH /users/me`, `GET /users`, `GET` and `PATCH /users/{username}`."""

import asyncio
import json

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import FeedEvent, User
from app.models.user import Role
from tests.clock import until_they_wait
from tests.logins import cookie, log_in, refresh
from tests.personas import Persona, new_member, new_persona

PATH = "/api/v1/users"
FIELDS = {"username", "display_name", "kind", "role", "time_zone", "disabled", "created_at"}


async def administer(admin: Persona, name: str, **changes: object) -> httpx.Response:
    return await admin.client.patch(f"{PATH}/{name}", json=changes)


async def events(db: AsyncSession) -> list[dict]:
    """Return the data of every event of the log, oldest first."""
    query = select(FeedEvent.payload).where(FeedEvent.kind == "member.changed").order_by(FeedEvent.seq)
    return [json.loads(payload) for payload in await db.scalars(query)]


async def test_names_of_before_stay_readable(ada: Persona):
    """A name that would be kept otherwise today is shown as it is, until its owner gives another."""
    eve = await new_persona("eve", display_name="A\u200bda\u3164")
    seen = (await ada.client.get(f"{PATH}/eve")).json()["display_name"]
    moved = await eve.client.patch(f"{PATH}/me", json={"time_zone": "Europe/Berlin"})
    again = await eve.client.patch(f"{PATH}/me", json={"display_name": seen})

    assert seen == moved.json()["display_name"] == "A\u200bda\u3164"
    assert again.json()["display_name"] == "Ada"


async def test_i_see_who_i_am(bob: Persona):
    """All the fields of a user, and none that others should not know."""
    response = await bob.client.get(f"{PATH}/me")

    me = response.json()
    assert response.status_code == 200
    assert me.keys() == FIELDS
    assert (me["username"], me["kind"], me["role"], me["disabled"]) == ("bob", "person", "member", False)


async def test_i_change_my_name_and_time_zone(bob: Persona, db: AsyncSession):
    """What is left out stays, and readers are told of each change once."""
    name = await bob.client.patch(f"{PATH}/me", json={"display_name": " Bob Ross "})
    zone = await bob.client.patch(f"{PATH}/me", json={"time_zone": "America/New_York"})

    assert name.json()["display_name"] == "Bob Ross"
    assert (zone.json()["display_name"], zone.json()["time_zone"]) == ("Bob Ross", "America/New_York")
    assert (await bob.client.get(f"{PATH}/me")).json() == zone.json()
    assert await events(db) == [name.json(), zone.json()]


NO_CHANGES = [{}, {"display_name": "Bob"}, {"time_zone": None}]


async def test_a_change_of_nothing_is_no_event(bob: Persona, db: AsyncSession, subtests):
    """Nothing given, what is there already, and null."""
    for changes in NO_CHANGES:
        with subtests.test(changes=changes):
            response = await bob.client.patch(f"{PATH}/me", json=changes)

            assert response.status_code == 200
            assert response.json() == (await bob.client.get(f"{PATH}/me")).json()
            assert await events(db) == []


BAD_PROFILES = [
    {"display_name": ""},
    {"display_name": "\u200b\u2060"},
    {"display_name": "x" * 81},
    {"display_name": "a\0b"},
    {"display_name": "a\u202eb"},
    {"time_zone": "Mars/Olympus"},
    {"time_zone": ""},
    {"role": "admin"},
    {"username": "robert"},
    {"disabled": True},
]


async def test_what_does_not_fit_is_422(bob: Persona, subtests):
    """Nobody makes himself an admin, and names can't be changed."""
    for changes in BAD_PROFILES:
        with subtests.test(changes=changes):
            response = await bob.client.patch(f"{PATH}/me", json=changes)

            assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
            assert (await bob.client.get(f"{PATH}/me")).json()["role"] == "member"


async def test_members_see_each_other(ada: Persona, bob: Persona):
    """By name, without regard to case."""
    response = await bob.client.get(f"{PATH}/ADA")

    assert response.status_code == 200
    assert response.json().keys() == FIELDS
    assert (response.json()["username"], response.json()["role"]) == ("ada", "admin")


async def test_a_name_that_nobody_has_is_404(bob: Persona):
    """Those who are logged in may know."""
    response = await bob.client.get(f"{PATH}/nobody")

    assert (response.status_code, response.json()["code"]) == (404, "user_not_found")


IMPOSSIBLE_NAMES = ["ab", "a" * 51, "a%00b", "%ED%A0%80%ED%A0%80", "ada%20", "%F0%9F%98%80ab"]


async def test_a_name_that_nobody_can_have_is_422_or_404(ada: Persona, bob: Persona, subtests):
    """Whatever stands in the path, nobody's account is found."""
    for name in IMPOSSIBLE_NAMES:
        with subtests.test(name=name):
            assert (await bob.client.get(f"{PATH}/{name}")).status_code in {404, 422}
            assert (await administer(ada, name, role="admin")).status_code in {404, 422}


async def test_the_list_is_read_page_by_page(bob: Persona):
    """Newest first, each once, disabled accounts too."""
    for n in range(5):
        await new_member(f"guest-{n}", disabled=n == 2)

    first = (await bob.client.get(PATH, params={"limit": 4})).json()
    second = (await bob.client.get(PATH, params={"limit": 4, "cursor": first["next_cursor"]})).json()

    names = [user["username"] for user in first["items"] + second["items"]]
    assert names == ["guest-4", "guest-3", "guest-2", "guest-1", "guest-0", "bob"]
    assert second["next_cursor"] is None
    assert first["items"][2]["disabled"] is True


async def test_who_has_left_can_be_listed_alone(ada: Persona, bob: Persona):
    """Whoever looks for what they said finds them; without the question, everybody is listed."""
    await administer(ada, "bob", disabled=True)

    listed = {}
    for asked in ("", "?disabled=true", "?disabled=false"):
        items = (await ada.client.get(PATH + asked)).json()["items"]
        listed[asked] = {user["username"] for user in items}
    assert listed == {"": {"ada", "bob"}, "?disabled=true": {"bob"}, "?disabled=false": {"ada"}}


async def test_an_admin_makes_another(ada: Persona, bob: Persona, db: AsyncSession):
    """Bob's next request is an admin's, with the token that he has."""
    response = await administer(ada, "BOB", role="admin")

    assert (response.status_code, response.json()["role"]) == (200, "admin")
    assert (await bob.client.get("/api/v1/invites")).status_code == 200
    assert await events(db) == [response.json()]


async def test_members_administer_nobody(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Not Ada, not themselves, and names that nobody has are no different."""
    answers = [await administer(bob, name, role="admin") for name in ("ada", "bob", "nobody")]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "admins_only")}
    assert (await client.patch(f"{PATH}/bob", json={"role": "admin"})).status_code == 401


async def test_a_disabled_account_is_out_at_once(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Its sessions end, and each of its tokens is told why; enabling brings back the account, not the sessions."""
    login = await log_in(client, "bob")

    response = await administer(ada, "bob", disabled=True)
    refused = await bob.client.get(f"{PATH}/me")
    refreshed = await refresh(client, cookie(login).value)
    await administer(ada, "bob", disabled=False)
    old_token = await bob.client.get(f"{PATH}/me")
    new_login = await log_in(client, "bob")

    assert response.json()["disabled"] is True
    assert (refused.status_code, refused.json()["code"]) == (403, "account_disabled")
    assert refreshed.status_code == 401
    assert old_token.status_code == 401
    assert new_login.status_code == 200


@pytest.mark.parametrize("changes", [{"role": "member"}, {"disabled": True}, {"role": "member", "disabled": True}])
async def test_the_last_admin_stays(ada: Persona, bob: Persona, db: AsyncSession, changes):
    """A board without one could not be helped any more; an admin who is disabled does not count."""
    await new_member("carol", role=Role.ADMIN, disabled=True)

    response = await administer(ada, "ada", **changes)

    assert (response.status_code, response.json()["code"]) == (409, "last_admin")
    assert (await ada.client.get("/api/v1/invites")).status_code == 200
    assert await events(db) == []


async def test_an_admin_may_step_down_where_there_is_another(ada: Persona, db: AsyncSession):
    """Ada leaves the board to Carol."""
    await new_member("carol", role=Role.ADMIN)

    response = await administer(ada, "ada", role="member")

    assert (response.status_code, response.json()["role"]) == (200, "member")
    assert (await administer(ada, "ada", role="admin")).status_code == 403


@pytest.mark.parametrize("changes", [{"role": "member"}, {"disabled": True}])
async def test_of_two_admins_who_demote_each_other_at_once_one_stays(ada: Persona, db: AsyncSession, changes):
    """Both wait for the rows of the admins; whoever has them second sees what the first did."""
    carol = await new_persona("carol", role=Role.ADMIN)
    await db.execute(select(User.id).with_for_update())
    racing = [
        asyncio.create_task(administer(ada, "carol", **changes)),
        asyncio.create_task(administer(carol, "ada", **changes)),
    ]
    await until_they_wait(2)
    await db.rollback()

    responses = await asyncio.gather(*racing)

    admins = select(func.count(User.id)).where(User.role == Role.ADMIN, ~User.disabled)
    assert sorted(response.status_code for response in responses) == [200, 409]
    assert await db.scalar(admins) == 1


async def test_a_last_admin_may_be_changed_otherwise(ada: Persona):
    """What changes nothing about that is no conflict."""
    same = await administer(ada, "ada", role="admin", disabled=False)
    name = await ada.client.patch(f"{PATH}/me", json={"display_name": "Countess"})

    assert (same.status_code, name.status_code) == (200, 200)


NOT_FOR_ADMINS = [
    {"role": "owner"},
    {"role": 1},
    {"disabled": "perhaps"},
    {"display_name": "Bobby"},
    {"username": "rob"},
]


async def test_what_an_admin_may_not_change_is_422(ada: Persona, bob: Persona, subtests):
    """Names are their owners' affair."""
    for changes in NOT_FOR_ADMINS:
        with subtests.test(changes=changes):
            response = await administer(ada, "bob", **changes)

            assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


async def test_the_contract_has_no_way_to_delete_an_account(ada: Persona, bob: Persona):
    """What was said keeps its author."""
    response = await ada.client.delete(f"{PATH}/bob")

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
