"""`statusboard demo`: made-up people fill an empty board, post on it, and are removed without a trace."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import AsyncSessionLocal, Base
from app.errors import Conflict, LastAdmin
from app.models import FeedEvent, FeedHead, Reference, Status, User
from app.models.user import Role
from app.services.demo import filling, removal
from app.services.demo.cast import CAST
from app.services.github import poller
from app.services.identity import setup
from tests.logins import log_in
from tests.personas import Persona, new_client, new_persona
from tests.servers import Server, receive_until
from tests.subprocesses import SECRET, run_python, running

STATUSES = "/api/v1/statuses"


@pytest.fixture
async def patient(database_url: str) -> AsyncIterator[AsyncSession]:
    """A session with the command's patience."""
    async with AsyncSessionLocal(info={"patience": 60.0}) as session:
        yield session


async def run(database_url: str, *arguments: str) -> tuple[int | None, str]:
    """Return the command's exit code and what it printed."""
    command = "from app.cli import main; main()"
    environment = {"DATABASE_URL": database_url, "JWT_SECRET": SECRET}
    process = await asyncio.to_thread(run_python, command, "demo", *arguments, **environment)
    return process.returncode, process.stdout + process.stderr


async def rows(db: AsyncSession) -> dict[str, int]:
    """Return how many rows there are in each table that has any, but for the log and what every board has."""
    counted = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in {"feed_events", "feed_head", "board", "github_budget"}:
            counted[table.name] = await db.scalar(select(func.count()).select_from(table))
    await db.rollback()
    return {name: count for name, count in counted.items() if count}


async def test_a_week_fills_the_board(patient: AsyncSession, client: httpx.AsyncClient):
    """Twelve labelled people over five days, with titles that GitHub was never asked for, and the way it happened."""
    password = await filling.fill(patient)
    login = await log_in(client, "demo-ada", password)
    client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    board = (await client.get("/api/v1/board")).json()
    page = (await client.get(STATUSES, params={"limit": 100})).json()
    times = [datetime.fromisoformat(status["created_at"]) for status in page["items"]]
    references = [reference for status in page["items"] for reference in status["references"]]

    assert len(board["members"]) == len(CAST)
    assert all(member["user"]["display_name"].endswith(" (demo)") for member in board["members"])
    assert any(member["today"] for member in board["members"]) or datetime.now(UTC).hour < 9
    assert times == sorted(times, reverse=True)
    assert times[0] <= datetime.now(UTC)
    assert len({moment.date() for moment in times}) > 2
    assert {reference["state"] for reference in references} >= {"open", "merged", "closed"}
    assert all(reference["title"] for reference in references)
    assert any(status["edited_at"] for status in page["items"])
    assert len(board["blockers"]) > 1


async def test_its_log_is_a_log(patient: AsyncSession):
    """Its events are numbered without a gap, in the order of what they tell, and written now: nothing pretends."""
    await filling.fill(patient)
    events = (await patient.execute(select(FeedEvent).order_by(FeedEvent.seq))).scalars().all()
    head = (await patient.execute(select(FeedHead.seq, FeedHead.mark))).one()
    posted = [event.subject_id for event in events if event.kind == "status.posted"]
    by_time = list(await patient.scalars(select(Status.id).order_by(Status.created_at, Status.id)))

    assert [event.seq for event in events] == list(range(head.seq + 1))
    assert events[-1].mark == head.mark
    assert posted == by_time
    assert [event.created_at for event in events] == sorted(event.created_at for event in events)


async def test_an_open_board_follows(patient: AsyncSession, server: Server, ada: Persona):
    """Whoever has an empty board open sees it filled, emptied again, and is told nothing twice."""
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await filling.fill(patient)
        count = await patient.scalar(select(func.count()).select_from(Status))
        people, removed = await removal.remove(patient)
        events = []
        while sum(event["kind"] == "status.deleted" for event in events) < count:
            *_, event = await receive_until(socket, "event")
            events.append(event)
    kinds = [event["kind"] for event in events]
    seqs = [event["seq"] for event in events]
    members = [event["data"] for event in events if event["kind"] == "member.changed"]

    assert (people, removed) == (len(CAST), count)
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert kinds.count("member.changed") == 2 * len(CAST)
    assert [member["disabled"] for member in members] == [False] * len(CAST) + [True] * len(CAST)


async def test_nothing_is_left_of_it(patient: AsyncSession, client: httpx.AsyncClient, db: AsyncSession):
    """Accounts, sessions, tokens, titles and every word in the log are gone; the set-up link works again."""
    before = await setup.code(db)
    password = await filling.fill(patient)
    token = (await log_in(client, "demo-ada", password)).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    await client.post(STATUSES, json={"message": "Hello octo/api#401"}, headers={"Idempotency-Key": "once"})
    await client.post("/api/v1/tokens", json={"name": "Build", "scopes": ["post"]})
    await client.post("/api/v1/invites", json={})
    await client.post("/api/v1/users/demo-leo/reset")
    await removal.remove(patient)
    log = " ".join(await db.scalars(select(FeedEvent.payload).where(~FeedEvent.kind.startswith("member."))))

    assert await rows(db) == {"invites": 1}
    assert await setup.code(db) == before
    assert "octo" not in log
    assert (await client.get("/api/v1/users/me")).status_code == 401
    assert await removal.remove(patient) == (0, 0)


async def test_others_stay_as_they_are(patient: AsyncSession, ada: Persona, db: AsyncSession):
    """What they said stays, and what they speak of is no made-up thing any more, but a link that can be asked for."""
    await filling.fill(patient)
    mine = await ada.post("Like octo/api#401, and octo/else#1")
    await removal.remove(patient)
    board = (await ada.client.get("/api/v1/board")).json()
    left = (await ada.client.get(STATUSES)).json()["items"]
    due = await db.scalar(select(Reference.due_at <= func.now()).where(Reference.number == 401))

    assert [member["user"]["username"] for member in board["members"]] == ["ada"]
    assert [status["id"] for status in left] == [mine["id"]]
    assert [(r["title"], r["state"], r["kind"]) for r in left[0]["references"]] == [(None, None, "unknown")] * 2
    assert due is True


async def test_a_board_in_use_is_left_alone(patient: AsyncSession, ada: Persona, db: AsyncSession):
    """One status is enough; nothing is written."""
    await ada.post("Here first")
    before = await rows(db)

    with pytest.raises(Conflict, match="in use"):
        await filling.fill(patient)
    assert await rows(db) == before


async def test_a_name_that_only_looks_like_one_is_nobodys_demo(patient: AsyncSession, ada: Persona):
    """Who is called demo-something without the label is left alone, and keeps the demo away."""
    await new_persona("demo-day")

    with pytest.raises(Conflict, match="demo-"):
        await filling.fill(patient)
    assert await removal.remove(patient) == (0, 0)


@pytest.mark.parametrize(("is_new", "role"), [(True, Role.ADMIN), (False, Role.MEMBER)])
async def test_only_a_board_without_accounts_gets_an_admin(patient: AsyncSession, is_new: bool, role: Role):
    """So that somebody can look at what admins see; a board that has one is not shared with made-up people."""
    if not is_new:
        await new_persona("ada", role=Role.ADMIN, founder=True)
    await filling.fill(patient)
    found = await patient.execute(select(User.username, User.role).where(filling.IS_DEMO))
    roles = dict(found.all())

    assert roles.pop("demo-ada") == role
    assert set(roles.values()) == {Role.MEMBER}


async def test_the_only_admin_is_not_removed_from_under_others(patient: AsyncSession):
    """Members that a demo admin has invited would have none; once one of them is an admin, the demo can go."""
    await filling.fill(patient)
    bob = await new_persona("bob")
    with pytest.raises(LastAdmin):
        await removal.remove(patient)
    await patient.execute(text("UPDATE users SET role = 'admin' WHERE username = 'bob'"))
    await patient.commit()

    assert (await removal.remove(patient))[0] == len(CAST)
    assert (await bob.client.get("/api/v1/board")).json()["blockers"] == []


async def test_github_is_never_asked_for_what_is_made_up(patient: AsyncSession, ada: Persona):
    """Neither at first, nor when it is spoken of again, nor after it was merged."""
    await filling.fill(patient)
    turns = [await poller.take_turn(patient)]
    await ada.post("octo/mobile#79 again")
    turns.append(await poller.take_turn(patient))
    await filling.end(patient, "octo/mobile#79 is merged")
    turns.append(await poller.take_turn(patient))
    reference = (await ada.client.get("/api/v1/references/octo/mobile/79")).json()["reference"]

    assert turns == [None, None, None]
    assert (reference["state"], reference["kind"]) == ("merged", "pull_request")


async def test_merging_clears_blockers(patient: AsyncSession, ada: Persona, server: Server):
    """As GitHub's own word would, with the same events; what is over already is not told again."""
    await filling.fill(patient)
    await ada.post("Waiting for octo/mobile#79", "blocked")
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await filling.end(patient, "octo/mobile#79 is merged")
        await filling.end(patient, "octo/mobile#79 is merged")
        await filling.end(patient, "nothing")
        await ada.post("The last")
        events = [(await receive_until(socket, "event"))[-1]]
        while events[-1]["kind"] != "status.posted":
            events.append((await receive_until(socket, "event"))[-1])
    kinds = [event["kind"] for event in events]

    assert kinds[0] == "reference.changed"
    assert kinds.count("reference.changed") == 1
    assert kinds.count("blocker.cleared") >= 1


async def test_the_command_fills_and_tells_how_to_log_in(database_url: str):
    """One line has the name and the password, which nobody can find out later."""
    code, said = await run(database_url, "--once")
    name, password = re.search(r"as (\S+), with the password (\S+)", said).groups()
    async with new_client() as client:
        login = await log_in(client, name, password)
    again = await run(database_url, "--once")

    assert (code, login.status_code) == (0, 200)
    assert again == (1, "Error: The demo is already on this board.\n")


async def test_the_command_makes_a_large_board(database_url: str, db: AsyncSession):
    """For measuring: 200 people, 500 statuses, all of today."""
    code, _ = await run(database_url, "--once", "--people", "200", "--statuses", "500")
    counted = await rows(db)

    assert code == 0
    assert (counted["users"], counted["statuses"]) == (200, 500)


async def test_it_posts_on_until_it_is_stopped(database_url: str, ada: Persona, server: Server):
    """In other processes' sight at once, by way of the same services; Ctrl+C is no error, and it can go on later."""
    async with (
        running("demo", "--every", "0.1", DATABASE_URL=database_url) as process,
        server.follow(ada.token) as socket,
    ):
        await receive_until(socket, "ready")
        kinds: list[str] = []
        while kinds.count("status.posted") < 40 or "reference.changed" not in kinds:
            kinds += [message["kind"] for message in await receive_until(socket, "event")]
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    async with running("demo", "--every", "0.1", DATABASE_URL=database_url) as later:
        line = await later.stdout.readline()

    assert process.returncode == 0, out
    assert line.startswith(b"The demo's people are posting.")


async def test_it_ends_when_it_is_removed(database_url: str, ada: Persona):
    """Nobody posts after that, and the board is empty."""
    async with running("demo", "--every", "0.1", DATABASE_URL=database_url) as process:
        await process.stdout.readline()
        await process.stdout.readline()
        removed = await run(database_url, "--remove")
        out, _ = await asyncio.wait_for(process.communicate(), 20)

    assert removed[0] == 0
    assert re.fullmatch(r"Removed: 12 people, \d+ statuses\.\n", removed[1])
    assert process.returncode == 0
    assert out.endswith(b"The demo was removed.\n")
    assert (await ada.client.get(STATUSES)).json()["items"] == []
