"""A GitHub that answers badly: the board goes on, asks less, and never tells anyone its token."""

import asyncio
import json
import logging
import time
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.errors import DatabaseUnavailable
from app.services.github import client, findings, poller
from app.services.github.client import GitHub
from tests import fake_github as fake
from tests.clock import let_pass
from tests.fake_github import FakeGitHub, Mood, fake_github, says
from tests.github import enrich
from tests.patience import LONG
from tests.personas import Persona
from tests.servers import until

LIMITED = json.dumps(
    {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}
).encode()
SECONDARY = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}'
CLOSED_FOR = text("SELECT closed_until - clock_timestamp() FROM github_budget")


async def closed_for(db: AsyncSession) -> float:
    """Return for how many seconds GitHub is left alone."""
    await db.rollback()
    return (await db.execute(CLOSED_FOR)).scalar_one().total_seconds()


async def reference(persona: Persona, name: str = "octo/api/1") -> dict:
    """Return the reference as the board shows it."""
    return (await persona.client.get(f"/api/v1/references/{name}")).json()["reference"]


async def works_again(github: FakeGitHub, persona: Persona, db: AsyncSession) -> None:
    """Hold that one good answer makes up for it all."""
    github.mood = None
    await let_pass(db, timedelta(hours=2))
    await enrich()
    assert (await reference(persona))["state"] == "open"


NO_USE = {
    "500": says(500, b"<html>Unicorn!</html>"),
    "502": says(502),
    "truncated JSON": says(200, b'{"data": {"a0": {"nameWithOw'),
    "broken off": fake.breaks_off,
    "hung up": fake.hangs_up,
    "50 MB": fake.says_50_megabytes,
    "nothing": says(200, b""),
    "not UTF-8": says(200, b'{"data": "\xff"}'),
    "too deep": says(200, b"[" * 200_000),
    "a list": says(200, b"[]"),
    "no data": says(200, b'{"data": null}'),
    "data of a wrong type": says(200, b'{"data": [1]}'),
    "errors of a wrong type": says(200, b'{"errors": "all of them"}'),
    "compressed": says(200, b"\x1f\x8b", content_encoding="gzip"),
    "204": says(204),
    "a redirect": fake.redirects_to("/graphql"),
    "no HTTP": says(99),
}


@pytest.mark.parametrize("mood", NO_USE.values(), ids=NO_USE.keys())
async def test_answers_of_no_use(github: FakeGitHub, ada: Persona, db: AsyncSession, caplog, mood):
    """GitHub is left alone for ten seconds, then twenty; nothing changes, and one warning each time says why."""
    github.put("octo/api#1")
    await ada.post("octo/api#1")
    github.mood = mood
    await enrich()
    await enrich()
    first = await closed_for(db)
    await let_pass(db, timedelta(seconds=30))
    await enrich()
    second = await closed_for(db)

    assert len(github.requests) == 2
    assert 0 < first <= 10
    assert 10 < second <= 20
    assert (await reference(ada))["state"] is None
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.name for record in warnings] == ["app.services.github.poller"] * 2
    await works_again(github, ada, db)


async def test_a_stall(github: FakeGitHub, ada: Persona, db: AsyncSession, monkeypatch):
    """It is given up after a while, and what was taken comes again."""
    github.put("octo/api#1")
    github.mood = fake.stalls(2 * LONG)
    await ada.post("octo/api#1")
    with monkeypatch.context() as patch:
        patch.setattr(client, "WITHIN", 0.2)
        async with asyncio.timeout(LONG):
            await enrich()

    assert 0 < await closed_for(db) <= 10
    await works_again(github, ada, db)


async def test_a_drip(github: FakeGitHub, ada: Persona, db: AsyncSession, monkeypatch):
    """An answer that comes byte by byte is given up as well: the time is for all of it."""
    monkeypatch.setattr(client, "WITHIN", 0.3)

    async def drips(_request, writer) -> bool:
        for byte in fake.response(200, b" " * 100):
            writer.write(bytes([byte]))
            await asyncio.sleep(0.01)
        return True

    github.mood = drips
    await ada.post("octo/api#1")
    await enrich()

    assert 0 < await closed_for(db) <= 10


def half_an_hour(status: int, body: bytes = b"", *, left: str = "0", **headers: str) -> Mood:
    """Say that the points are full again in half an hour."""

    async def mood(request, writer) -> bool:
        reset = str(int(time.time()) + 1800)
        limits = {"x_ratelimit_remaining": left, "x_ratelimit_reset": reset}
        return await says(status, body, **limits, **headers)(request, writer)

    return mood


REFUSALS = {
    "403 retry-after": (says(403, SECONDARY, retry_after="90"), 90),
    "429 retry-after": (says(429, b"", retry_after="700"), 700),
    "retry-after counts first": (
        half_an_hour(403, retry_after="500"),
        500,
    ),
    "403 reset": (half_an_hour(403), 1800),
    "429 reset": (half_an_hour(429), 1800),
    "200 with an error": (half_an_hour(200, LIMITED), 1800),
    "reset does not count while there is something left": (
        half_an_hour(403, SECONDARY, left="7"),
        60,
    ),
    "403 and nothing": (says(403, b"{}"), 60),
    "429 and nothing": (says(429, b"{}"), 60),
    "200 secondary": (says(200, SECONDARY), 60),
    "nonsense": (says(429, b"", retry_after="-1", x_ratelimit_remaining="0", x_ratelimit_reset="soon"), 60),
    "longer than a day": (says(429, b"", retry_after="99999999"), 24 * 3600),
    "401": (says(401, b"{}"), 60),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
async def test_refusals(github: FakeGitHub, ada: Persona, bob: Persona, db: AsyncSession, refusal):
    """GitHub is left alone for as long as it says, else for a minute, however much is posted meanwhile."""
    mood, seconds = refusal
    github.put("octo/api#1")
    github.mood = mood
    await ada.post("octo/api#1")
    await enrich()
    for number in range(2, 6):
        await bob.post(f"octo/api#{number}")
        await enrich()

    assert len(github.requests) == 1
    assert seconds - 30 < await closed_for(db) <= seconds + 2
    await let_pass(db, timedelta(seconds=seconds - 30))
    await enrich()
    assert len(github.requests) == 1
    await let_pass(db, timedelta(days=1))
    github.mood = None
    await enrich()
    assert (await reference(ada))["state"] == "open"


async def test_without_a_word_the_wait_grows(github: FakeGitHub, ada: Persona, db: AsyncSession):
    """A minute, two, four, at most an hour; a good answer ends it."""
    github.put("octo/api#1")
    github.mood = says(403, SECONDARY)
    await ada.post("octo/api#1")
    waits = []
    for _ in range(8):
        await enrich()
        waits.append(round(await closed_for(db) / 60))
        await let_pass(db, timedelta(hours=1))
    github.mood = None
    await enrich()
    await ada.post("octo/api#2")
    github.mood = says(403, SECONDARY)
    await enrich()

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert round(await closed_for(db) / 60) == 1


ITEMS = {
    "alias missing": lambda data: data["data"].pop("a0"),
    "alias null without an error": lambda data: data["data"].update(a0=None),
    "alias of a wrong type": lambda data: data["data"].update(a0="octo/api"),
    "item of a wrong type": lambda data: data["data"]["a0"].update(issueOrPullRequest=12),
    "unknown type": lambda data: data["data"]["a0"]["issueOrPullRequest"].update(__typename="Wish"),
    "title null": lambda data: data["data"]["a0"]["issueOrPullRequest"].update(title=None),
    "title a number": lambda data: data["data"]["a0"]["issueOrPullRequest"].update(title=7),
    "state null": lambda data: data["data"]["a0"]["issueOrPullRequest"].update(issueState=None),
    "state unknown": lambda data: data["data"]["a0"]["issueOrPullRequest"].update(issueState="MELTED"),
    "number a text": lambda data: data["data"]["a0"]["issueOrPullRequest"].update(number="1"),
    "repository null": lambda data: data["data"]["a0"]["issueOrPullRequest"].update(repository=None),
    "place nonsense": lambda data: data["data"]["a0"]["issueOrPullRequest"]["repository"].update(nameWithOwner="../x"),
    "place too long": lambda data: data["data"]["a0"]["issueOrPullRequest"].update(
        number=2**31 - 1, repository={"nameWithOwner": f"{'o' * 50}/{'r' * 100}", "isPrivate": False}
    ),
    "number out of range": lambda data: data["data"]["a0"]["issueOrPullRequest"].update(number=2**63),
    "privacy unknown": lambda data: data["data"]["a0"]["issueOrPullRequest"]["repository"].update(isPrivate=None),
    "an error of GitHub's": lambda data: (
        data["data"]["a0"].update(issueOrPullRequest=None),
        data["errors"].append({"message": "Something went wrong", "path": ["a0", "issueOrPullRequest"]}),
    ),
}


@pytest.mark.parametrize("spoil", ITEMS.values(), ids=ITEMS.keys())
async def test_one_of_several_is_spoilt(github: FakeGitHub, ada: Persona, db: AsyncSession, spoil):
    """The others are shown; it stays as it was, and is asked for again after a minute, then two."""
    github.put("octo/api#1")
    github.put("octo/api#2")

    async def mood(request, writer) -> bool:
        data = json.loads(json.dumps(github.data(request)))
        spoil(data)
        writer.write(github.graphql(data))
        return True

    github.mood = mood
    await ada.post("octo/api#1 octo/api#2")
    await enrich()
    after = "SELECT due_at - clock_timestamp() FROM github_references WHERE number = 1"
    waits = [await db.scalar(text(after))]
    await let_pass(db, timedelta(seconds=61))
    await enrich()
    waits.append(await db.scalar(text(after)))

    assert (await reference(ada))["state"] is None
    assert (await reference(ada, "octo/api/2"))["state"] == "open"
    assert [round(wait.total_seconds() / 60) for wait in waits] == [1, 2]
    await works_again(github, ada, db)


DATES = ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "-1", 10**30]


@pytest.mark.parametrize("moment", DATES)
async def test_a_date_out_of_range_is_none(github: FakeGitHub, ada: Persona, db: AsyncSession, moment):
    """It is shown, asked for as seldom as any other, and what GitHub says later counts."""
    github.put("octo/api#1", updatedAt=moment)
    await ada.post("octo/api#1")
    await enrich()
    asked, before = len(github.requests), (await reference(ada))["state"]
    github.put("octo/api#1", state="CLOSED")
    await let_pass(db, timedelta(minutes=6))
    await enrich()

    assert (asked, before, (await reference(ada))["state"]) == (1, "open", "closed")


HEADERS = {
    "date": {"date": "Fri, 31 Dec 9999 23:59:59 -2359"},
    "year": {"date": f"Mon, 01 Jan {10**30} 00:00:00 GMT"},
    "zone": {"date": f"Mon, 01 Jan 2026 00:00:00 +{9**99}"},
    "no date": {"date": "\xff"},
    "points": {"x_ratelimit_limit": "9" * 11, "x_ratelimit_remaining": "9" * 11, "x_ratelimit_reset": "9" * 11},
    "more points": dict.fromkeys(("x_ratelimit_limit", "x_ratelimit_remaining", "x_ratelimit_reset"), "9" * 5000),
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
async def test_headers_out_of_range(github: FakeGitHub, ada: Persona, headers):
    """What they count is bounded, and the answer is taken in."""
    github.put("octo/api#1")

    async def mood(request, writer) -> bool:
        lines = github.answer(request).partition(b"\r\n\r\n")[0].decode().split("\r\n")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = [line for line in lines if line.partition(":")[0] not in named]
        head = "\r\n".join([*kept, *(f"{name}: {value}" for name, value in named.items())])
        writer.write(head.encode("latin-1") + b"\r\n\r\n" + github.answer(request).partition(b"\r\n\r\n")[2])
        return True

    github.mood = mood
    await ada.post("octo/api#1")
    await enrich()

    assert (await reference(ada))["state"] == "open"
    assert len(github.requests) == 1


async def test_an_answer_that_cannot_be_written_down_is_not_asked_for_for_ever(
    github: FakeGitHub, ada: Persona, db: AsyncSession, monkeypatch, caplog
):
    """Whatever nobody foresaw: it is asked for ever less often, and soon alone, so that the others get theirs."""
    names = [f"octo/api#{number}" for number in range(1, 13)]
    for name in names:
        github.put(name)
    usual = findings.apply

    def apply(row, finding):
        if row.number == 5:
            raise OverflowError("octo/api#5: a title")
        usual(row, finding)

    monkeypatch.setattr(findings, "apply", apply)
    await ada.post(" ".join(names))
    for _ in range(12):
        await enrich()
        await let_pass(db, timedelta(minutes=16))
    asked = len(github.requests)
    await let_pass(db, timedelta(minutes=16))
    await enrich()
    states = [(await reference(ada, name.replace("#", "/")))["state"] for name in names]

    assert states == ["open"] * 4 + [None] + ["open"] * 7
    assert ["octo/api#5"] not in [request.places for request in github.requests[asked:]]
    assert "a title" not in caplog.text


async def test_a_reference_that_breaks_every_answer_it_is_in(github: FakeGitHub, ada: Persona, db: AsyncSession):
    """Ever fewer are asked for at a time, so that the others are not kept from their titles."""
    names = [f"octo/api#{number}" for number in range(1, 13)]
    for name in names:
        github.put(name)

    async def mood(request, writer) -> bool:
        writer.write(fake.response(502, b"") if names[4] in request.places else github.answer(request))
        return True

    github.mood = mood
    await ada.post(" ".join(names))
    for _ in range(12):
        await enrich()
        await let_pass(db, timedelta(minutes=16))
    states = [(await reference(ada, name.replace("#", "/")))["state"] for name in names]

    assert states == ["open"] * 4 + [None] + ["open"] * 7


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Ünïcödé 看板 🚀 \u202eabc", "Ünïcödé 看板 🚀  abc"),
        ("x" * 10_000, "x" * 299 + "…"),
        ("🚀" * 10_000, "🚀" * 299 + "…"),
        ("<script>alert(1)</script> `code` **bold**", "<script>alert(1)</script> `code` **bold**"),
        ("two\nlines\tand\x00a NUL\x1b[31m", "two lines and a NUL [31m"),
        ("half a \ud83d pair", "half a ? pair"),
        ("", ""),
    ],
    ids=["unicode", "long", "long in UTF-16", "markup", "controls", "surrogate", "empty"],
)
async def test_titles_are_one_line_of_300_characters(github: FakeGitHub, ada: Persona, said, shown):
    """Whatever they say, they are text; what a page makes of it is its own business."""
    github.put("octo/api#1", title=said)
    await ada.post("octo/api#1")
    await enrich()

    assert (await reference(ada))["title"] == shown


async def test_fifty_titles_of_ten_thousand_characters_fit(github: FakeGitHub, ada: Persona):
    """Escaped as JSON, as here, they are 3 MB."""
    names = [f"octo/api#{number}" for number in range(1, 51)]
    for name in names:
        github.put(name, title="é" * 10_000)
    for first in range(0, 50, 20):
        await ada.post(" ".join(names[first : first + 20]))
    await enrich()

    assert (await reference(ada))["title"] == "é" * 299 + "…"
    assert len(github.requests) == 1


async def test_redirects_in_a_circle(github: FakeGitHub, ada: Persona, db: AsyncSession):
    """They are followed three times, and the reference is asked for again later."""
    github.repository("octo/api")
    await ada.post("octo/api#1")
    async with GitHub() as hub:
        await poller.run_once(hub)
        github.mood = fake.redirects_to(f"{github.url}/repos/octo/api/issues/1")
        await poller.run_once(hub)

    assert len(github.requests) == 1 + 4
    assert (await reference(ada))["state"] is None


async def test_the_token_goes_to_no_other_host(github: FakeGitHub, ada: Persona, caplog):
    """A redirect to another place is no reason to ask there; nor is its address a place that is shown."""
    caplog.set_level(logging.DEBUG)
    async with fake_github() as other:
        github.repository("octo/api")
        for url in (f"{other.url}/repos/octo/api/issues/1", f"//{other.url.partition('//')[2]}/x", "https://["):
            await ada.post("octo/api#1")
            github.moods = [lambda request, writer: _answers(github, request, writer), fake.redirects_to(url, 302)]
            async with GitHub() as hub:
                await poller.run_once(hub)
                await poller.run_once(hub)

        assert other.requests == []
    assert (await reference(ada))["state"] == "moved"
    assert fake.TOKEN not in "".join(record.getMessage() + str(record.__dict__) for record in caplog.records)


async def _answers(github: FakeGitHub, request, writer) -> bool:
    writer.write(github.answer(request))
    return True


async def test_the_token_is_in_no_log(github: FakeGitHub, ada: Persona, db: AsyncSession, caplog):
    """Not at DEBUG either, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    await ada.post("octo/api#1")
    for mood in [*NO_USE.values(), says(401), None]:
        github.mood = mood
        await enrich()
        await let_pass(db, timedelta(days=2))

    logged = "".join(record.getMessage() + str(record.__dict__) for record in caplog.records)
    assert len(github.requests) > len(NO_USE)
    assert settings.GITHUB_TOKEN is not None
    assert settings.GITHUB_TOKEN not in logged


async def test_posts_wait_for_no_answer(github: FakeGitHub, ada: Persona):
    """Also of what is just being asked for. How long they take meanwhile is measured in benchmarks/references.py."""
    github.mood = fake.stalls(2 * LONG)
    await ada.post("octo/api#1")
    async with GitHub() as hub:
        asking = asyncio.create_task(poller.run_once(hub))
        await until(lambda: github.requests)
        for number in range(40):
            await ada.post(f"octo/api#{number + 1}")
        is_answered = asking.done()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    assert not is_answered


@pytest.mark.shipped_patience
async def test_the_database_goes_away_under_way(github: FakeGitHub, ada: Persona, db: AsyncSession, monkeypatch):
    """What was said is lost, and is asked for again when the turn's time is over."""
    github.put("octo/api#1")
    await ada.post("octo/api#1")

    async def mood(request, writer) -> bool:
        await db.execute(text("LOCK TABLE github_references IN ACCESS EXCLUSIVE MODE"))
        return await _answers(github, request, writer)

    github.mood = mood
    with pytest.raises(DatabaseUnavailable):
        await enrich()
    await db.rollback()
    github.mood = None
    await enrich()
    at_once = len(github.requests)
    await let_pass(db, poller.TURN)
    await enrich()

    assert (at_once, len(github.requests)) == (1, 2)
    assert (await reference(ada))["state"] == "open"
