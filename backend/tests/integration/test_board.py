"""The board: `GET /board`."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import Reference, Status, User
from app.schemas.board import BoardRead
from app.services.statuses import board as boards
from tests import history
from tests.answers import refused
from tests.personas import Persona, new_member, new_persona
from tests.servers import Server, receive_until

PATH = "/api/v1/board"


async def board(persona: Persona) -> dict:
    """Return the board."""
    response = await persona.client.get(PATH)
    assert response.status_code == 200, response.text
    return response.json()


async def blockers(persona: Persona) -> list[str]:
    """Return what the open blockers say."""
    return [blocker["status"]["message"] for blocker in (await board(persona))["blockers"]]


def zone_where_it_is(hour: int) -> str:
    """Return a time zone in which it is this hour of the day. Etc/GMT-3 is three hours ahead of Greenwich."""
    ahead = (hour - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}"


async def move(db: AsyncSession, status: dict, *, ago: timedelta) -> None:
    """Have a status been posted some time ago."""
    moved = datetime.now(UTC) - ago
    await db.execute(update(Status).where(Status.id == status["id"]).values(created_at=moved))
    await db.commit()


async def test_every_member_with_its_newest_status(ada: Persona, bob: Persona):
    """Members stand in the order of their names, those who said nothing among them."""
    await new_member("zoe", display_name="aaron")
    await bob.post("older")
    bobs = await bob.post("newer")
    adas = await ada.post("stays")
    gone = await ada.post("gone")
    await ada.client.delete(f"/api/v1/statuses/{gone['id']}")

    members = (await board(bob))["members"]

    assert [member["user"]["display_name"] for member in members] == ["aaron", "Ada", "Bob"]
    assert [member["status"] for member in members] == [None, adas, bobs]
    assert members[2]["user"] == (await bob.client.get("/api/v1/users/me")).json()
    assert [member["today"] for member in members] == [False, True, True]


async def test_it_says_by_what_messages_are_read(ada: Persona, monkeypatch: pytest.MonkeyPatch):
    """Where GitHub is, and what bare numbers are of: a client that looks for references finds those of the board."""
    usual = (await board(ada))["github"]
    monkeypatch.setattr(settings, "GITHUB_API_URL", "https://ghe.example.com:8443/api/v3")
    monkeypatch.setattr(settings, "GITHUB_REPOSITORY", "octo/api")
    posted = await ada.post("#12, https://ghe.example.com:8443/octo/web/issues/1")

    assert usual == {"url": "https://github.com", "repository": None}
    assert (await board(ada))["github"] == {"url": "https://ghe.example.com:8443", "repository": "octo/api"}
    assert [reference["repo"] for reference in posted["references"]] == ["api", "web"]


async def test_disabled_members_are_absent(ada: Persona, bob: Persona):
    """Who left is not shown, and blocks nobody; what was said stays in the list."""
    await bob.post("blocked for ever", "blocked")
    await ada.client.patch("/api/v1/users/bob", json={"disabled": True})

    shown = await board(ada)

    assert [member["user"]["username"] for member in shown["members"]] == ["ada"]
    assert shown["blockers"] == []
    assert len((await ada.client.get("/api/v1/statuses")).json()["items"]) == 1


async def test_today_is_the_members_own(ada: Persona, db: AsyncSession):
    """A status of 90 minutes ago is of yesterday where it is past midnight, one of 20 hours ago of today where not."""
    expected = {
        ("past midnight", zone_where_it_is(0), timedelta(minutes=90)): False,
        ("at noon", zone_where_it_is(12), timedelta(minutes=90)): True,
        ("late in the evening", zone_where_it_is(22), timedelta(hours=20)): True,
        ("in the evening", zone_where_it_is(18), timedelta(hours=20)): False,
        ("a year ago", "UTC", timedelta(days=365)): False,
    }
    for name, time_zone, ago in expected:
        persona = await new_persona(name.replace(" ", "-"), display_name=name, time_zone=time_zone)
        await move(db, await persona.post("x"), ago=ago)

    today = {member["user"]["display_name"]: member["today"] for member in (await board(ada))["members"]}

    assert today == {"Ada": False} | {name: is_today for (name, _, _), is_today in expected.items()}


async def test_a_time_zone_that_this_machine_does_not_know_is_utc(ada: Persona, db: AsyncSession):
    """Another machine of the same board may know more names; the board is shown nonetheless."""
    await ada.post("x")
    await db.execute(update(User).values(time_zone="Mars/Olympus_Mons"))
    await db.commit()

    assert (await board(ada))["members"][0]["today"] is True


async def test_blockers_stay_until_the_author_moves_on(ada: Persona, bob: Persona):
    """Several of one member, oldest first; the next status that is not blocked ends them, that of others does not."""
    await ada.post("Ada waits", "blocked")
    first = await bob.post("no key", "blocked")
    await bob.post("no door", "blocked")
    assert await blockers(ada) == ["Ada waits", "no key", "no door"]
    shown = (await board(ada))["blockers"][1]

    await bob.post("on it", "in-progress")
    ended = await blockers(ada)
    await bob.post("no house", "blocked")

    assert shown == {"status": first, "since": first["created_at"], "waits_for": [], "cleared": False}
    assert ended == ["Ada waits"]
    assert await blockers(ada) == ["Ada waits", "no house"]


async def test_an_edit_may_end_a_blocker_or_begin_one(bob: Persona):
    """What counts is what a status says now."""
    first = await bob.post("no key", "blocked")
    second = await bob.post("no door", "blocked")
    path = f"/api/v1/statuses/{second['id']}"

    await bob.client.patch(path, json={"category": "done"})
    ended = await blockers(bob)
    await bob.client.patch(path, json={"category": "blocked"})
    begun = await blockers(bob)
    await bob.client.delete(f"/api/v1/statuses/{first['id']}")

    assert (ended, begun) == ([], ["no key", "no door"])
    assert await blockers(bob) == ["no door"]


async def test_ten_blockers_of_one_member_are_shown(ada: Persona, bob: Persona):
    """The newest ten; more would hide what others wait for."""
    await ada.post("Ada waits", "blocked")
    for number in range(12):
        await bob.post(str(number), "blocked")

    assert await blockers(ada) == ["Ada waits", *map(str, range(2, 12))]


async def test_a_blocker_is_cleared_once_all_it_waits_for_is_over(ada: Persona, db: AsyncSession):
    """Merged, closed and not planned are over; one that is open, or not known, is waited for."""
    await ada.post("waits for o/r#1 and o/r#2", "blocked")
    await ada.post("waits for nothing that has a number", "blocked")

    cleared = {}
    for states in [("merged", "open"), ("merged", None), ("merged", "draft"), ("closed", "not_planned")]:
        for number, state in enumerate(states, start=1):
            await db.execute(update(Reference).where(Reference.number == number).values(state=state))
        await history.append(db, 1)
        cleared[states] = [blocker["cleared"] for blocker in (await board(ada))["blockers"]]

    assert cleared == {
        ("merged", "open"): [False, False],
        ("merged", None): [False, False],
        ("merged", "draft"): [False, False],
        ("closed", "not_planned"): [True, False],
    }


async def test_the_bytes_are_what_the_schema_says(ada: Persona, bob: Persona):
    """Read by the schema and written by it they are the same."""
    await ada.post('quotes " and octo/api#12', "blocked")
    await bob.post("caf\u00e9")

    content = (await ada.client.get(PATH)).content

    assert BoardRead.model_validate_json(content).model_dump_json().encode() == content


async def test_a_board_that_was_made_is_given_again(ada: Persona, bob: Persona, monkeypatch):
    """To anyone, while nothing changes; and who has it already is not sent it twice."""
    await ada.post("one")
    first = await ada.client.get(PATH)
    tag = first.headers["ETag"]
    read = boards.read
    monkeypatch.setattr(boards, "read", None)
    second = await bob.client.get(PATH)
    unchanged = await bob.client.get(PATH, headers={"If-None-Match": tag})
    monkeypatch.setattr(boards, "read", read)
    posted = await bob.post("two")
    moved = await bob.client.get(PATH, headers={"If-None-Match": tag})

    assert second.content == first.content
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", tag)
    assert moved.status_code == 200
    assert posted in [member["status"] for member in moved.json()["members"]]


async def test_the_position_is_where_the_feed_goes_on(server: Server, ada: Persona):
    """A client that read the board and then follows from its position misses nothing and gets nothing twice."""
    await ada.post("before")
    position = (await board(ada))["position"]
    after = await ada.post("after")
    async with server.follow(ada.token, position) as socket:
        messages = await receive_until(socket, "ready")

    assert [message["type"] for message in messages] == ["hello", "event", "ready"]
    assert messages[1]["data"] == after


async def test_a_board_without_statuses(ada: Persona, db: AsyncSession):
    """The first member's board is not empty: the member is on it."""
    mark = await db.scalar(text("SELECT mark FROM feed_head"))
    shown = await board(ada)

    assert [member["status"] for member in shown["members"]] == [None]
    assert shown["blockers"] == []
    assert shown["position"] == f"0-{mark}"


async def test_the_board_needs_a_token(client: httpx.AsyncClient):
    """It is the team's, not the world's."""
    refused(await client.get(PATH), 401, "unauthenticated")
