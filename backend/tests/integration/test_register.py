"""Making an account: `POST /auth/register`."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import database
from app.config import settings
from app.models import FeedEvent, Invite, User
from app.services.identity import invites, setup
from tests.clock import let_pass, until_they_wait
from tests.personas import PASSWORD, Persona, new_client

PATH = "/api/v1/auth/register"


def account(username: str, invite: str | None = None, **fields: object) -> dict[str, object]:
    """Return the body of a registration; without `invite` it has none."""
    body = {"username": username, "display_name": username.capitalize(), "password": PASSWORD}
    return body | ({} if invite is None else {"invite": invite}) | fields


async def setup_code(db: AsyncSession) -> str:
    link = await setup.link(db)
    assert link is not None
    return link.partition("#setup=")[2]


async def invite(ada: Persona, **fields: int) -> str:
    response = await ada.client.post("/api/v1/invites", json=fields)
    assert response.status_code == 201, response.text
    return response.json()["code"]


async def usernames(db: AsyncSession) -> list[str]:
    return list(await db.scalars(select(User.username).order_by(User.id)))


async def test_the_set_up_code_makes_the_first_account_an_admin(client: httpx.AsyncClient, db: AsyncSession):
    """Ada's account is the board's first: an admin's, whose answer has every field of a user and no more."""
    code = await setup_code(db)

    response = await client.post(PATH, json=account("ada", code, time_zone="Europe/London"))

    user = response.json()
    assert response.status_code == 201
    assert user.pop("created_at").endswith("Z")
    assert user == {
        "username": "ada",
        "display_name": "Ada",
        "kind": "person",
        "role": "admin",
        "time_zone": "Europe/London",
        "disabled": False,
    }


async def test_a_new_account_can_log_in_and_is_told_to_readers(client: httpx.AsyncClient, db: AsyncSession):
    """The password that was chosen works, the time zone is UTC if none was named, and the log has the new member."""
    code = await setup_code(db)
    user = (await client.post(PATH, json=account("ada", code))).json()

    login = await client.post("/api/v1/auth/login", json={"username": "ada", "password": PASSWORD})
    kind, payload = (await db.execute(select(FeedEvent.kind, FeedEvent.payload).where(FeedEvent.seq == 1))).one()

    assert login.status_code == 200
    assert user["time_zone"] == "UTC"
    assert kind == "member.changed"
    assert '"username":"ada"' in payload
    assert "argon2" not in payload


async def test_of_two_with_the_set_up_code_at_once_one_wins(client: httpx.AsyncClient, db: AsyncSession):
    """Eight race for the first account: one becomes admin, the others' code is void."""
    code = await setup_code(db)

    responses = await asyncio.gather(*[client.post(PATH, json=account(f"first-{n}", code)) for n in range(8)])

    assert sorted(response.status_code for response in responses) == [201] + [403] * 7
    assert {response.json().get("code") for response in responses} == {None, "invalid_invite"}
    assert len(await usernames(db)) == 1


async def test_two_who_both_saw_no_account_race_into_the_constraint(database_url: str, db: AsyncSession, monkeypatch):
    """Where the check before the write sees nothing, the unique index decides, and the loser gets 403."""
    code = await setup_code(db)

    async def seen_nothing(*_: object) -> None:
        """Stand for a transaction that began before the winner's had ended."""

    monkeypatch.setattr(invites, "use", seen_nothing)
    async with new_client() as client:
        right = await invites.check(db, code)
        monkeypatch.setattr(invites, "check", lambda *_: asyncio.sleep(0, right))
        first = await client.post(PATH, json=account("ada", code))
        second = await client.post(PATH, json=account("eve", code))

    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (403, "invalid_invite")


async def test_the_set_up_code_is_void_after_the_first_account(client: httpx.AsyncClient, db: AsyncSession):
    """The link in the log is worth nothing once Ada has used it."""
    code = await setup_code(db)
    await client.post(PATH, json=account("ada", code))

    response = await client.post(PATH, json=account("eve", code))

    assert (response.status_code, response.json()["code"]) == (403, "invalid_invite")
    assert await usernames(db) == ["ada"]


@pytest.mark.parametrize("registration", ["invite", "open"])
@pytest.mark.parametrize("code", [None, "guess"])
async def test_without_the_set_up_code_nobody_is_first(client: httpx.AsyncClient, monkeypatch, registration, code):
    """Not even an open board gives its first account to whoever finds it first."""
    monkeypatch.setattr(settings, "REGISTRATION", registration)

    response = await client.post(PATH, json=account("eve", code))

    assert (response.status_code, response.json()["code"]) == (403, "invalid_invite")


async def test_an_invite_makes_a_member(client: httpx.AsyncClient, ada: Persona, db: AsyncSession):
    """Bob joins with Ada's invite, which is then used up."""
    code = await invite(ada)

    bob = await client.post(PATH, json=account("bob", code))
    eve = await client.post(PATH, json=account("eve", code))

    assert bob.status_code == 201
    assert bob.json()["role"] == "member"
    assert (eve.status_code, eve.json()["code"]) == (403, "invalid_invite")
    assert await usernames(db) == ["ada", "bob"]


async def test_an_invite_for_three_lets_three_in(client: httpx.AsyncClient, ada: Persona):
    """The fourth is refused."""
    code = await invite(ada, uses=3)

    responses = [await client.post(PATH, json=account(f"guest-{n}", code)) for n in range(4)]

    assert [response.status_code for response in responses] == [201, 201, 201, 403]


async def test_an_expired_invite_is_refused(client: httpx.AsyncClient, ada: Persona, db: AsyncSession):
    """An invite for a day is worth something for a day."""
    code = await invite(ada, expires_in_days=1)
    await let_pass(db, timedelta(hours=24, seconds=1))

    response = await client.post(PATH, json=account("bob", code))

    assert (response.status_code, response.json()["code"]) == (403, "invalid_invite")


async def test_a_revoked_invite_is_refused(client: httpx.AsyncClient, ada: Persona):
    """Ada takes the invite back before Bob has used it."""
    created = (await ada.client.post("/api/v1/invites", json={})).json()
    await ada.client.delete(f"/api/v1/invites/{created['id']}")

    response = await client.post(PATH, json=account("bob", created["code"]))

    assert (response.status_code, response.json()["code"]) == (403, "invalid_invite")


async def test_of_ten_with_one_invite_at_once_one_gets_in(client: httpx.AsyncClient, ada: Persona, db: AsyncSession):
    """The others are refused, and nobody gets a 500."""
    code = await invite(ada)

    responses = await asyncio.gather(*[client.post(PATH, json=account(f"guest-{n}", code)) for n in range(10)])

    assert sorted(response.status_code for response in responses) == [201] + [403] * 9
    assert len(await usernames(db)) == 2


async def test_those_who_wait_for_the_same_invite_find_it_used_up(ada: Persona, db: AsyncSession):
    """Six transactions queue behind the lock on the invite's row; when it goes, one of them has the invite."""
    right = await invites.check(db, await invite(ada))

    async def use() -> bool:
        async with database.AsyncSessionLocal() as own:
            try:
                await invites.use(own, right)
            except invites.InvalidInvite:
                return False
            await own.commit()
            return True

    await db.execute(select(Invite.id).with_for_update())
    racing = [asyncio.create_task(use()) for _ in range(6)]
    await until_they_wait(6)
    await db.rollback()

    assert sorted(await asyncio.gather(*racing)) == [False] * 5 + [True]


async def test_a_registration_that_fails_leaves_the_invite_as_it_was(client: httpx.AsyncClient, ada: Persona):
    """A name that is taken costs Bob no invite."""
    code = await invite(ada)

    taken = await client.post(PATH, json=account("ADA", code))
    bob = await client.post(PATH, json=account("bob", code))

    assert (taken.status_code, taken.json()["code"]) == (409, "username_taken")
    assert bob.status_code == 201


async def test_the_invite_is_checked_before_anything_is_said_about_the_name(client: httpx.AsyncClient, ada: Persona):
    """Without a valid invite, a taken name and a free one, a good password and a common one get the same answer."""
    answers = {
        (response.status_code, response.text)
        for body in [account("ada", "guess"), account("eve", "guess"), account("eve", "guess", password="password1234")]
        for response in [await client.post(PATH, json=body)]
    }

    assert len(answers) == 1
    assert answers.pop()[0] == 403


@pytest.mark.parametrize("username", ["ada", "ADA", "aDa"])
async def test_usernames_are_unique_without_regard_to_case(client: httpx.AsyncClient, ada: Persona, username):
    """There is one Ada, however she is written."""
    response = await client.post(PATH, json=account(username, await invite(ada)))

    assert (response.status_code, response.json()["code"]) == (409, "username_taken")


async def test_of_two_with_one_name_at_once_one_gets_it(client: httpx.AsyncClient, ada: Persona, db: AsyncSession):
    """The unique index decides; the other keeps a use of the invite."""
    code = await invite(ada, uses=2)

    responses = await asyncio.gather(*[client.post(PATH, json=account(name, code)) for name in ("Bob", "bob")])

    assert sorted(response.status_code for response in responses) == [201, 409]
    assert await db.scalar(select(Invite.used)) == 1


async def test_a_common_password_is_refused_with_a_reason(client: httpx.AsyncClient, ada: Persona):
    """Bob may try again with another one and the same invite."""
    code = await invite(ada)

    refused = await client.post(PATH, json=account("bob", code, password="password1234"))
    accepted = await client.post(PATH, json=account("bob", code))

    assert (refused.status_code, refused.json()["code"]) == (422, "password_refused")
    assert "words" in refused.json()["detail"]
    assert accepted.status_code == 201


async def test_an_open_board_lets_anyone_in(client: httpx.AsyncClient, ada: Persona, monkeypatch):
    """REGISTRATION=open needs no invite; one that is given must still be good."""
    monkeypatch.setattr(settings, "REGISTRATION", "open")

    bob = await client.post(PATH, json=account("bob"))
    eve = await client.post(PATH, json=account("eve", "guess"))

    assert bob.status_code == 201
    assert bob.json()["role"] == "member"
    assert (eve.status_code, eve.json()["code"]) == (403, "invalid_invite")


async def test_a_closed_board_wants_an_invite(client: httpx.AsyncClient, ada: Persona):
    """Leaving the field out is like having a bad one."""
    response = await client.post(PATH, json=account("eve"))

    assert (response.status_code, response.json()["code"]) == (403, "invalid_invite")


async def test_an_address_has_thirty_guesses_an_hour(client: httpx.AsyncClient, ada: Persona, db: AsyncSession):
    """The 31st guess at an invite is 429, with the time when the next is allowed, and nobody else is kept waiting."""
    guesses = [await client.post(PATH, json=account("eve", f"guess-{n}")) for n in range(31)]
    async with new_client(client=("192.0.2.7", 1)) as elsewhere:
        bob = await elsewhere.post(PATH, json=account("bob", await invite(ada)))
    await let_pass(db, timedelta(hours=1, seconds=1))
    later = await client.post(PATH, json=account("eve", "guess"))

    assert [guess.status_code for guess in guesses] == [403] * 30 + [429]
    assert guesses[-1].json()["code"] == "rate_limited"
    assert 3500 < int(guesses[-1].headers["Retry-After"]) <= 3600
    assert bob.status_code == 201
    assert later.status_code == 403


async def test_an_open_board_is_not_filled_with_accounts(client: httpx.AsyncClient, ada: Persona, monkeypatch):
    """An address makes 30 accounts an hour, and asks for no more names than that."""
    monkeypatch.setattr(settings, "REGISTRATION", "open")
    made = await asyncio.gather(*[client.post(PATH, json=account(f"guest-{n}")) for n in range(15)])
    asked = await asyncio.gather(*[client.post(PATH, json=account("ada")) for _ in range(15)])

    response = await client.post(PATH, json=account("guest-99"))

    assert [answer.status_code for answer in made + asked] == [201] * 15 + [409] * 15
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")


BAD_FIELDS = [
    ("username", "ab"),
    ("username", "a" * 51),
    ("username", "ada lovelace"),
    ("username", "ädä"),
    ("username", "ada\n"),
    ("username", "ada\0"),
    ("username", None),
    ("username", ["ada"]),
    ("display_name", ""),
    ("display_name", "   "),
    ("display_name", "two\nlines"),
    ("display_name", "x" * 81),
    ("password", "eleven char"),
    ("password", "q7" * 64 + "!"),
    ("password", "a harbour of\0quiet lanterns"),
    ("time_zone", "Mars/Olympus"),
    ("time_zone", "../../etc/passwd"),
    ("invite", ""),
    ("invite", "x" * 201),
    ("role", "admin"),
    ("founder", True),
]


async def test_what_does_not_fit_is_422_and_not_repeated(client: httpx.AsyncClient, ada: Persona, subtests):
    """The answer names the field, and does not echo what was sent: it may be a password in the wrong place."""
    for field, value in BAD_FIELDS:
        with subtests.test(field=field, value=value):
            body = account("bob", await invite(ada)) | {field: value}

            response = await client.post(PATH, json=body)

            problem = response.json()
            assert (response.status_code, problem["code"]) == (422, "invalid_request")
            assert response.headers["Content-Type"] == "application/problem+json"
            assert problem["errors"][0]["loc"] == ["body", field]
            assert PASSWORD not in response.text
            assert "input" not in problem["errors"][0]


TEXTS = ["username", "display_name", "password", "invite", "time_zone", "unknown\\ud800"]


async def test_lone_surrogates_are_422(client: httpx.AsyncClient, ada: Persona, subtests):
    """JSON can say half a character; neither UTF-8 nor PostgreSQL can hold it."""
    for field in TEXTS:
        with subtests.test(field=field):
            text = json.dumps(account("bob", await invite(ada)))[:-1] + f', "{field}": "abcdefghijkl\\ud800"}}'

            response = await client.post(PATH, content=text, headers={"Content-Type": "application/json"})

            assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


NO_ACCOUNTS = [
    b"",
    b"null",
    b"[]",
    b'"ada"',
    b"{",
    b'{"username": "\xff"}',
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b'{"username": ' + b"9" * 5_000 + b"}",
    b'{"username": NaN}',
]


async def test_what_is_no_account_is_422(client: httpx.AsyncClient, database_url: str, subtests):
    """Whatever is sent in place of a JSON object, the answer is a 422 in the one form."""
    for body in NO_ACCOUNTS:
        with subtests.test(body=body):
            response = await client.post(PATH, content=body, headers={"Content-Type": "application/json"})

            assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
            assert response.json()["errors"]


async def test_a_display_name_loses_the_spaces_at_its_ends(client: httpx.AsyncClient, ada: Persona):
    """Right-to-left names and emoji are as good as any."""
    name = "  عائشة 👩‍🔬  "

    response = await client.post(PATH, json=account("aisha", await invite(ada), display_name=name))

    assert response.json()["display_name"] == name.strip()


@pytest.mark.parametrize("length", [12, 128])
async def test_a_password_of_any_allowed_length_works(client: httpx.AsyncClient, ada: Persona, length):
    """Twelve characters are enough, 128 are not too many; spaces at the ends belong to it."""
    password = " " + "".join(chr(0x4E00 + 37 * n) for n in range(length - 2)) + " "

    made = await client.post(PATH, json=account("bob", await invite(ada), password=password))
    right = await client.post("/api/v1/auth/login", json={"username": "bob", "password": password})
    stripped = await client.post("/api/v1/auth/login", json={"username": "bob", "password": password.strip()})

    assert made.status_code == 201
    assert right.status_code == 200
    assert stripped.status_code == 401
