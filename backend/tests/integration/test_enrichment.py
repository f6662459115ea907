"""What GitHub tells about references: titles and states, where they went, and when it is asked again."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import FeedEvent, Reference
from app.services.github import poller
from app.services.github.client import GitHub
from tests.clock import let_pass
from tests.fake_github import FakeGitHub
from tests.github import enrich
from tests.personas import Persona
from tests.servers import Server, receive, receive_until

CHANGED = select(FeedEvent.payload).where(FeedEvent.kind == "reference.changed").order_by(FeedEvent.seq)


async def shown(persona: Persona, *names: str) -> list[dict]:
    """Return what the board shows of references, each as it is written."""
    found = []
    for name in names:
        repository, _, number = name.partition("#")
        response = await persona.client.get(f"/api/v1/references/{repository}/{number}")
        found.append(response.json()["reference"])
    return found


async def due_in(db: AsyncSession, name: str) -> timedelta:
    """Return after how long a reference is asked for again."""
    await db.rollback()
    repository, _, number = name.partition("#")
    query = select(Reference.due_at - func.clock_timestamp()).where(
        func.lower(Reference.owner + "/" + Reference.repo) == repository.lower(), Reference.number == int(number)
    )
    return (await db.execute(query)).scalar_one()


def about(moment: timedelta, expected: timedelta) -> bool:
    return expected - timedelta(seconds=30) < moment <= expected


KINDS = {
    "octo/api#1": ("Issue", {}, ("issue", "open")),
    "octo/api#2": ("Issue", {"state": "CLOSED", "stateReason": "COMPLETED"}, ("issue", "closed")),
    "octo/api#3": ("Issue", {"state": "CLOSED", "stateReason": "NOT_PLANNED"}, ("issue", "not_planned")),
    "octo/api#4": ("Issue", {"state": "CLOSED", "stateReason": "DUPLICATE"}, ("issue", "not_planned")),
    "octo/api#5": ("Issue", {"stateReason": "REOPENED"}, ("issue", "open")),
    "octo/api#6": ("PullRequest", {}, ("pull_request", "open")),
    "octo/api#7": ("PullRequest", {"isDraft": True}, ("pull_request", "draft")),
    "octo/api#8": ("PullRequest", {"state": "MERGED"}, ("pull_request", "merged")),
    "octo/api#9": ("PullRequest", {"state": "CLOSED", "isDraft": True}, ("pull_request", "closed")),
    "octo/api#10": ("Discussion", {}, ("discussion", "open")),
    "octo/api#11": ("Discussion", {"closed": True, "stateReason": "RESOLVED"}, ("discussion", "closed")),
    "octo/api#12": ("Discussion", {"closed": True, "stateReason": "OUTDATED"}, ("discussion", "not_planned")),
}


async def test_each_kind_in_each_state(github: FakeGitHub, ada: Persona):
    """One request for all, and every status and the board show what it said."""
    for name, (kind, fields, _) in KINDS.items():
        github.put(name, kind, **fields)
    posted = await ada.post(" ".join(KINDS))
    await enrich()
    (status,) = (await ada.client.get("/api/v1/statuses")).json()["items"]

    assert [(item["kind"], item["state"]) for item in status["references"]] == [said for *_, said in KINDS.values()]
    assert [item["title"] for item in status["references"]] == [f"Title of {name}" for name in KINDS]
    assert status["references"][9]["url"] == "https://github.com/octo/api/discussions/10".replace(
        "https://github.com", github.url
    )
    assert [reference["title"] for reference in posted["references"]] == [None] * len(KINDS)
    assert len(github.requests) == 1


async def test_each_change_is_one_event_in_the_log(github: FakeGitHub, server: Server, ada: Persona, db: AsyncSession):
    """In order with everything else, with the reference as it is now; what stays the same is no event."""
    github.put("octo/api#12")
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await ada.post("octo/api#12")
        await enrich()
        github.put("octo/api#12", state="CLOSED", updatedAt="2026-11-24T10:00:00Z")
        for _ in range(2):
            await let_pass(db, timedelta(days=2))
            await enrich()
        await ada.post("later")
        events = [await receive(socket) for _ in range(4)]

    assert [event["seq"] for event in events] == [1, 2, 3, 4]
    assert [event["kind"] for event in events] == ["status.posted", *["reference.changed"] * 2, "status.posted"]
    assert [event["data"].get("state") for event in events[1:3]] == ["open", "closed"]
    assert events[0]["data"]["references"][0]["title"] is None
    assert events[2]["data"] == (await shown(ada, "octo/api#12"))[0]
    assert len(github.requests) == 3


async def test_names_are_without_regard_to_case(github: FakeGitHub, ada: Persona):
    """Another spelling is no other place."""
    github.put("Octo/API#12")
    await ada.post("octo/api#12")
    await enrich()

    (reference,) = await shown(ada, "octo/api#12")
    assert (reference["title"], reference["moved_to"]) == ("Title of Octo/API#12", None)


async def test_many_at_a_time(github: FakeGitHub, ada: Persona):
    """Fifty references a request, one request at a time, however many workers there are."""
    for number in range(1, 121):
        github.put(f"octo/api#{number}")
    for first in range(1, 121, 20):
        await ada.post(" ".join(f"octo/api#{number}" for number in range(first, first + 20)))
    await asyncio.gather(*(enrich() for _ in range(4)))
    await enrich()  # whoever was not given the turn has gone home

    assert [len(request.places) for request in github.requests] == [50, 50, 20]
    assert github.most_at_once == 1


async def test_a_pause_between_requests(github: FakeGitHub, ada: Persona, db: AsyncSession, monkeypatch):
    """Whoever asks, there is one before the next request."""
    monkeypatch.setattr(poller, "PACE", timedelta(minutes=1))
    asked = []
    for number in (1, 2):
        await ada.post(f"octo/api#{number}")
        for _ in range(2):
            await enrich()
            asked.append(len(github.requests))
        await let_pass(db, timedelta(minutes=1))

    assert asked == [1, 1, 2, 2]


async def test_renamed_repositories_and_transferred_issues(github: FakeGitHub, ada: Persona, db: AsyncSession):
    """They say where they are now, and how they stand there; the old name goes on being spoken of."""
    new = github.repository("octo/new")
    github.put("octo/new#3", "PullRequest", state="MERGED")
    github.repository("octo/api").moved[12] = (new, 3)
    github.repositories["octo/old"] = new
    await ada.post("octo/api#12 octo/old#3")
    await enrich()

    for reference in await shown(ada, "octo/api#12", "octo/old#3"):
        assert (reference["state"], reference["moved_to"]) == ("merged", "octo/new#3")
        assert reference["title"] == "Title of octo/new#3"
    requests = len(github.requests)
    await let_pass(db, timedelta(days=2))
    await enrich()
    assert len(github.requests) == requests + 1


@pytest.mark.parametrize(
    ("where", "state"),
    [("nobody/nothing#1", "no_access"), ("octo/api#404", "no_access"), ("octo/api#410", "gone")],
)
async def test_what_is_not_there(github: FakeGitHub, ada: Persona, db: AsyncSession, where, state):
    """Missing or hidden, and deleted, are states of their own; such are asked for again after a day."""
    github.repository("octo/api").gone.add(410)
    await ada.post(where)
    await enrich()

    (reference,) = await shown(ada, where)
    assert (reference["state"], reference["kind"], reference["title"]) == (state, "unknown", None)
    assert about(await due_in(db, where), timedelta(days=1))


async def test_moved_out_of_sight(github: FakeGitHub, ada: Persona):
    """Where it went is not told: to a host that is not asked, or to a private place."""
    github.repository("octo/api").moved[1] = (github.repository("octo/secret", private=True), 7)
    github.put("octo/secret#7", title="The merger")
    await ada.post("octo/api#1")
    await enrich()

    (reference,) = await shown(ada, "octo/api#1")
    assert (reference["state"], reference["title"], reference["moved_to"]) == ("moved", None, None)


async def test_private_titles_are_shown_where_their_repository_is_listed(
    github: FakeGitHub, ada: Persona, db: AsyncSession, monkeypatch
):
    """When the list changes, so do they."""
    github.put("octo/secret#1", private=True)
    github.put("acme/secret#1", private=True)
    await ada.post("octo/secret#1 acme/secret#1")
    monkeypatch.setattr(settings, "GITHUB_REPOSITORIES", "elsewhere/*, OCTO/sec*")
    await enrich()
    shown_first = await shown(ada, "octo/secret#1", "acme/secret#1")
    monkeypatch.setattr(settings, "GITHUB_REPOSITORIES", "acme/secret")
    await poller.reconsider(db)
    await enrich()
    shown_then = await shown(ada, "octo/secret#1", "acme/secret#1")

    seen, unseen = ("issue", "open"), ("unknown", "no_access")
    assert [(item["kind"], item["state"]) for item in shown_first] == [seen, unseen]
    assert [item["title"] for item in shown_first] == ["Title of octo/secret#1", None]
    assert [(item["kind"], item["state"]) for item in shown_then] == [unseen, seen]
    assert [item["title"] for item in shown_then] == [None, "Title of acme/secret#1"]
    assert len(list(await db.scalars(CHANGED))) == 4


# What is in a private repository that nobody listed, each at octo/secret#1.
HIDDEN = {
    "an issue": lambda github, _secret: github.put("octo/secret#1", private=True),
    "a closed one": lambda github, _secret: github.put("octo/secret#1", private=True, state="CLOSED"),
    "no such number": lambda _github, _secret: None,
    "a deleted one": lambda _github, secret: secret.gone.add(1),
    "one that was moved": lambda github, secret: secret.moved.update({1: (github.repository("octo/open"), 3)}),
    "a renamed repository": lambda github, secret: github.repositories.update({"octo/secret": secret}),
    "of no meaning": lambda github, _secret: github.put("octo/secret#1", private=True, state="MELTED"),
}


@pytest.mark.parametrize("hide", HIDDEN.values(), ids=HIDDEN.keys())
async def test_a_private_repository_is_as_if_it_were_not_there(
    github: FakeGitHub, ada: Persona, db: AsyncSession, hide, monkeypatch
):
    """Nothing that members see tells it from one that does not exist: no field, no event, no time."""
    monkeypatch.setattr(settings, "GITHUB_REPOSITORIES", "acme/*")
    name = "octo/renamed" if hide is HIDDEN["a renamed repository"] else "octo/secret"
    secret = github.repository(name, private=True)
    github.put("octo/open#3")
    hide(github, secret)
    await ada.post("octo/secret#1 octo/nothing#1")
    seen = []
    for _ in range(3):
        await enrich()
        seen += [str(item).replace("nothing", "secret") for item in await shown(ada, "octo/secret#1", "octo/nothing#1")]
        await let_pass(db, timedelta(days=1))
    changes = [payload.replace("nothing", "secret") for payload in await db.scalars(CHANGED)]

    assert seen == [seen[0]] * 6
    assert "'state': 'no_access'" in seen[0]
    assert len(changes) == 2
    assert changes[0] == changes[1]
    assert [sorted(request.places) for request in github.requests] == [["octo/nothing#1", "octo/secret#1"]] * 3


async def test_what_an_earlier_version_told_of_a_private_one_is_taken_back(
    github: FakeGitHub, ada: Persona, db: AsyncSession
):
    """It stood there with neither a title nor a state."""
    await ada.post("octo/secret#1")
    await enrich()
    await db.execute(text("UPDATE github_references SET state = NULL, private = true"))
    await db.commit()
    await poller.reconsider(db)

    assert (await shown(ada, "octo/secret#1"))[0]["state"] == "no_access"


async def test_open_ones_are_asked_for_often_and_closed_ones_seldom(github: FakeGitHub, ada: Persona, db: AsyncSession):
    """By how lately they were spoken of, and sooner where somebody waits."""
    github.put("octo/api#1")
    github.put("octo/api#2", state="CLOSED")
    github.put("octo/api#3")
    await ada.post("octo/api#1 octo/api#2")
    await ada.post("octo/api#3", "blocked")
    await enrich()
    first = [await due_in(db, f"octo/api#{number}") for number in (1, 2, 3)]
    later = []
    for days in (3, 5, 40):
        await let_pass(db, timedelta(days=days))
        await enrich()
        later.append(await due_in(db, "octo/api#1"))

    assert [about(*pair) for pair in zip(first, map(minutes, (5, 24 * 60, 2)), strict=True)] == [True] * 3
    assert [about(*pair) for pair in zip(later, map(minutes, (30, 6 * 60, 24 * 60)), strict=True)] == [True] * 3


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


async def test_whoever_speaks_of_it_again_has_it_asked_for(github: FakeGitHub, ada: Persona, db: AsyncSession):
    """What was known may be old; what was told just now is not."""
    github.put("octo/api#1", state="CLOSED")
    await ada.post("octo/api#1")
    await enrich()
    await ada.post("octo/api#1 again")
    await enrich()
    asked_at_once = len(github.requests)
    await let_pass(db, timedelta(minutes=6))
    await ada.post("octo/api#1 and again")
    await enrich()

    assert (asked_at_once, len(github.requests)) == (1, 2)


async def test_an_answer_that_is_older_than_what_a_webhook_told_is_not_taken(
    github: FakeGitHub, ada: Persona, db: AsyncSession
):
    """GitHub was asked before the merge, and answered after it."""
    github.put("octo/api#1", "PullRequest")
    await ada.post("octo/api#1")
    turn = await poller.take_turn(db)
    assert turn is not None
    async with GitHub() as hub:
        answer = await hub.look_up(turn.places)
    await db.execute(text("UPDATE github_references SET state = 'merged', fetched_at = clock_timestamp()"))
    await db.commit()
    await poller._write_down(db, turn, answer)  # noqa: SLF001 -- between its two halves

    assert (await shown(ada, "octo/api#1"))[0]["state"] == "merged"


async def test_a_worker_that_was_killed_costs_a_moment(github: FakeGitHub, ada: Persona, db: AsyncSession):
    """What it had taken is nobody's until its turn is over; then it is asked for, once."""
    github.put("octo/api#1")
    await ada.post("octo/api#1")
    assert await poller.take_turn(db) is not None
    await enrich()
    while_taken = len(github.requests)
    await let_pass(db, poller.TURN)
    await enrich()

    assert (while_taken, len(github.requests)) == (0, 1)
    assert (await shown(ada, "octo/api#1"))[0]["state"] == "open"


@pytest.mark.parametrize("column", ["busy_until", "closed_until"])
async def test_a_clock_that_was_set_back_keeps_github_from_being_asked_no_longer_than_ever(
    github: FakeGitHub, ada: Persona, db: AsyncSession, column
):
    """What was written down before lies further ahead than anything that is written down, and counts for nothing."""
    github.put("octo/api#1", "Issue")
    await ada.post("octo/api#1")
    await db.execute(text(f"UPDATE github_budget SET {column} = now() + interval '25 hours'"))  # noqa: S608
    await db.commit()
    await enrich()

    assert (await shown(ada, "octo/api#1"))[0]["title"] == "Title of octo/api#1"


async def test_with_few_points_left_only_what_is_new_is_asked_for(github: FakeGitHub, ada: Persona, db: AsyncSession):
    """And with none, nothing until the hour is over."""
    for number in (1, 2, 3):
        github.put(f"octo/api#{number}")
    github.left = 900
    await ada.post("octo/api#1")
    await enrich()
    await db.execute(text("UPDATE github_references SET due_at = now()"))
    await db.commit()
    await ada.post("octo/api#2")
    github.left = 1
    await enrich()
    await ada.post("octo/api#3")
    await enrich()
    asked = [request.places for request in github.requests]
    closed_for = await db.scalar(text("SELECT closed_until - clock_timestamp() FROM github_budget"))

    assert asked == [["octo/api#1"], ["octo/api#2"]]
    assert timedelta(minutes=59) < closed_for <= timedelta(hours=1)


async def test_without_a_token_everything_is_a_plain_link(server: Server, ada: Persona, monkeypatch):
    """And the board says so."""
    posted = await ada.post("octo/api#12")
    async with server.client() as client:
        off = (await client.get("/api/v1/ready")).json()
        monkeypatch.setattr(settings, "GITHUB_TOKEN", "x")
        on = (await client.get("/api/v1/ready")).json()

    assert (off["titles"], on["titles"]) == ("off", "on")
    assert (posted["references"][0]["state"], posted["references"][0]["url"]) == (
        None,
        "https://github.com/octo/api/issues/12",
    )
