"""What GitHub tells by itself: signed, each delivery once, and on every open board at once."""

import asyncio
import itertools
import json
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import FeedEvent, GithubDelivery
from app.services.feed import follower
from tests.answers import invalid, refused
from tests.fake_github import FakeGitHub, delivery, sign
from tests.github import enrich
from tests.personas import Persona
from tests.servers import receive, receive_until, serve

PATH = "/api/v1/github/webhook"
KINDS = select(FeedEvent.kind).order_by(FeedEvent.seq)


async def deliver(
    client: httpx.AsyncClient, event: str, body: bytes, *, number: str = "d-1", **headers: str
) -> httpx.Response:
    """Send a delivery as GitHub does."""
    sent = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": number,
        "X-Hub-Signature-256": sign(body),
        "Content-Type": "application/json",
    }
    return await client.post(PATH, content=body, headers=sent | headers)


async def stands(persona: Persona, name: str = "octo/api/12") -> dict:
    """Return the reference as the board shows it."""
    return (await persona.client.get(f"/api/v1/references/{name}")).json()["reference"]


def test_githubs_own_example():
    """The values that GitHub's documentation gives for testing an implementation."""
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert sign(b"Hello, World!") == expected


async def test_a_merge_is_on_every_open_board_at_once(github: FakeGitHub, ada: Persona, monkeypatch):
    """One delivery, one event for each socket, where nothing but the notification brings it."""
    monkeypatch.setattr(follower, "POLL", 3600)
    await ada.post("octo/api#12")
    body = delivery("pull_request", "closed", "Octo/Api#12", state="closed", merged=True, title="Cache the tree")
    async with (
        serve() as server,
        server.follow(ada.token) as one,
        server.follow(ada.token) as two,
        server.client() as client,
    ):
        for socket in (one, two):
            await receive_until(socket, "ready")
        answer = await deliver(client, "pull_request", body)
        events = [await receive(socket) for socket in (one, two)]

    assert (answer.status_code, answer.json()) == (200, {"result": "done"})
    assert [event["kind"] for event in events] == ["reference.changed"] * 2
    assert events[0]["data"] == await stands(ada)
    assert (events[0]["data"]["state"], events[0]["data"]["title"]) == ("merged", "Cache the tree")
    assert github.requests == []


@pytest.mark.parametrize(
    "told",
    [
        ("issues", "opened", {}, "open"),
        ("issues", "closed", {"state": "closed", "state_reason": "completed"}, "closed"),
        ("issues", "closed", {"state": "closed", "state_reason": "not_planned"}, "not_planned"),
        ("issues", "deleted", {}, "gone"),
        ("pull_request", "converted_to_draft", {"draft": True}, "draft"),
        ("pull_request", "closed", {"state": "closed"}, "closed"),
        ("pull_request", "closed", {"state": "closed", "merged": True}, "merged"),
        ("discussion", "closed", {"state": "closed", "state_reason": "outdated"}, "not_planned"),
        ("discussion", "locked", {"state": "locked"}, "open"),
        ("discussion", "deleted", {}, "gone"),
    ],
)
async def test_each_event(github: FakeGitHub, ada: Persona, client: httpx.AsyncClient, told):
    """What it tells is how the reference stands."""
    event, action, thing, state = told
    await ada.post("octo/api#12")

    await deliver(client, event, delivery(event, action, "octo/api#12", **thing))

    assert (await stands(ada))["state"] == state


async def test_a_delivery_is_taken_in_once(
    github: FakeGitHub, ada: Persona, client: httpx.AsyncClient, db: AsyncSession
):
    """Also when it comes twice at the same time; a later one with another number counts."""
    await ada.post("octo/api#12")
    body = delivery("issues", "edited", "octo/api#12", title="New title")

    answers = await asyncio.gather(*(deliver(client, "issues", body) for _ in range(4)))
    again = await deliver(client, "issues", body, number="d-2")

    assert sorted(answer.json()["result"] for answer in answers) == ["done", "seen", "seen", "seen"]
    assert again.json() == {"result": "done"}
    assert list(await db.scalars(KINDS)) == ["log.begun", "status.posted", "reference.changed"]


async def test_an_older_delivery_changes_nothing(github: FakeGitHub, ada: Persona, client: httpx.AsyncClient):
    """They may overtake each other, and whoever replays one learns that it is old."""
    await ada.post("octo/api#12")
    merged = delivery("pull_request", "closed", "octo/api#12", state="closed", merged=True)
    opened = delivery("pull_request", "opened", "octo/api#12", updated_at="2026-11-24T09:59:59Z")

    await deliver(client, "pull_request", merged)
    await deliver(client, "pull_request", opened, number="d-2")

    assert (await stands(ada))["state"] == "merged"


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha1=757107ea", sign(b"another body"), "é", sign(b"{}", secret="another")]
)
async def test_what_github_did_not_sign_is_refused(
    github: FakeGitHub, ada: Persona, client: httpx.AsyncClient, db: AsyncSession, signature
):
    """And its number is not taken for the real one."""
    await ada.post("octo/api#12")
    body = delivery("issues", "closed", "octo/api#12", state="closed")
    headers = {"X-Hub-Signature-256": signature.encode("latin-1")}
    refused(await deliver(client, "issues", body, **headers), 403, "bad_signature")
    missing = await client.post(PATH, content=body, headers={"X-GitHub-Event": "issues", "X-GitHub-Delivery": "d-1"})
    refused(missing, 403, "bad_signature")

    assert (await deliver(client, "issues", body)).json() == {"result": "done"}


async def test_without_a_secret_there_is_no_webhook(client: httpx.AsyncClient, monkeypatch):
    """Nobody could prove to be GitHub."""
    monkeypatch.setattr(settings, "GITHUB_WEBHOOK_SECRET", None)

    refused(await deliver(client, "ping", b"{}"), 404, "webhooks_off")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 100_000, b'{"action": "closed"}'])
async def test_a_body_that_github_never_sends(github: FakeGitHub, client: httpx.AsyncClient, body):
    """Signed or not, it is refused."""
    refused(await deliver(client, "issues", body), 422, "invalid_delivery")


@pytest.mark.parametrize(
    "thing", [{"title": 7}, {"title": None}, {"state": []}, {"state": "melted"}, {"number": "12"}, {"number": 0}]
)
async def test_fields_of_a_wrong_type(github: FakeGitHub, ada: Persona, client: httpx.AsyncClient, thing):
    """They change nothing, and are no fault of the board's."""
    await ada.post("octo/api#12")
    body = json.loads(delivery("issues", "closed", "octo/api#12"))
    body["issue"] |= thing
    response = await deliver(client, "issues", json.dumps(body).encode())

    assert response.status_code in {200, 422}
    assert (await stands(ada))["state"] is None


OUT_OF_RANGE = [
    {"updated_at": "9999-12-31T23:59:59Z"},
    {"updated_at": "9999-12-31T23:59:59-23:59"},
    {"updated_at": "0001-01-01T00:00:00Z"},
    {"updated_at": "0001-01-01T00:00:00+23:59"},
    {"updated_at": 10**30},
    {"updated_at": float("inf")},
    {"updated_at": "\ud800\0"},
    {"title": "NUL \0 and half a \ud83d pair"},
    {"title": "\N{SNOWMAN}" * 100_000},
    {"title": "\n" * 100_000},
    {"state": "closed\0"},
    {"state": "x" * 100_000},
    {"state_reason": ["\ud800"]},
    {"number": 2**31},
    {"number": 10**400},
    {"number": float("nan")},
]


@pytest.mark.parametrize("thing", OUT_OF_RANGE, ids=range(len(OUT_OF_RANGE)))
async def test_what_is_out_of_range_is_no_fault_and_does_no_harm(
    github: FakeGitHub, ada: Persona, client: httpx.AsyncClient, thing
):
    """Dates, numbers and texts that no column holds: the next good delivery counts, whatever this one said."""
    await ada.post("octo/api#12")
    body = json.loads(delivery("issues", "edited", "octo/api#12"))
    body["issue"] |= thing
    strange = await deliver(client, "issues", json.dumps(body).encode())
    good = delivery("issues", "closed", "octo/api#12", state="closed", title="Good")
    await deliver(client, "issues", good, number="d-2")

    assert strange.status_code in {200, 422}
    assert ((await stands(ada))["state"], (await stands(ada))["title"]) == ("closed", "Good")


@pytest.mark.parametrize("moment", ["9999-12-30T00:00:00Z", "infinity", "-infinity"])
async def test_a_date_out_of_range_that_was_kept_holds_nothing_up(
    github: FakeGitHub, ada: Persona, client: httpx.AsyncClient, db: AsyncSession, moment
):
    """As one that an earlier version took for true."""
    await ada.post("octo/api#12")
    await db.execute(text(f"UPDATE github_references SET changed_at = '{moment}'"))  # noqa: S608 -- a constant
    await db.commit()
    await deliver(client, "issues", delivery("issues", "closed", "octo/api#12", state="closed"))

    assert (await stands(ada))["state"] == "closed"


async def test_what_nobody_spoke_of_is_ignored(github: FakeGitHub, client: httpx.AsyncClient, db: AsyncSession):
    """As are events that references don't show."""
    body = delivery("issues", "closed", "octo/api#12", state="closed")
    answers = [
        await deliver(client, "issues", body),
        await deliver(client, "ping", b'{"zen": "Design for failure."}', number="d-2"),
        await deliver(client, "push", b"{}", number="d-3"),
    ]

    assert [answer.json() for answer in answers] == [{"result": "ignored"}] * 3
    assert len(list(await db.scalars(select(GithubDelivery.id)))) == 3


async def test_a_form_and_a_large_body(github: FakeGitHub, ada: Persona, client: httpx.AsyncClient):
    """GitHub sends either, and a pull request's text may have 65,536 characters."""
    await ada.post("octo/api#12")
    large = delivery("issues", "edited", "octo/api#12", title="Large", body="\N{SNOWMAN}" * 65_536)
    form = urlencode({"payload": large.decode()}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    assert (await deliver(client, "issues", large)).json() == {"result": "done"}
    assert (await deliver(client, "issues", form, number="d-2", **headers)).json() == {"result": "done"}
    refused(await deliver(client, "issues", b" " * 2_200_000), 413, "body_too_large")
    assert (await stands(ada))["title"] == "Large"


async def test_private_ones_are_shown_where_they_are_listed(
    github: FakeGitHub, ada: Persona, client: httpx.AsyncClient, monkeypatch
):
    """And what turns private is hidden."""
    await ada.post("octo/api#12")
    body = delivery("issues", "closed", "octo/api#12", state="closed", private=True)
    monkeypatch.setattr(settings, "GITHUB_REPOSITORIES", "octo/*")
    await deliver(client, "issues", body)
    listed = await stands(ada)
    monkeypatch.setattr(settings, "GITHUB_REPOSITORIES", None)
    await deliver(client, "issues", body, number="d-2")
    hidden = await stands(ada)

    assert (listed["title"], listed["state"], listed["kind"]) == ("Title of octo/api#12", "closed", "issue")
    assert (hidden["title"], hidden["state"], hidden["kind"]) == (None, "no_access", "unknown")


ACTIONS = [
    ("opened", {}),
    ("closed", {"state": "closed"}),
    ("deleted", {}),
    ("transferred", {"changes": {"new_issue": {"number": 3}, "new_repository": {"full_name": "octo/open"}}}),
]


@pytest.mark.parametrize("case", list(itertools.product(ACTIONS, [True, False])))
async def test_of_a_private_one_that_is_not_listed_nothing_is_told(
    github: FakeGitHub, ada: Persona, client: httpx.AsyncClient, db: AsyncSession, case
):
    """It stays as one that does not exist, whatever happens there, and whether GitHub was asked yet."""
    (name, fields), is_asked = case
    github.repository("octo/secret", private=True)
    await ada.post("octo/secret#12 octo/nothing#12")
    if is_asked:
        await enrich()
    answer = await deliver(client, "issues", delivery("issues", name, "octo/secret#12", private=True, **fields))
    secret, nothing = await stands(ada, "octo/secret/12"), await stands(ada, "octo/nothing/12")
    dues = await db.scalars(text("SELECT due_at <= clock_timestamp() FROM github_references"))

    assert answer.json() == {"result": "ignored"}
    assert secret == nothing | {"repo": "secret", "url": nothing["url"].replace("nothing", "secret")}
    assert list(await db.scalars(KINDS))[2:] == ["reference.changed"] * (2 if is_asked else 0)
    assert list(dues) == [not is_asked] * 2


async def test_a_transfer_is_followed(github: FakeGitHub, ada: Persona, client: httpx.AsyncClient):
    """The worker asks at the new place at once, and later deliveries about that are about this too."""
    github.put("octo/new#3")
    await ada.post("octo/api#12")
    changed = {"new_issue": {"number": 3}, "new_repository": {"full_name": "octo/new"}}
    await deliver(client, "issues", delivery("issues", "transferred", "octo/api#12", changes=changed))
    await enrich()
    moved = await stands(ada)
    await deliver(client, "issues", delivery("issues", "closed", "octo/new#3", state="closed"), number="d-2")

    assert (moved["state"], moved["moved_to"]) == ("open", "octo/new#3")
    assert (await stands(ada))["state"] == "closed"
    assert [request.places for request in github.requests] == [["octo/new#3"]]


async def test_headers_are_needed(github: FakeGitHub, client: httpx.AsyncClient):
    """Event and number, both visible and short."""
    response = await client.post(PATH, content=b"{}")
    invalid(response, "header", "x-github-event")
    invalid(response, "header", "x-github-delivery")
    invalid(await deliver(client, "issues", b"{}", number="x" * 65), "header", "X-GitHub-Delivery".lower())


@pytest.mark.shipped_patience
async def test_a_database_that_is_busy_gets_it_delivered_again(
    github: FakeGitHub, ada: Persona, client: httpx.AsyncClient, db: AsyncSession
):
    """A delivery that could not be written down was not taken in."""
    await ada.post("octo/api#12")
    body = delivery("issues", "closed", "octo/api#12", state="closed")
    await db.execute(text("LOCK TABLE github_references IN ACCESS EXCLUSIVE MODE"))
    refused(await deliver(client, "issues", body), 503, "database_unavailable")
    await db.rollback()

    assert (await deliver(client, "issues", body)).json() == {"result": "done"}
