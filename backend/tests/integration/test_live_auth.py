"""Who may follow the live feed, for how long, and with which code a socket is closed."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from websockets.exceptions import InvalidStatus

from app.api.live import conversation, sockets
from app.api.live.conversation import LiveSocket
from app.api.live.sockets import Sockets
from app.config import settings
from app.errors import BoardError, InvalidToken
from app.models import ApiToken
from app.schemas.live import AuthMessage
from app.services.identity import access_tokens, callers, secrets
from tests.patience import LONG
from tests.personas import Persona
from tests.servers import Server, closed_with, receive, receive_until, serve, until


def token_that_ends(persona: Persona, *, within: float) -> str:
    """Return an access token whose time, leeway included, is over in some seconds."""
    expiry = datetime.now(UTC) + timedelta(seconds=within) - access_tokens.LEEWAY
    claims = jwt.decode(persona.token, options={"verify_signature": False})
    return jwt.encode(claims | {"exp": expiry.timestamp()}, settings.JWT_SECRET, algorithm=access_tokens.ALGORITHM)


async def api_token(persona: Persona, **fields: object) -> dict:
    """Make an API token and return it."""
    body = {"name": "CI", "scopes": ["read"]} | fields
    return (await persona.client.post("/api/v1/tokens", json=body)).json()


def auth(token: str) -> str:
    """Return the message that shows a token."""
    return json.dumps({"type": "auth", "token": token})


async def code_for(server: Server, *messages: str | bytes) -> int | None:
    """Return the code with which a socket is closed that sends these messages."""
    async with server.socket() as socket:
        for message in messages:
            await socket.send(message)
        return await closed_with(socket)


async def test_messages_that_are_malformed(server: Server, ada: Persona):
    """4400: binary, no JSON, another type, an unknown field, a field of another kind, text that can't be."""
    token = ada.token
    malformed = [
        auth(token).encode(),
        b"",
        "",
        "{",
        "[]",
        "null",
        '"auth"',
        "[" * 8000,
        json.dumps({"type": "auth"}),
        json.dumps({"type": "ping", "token": token}),
        json.dumps({"token": token}),
        json.dumps({"type": "auth", "token": ""}),
        json.dumps({"type": "auth", "token": 12}),
        '{"type": "auth", "token": ' + "9" * 5000 + "}",
        json.dumps({"type": "auth", "token": token + "\0"}),
        json.dumps({"type": "auth", "token": token + "\ud800"}),
        json.dumps({"type": "auth", "token": token, "nonsense": 1}),
        json.dumps({"type": "auth", "token": token, "after": 12}),
        json.dumps({"type": "auth", "token": token, "after": ["1-00000000"]}),
        json.dumps({"type": "auth", "token": token, "after": "\0"}),
    ]
    for message in malformed:
        assert await code_for(server, message) == 4400, message


async def test_a_malformed_message_later_on(server: Server, ada: Persona):
    """What goes for the first message goes for all."""
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await socket.send('{"type": "subscribe"}')

        assert await closed_with(socket) == 4400


async def test_silence(database_url: str, monkeypatch):
    """4401 for those who show no token in time."""
    monkeypatch.setattr(conversation, "AUTH_WITHIN", 0.05)
    async with serve() as server:
        assert await code_for(server) == 4401


async def test_tokens_that_are_no_good(server: Server, ada: Persona, db: AsyncSession):
    """4401: made up, of another secret, expired, of an ended session, revoked, without the right to read."""
    others = jwt.encode(jwt.decode(ada.token, options={"verify_signature": False}), "x" * 32, algorithm="HS256")
    revoked = await api_token(ada)
    await ada.client.delete(f"/api/v1/tokens/{revoked['id']}")
    write_only = await api_token(ada, scopes=["post"])
    past = await api_token(ada)
    await db.execute(update(ApiToken).where(ApiToken.id == past["id"]).values(expires_at=func.now()))
    await db.commit()
    tokens = ["x", "\N{OCTOPUS}", "sb_x", others, ada.token[:-4] + "AAAA", token_that_ends(ada, within=-1)]
    tokens += [token["token"] for token in (revoked, write_only, past)]
    for token in tokens:
        assert await code_for(server, auth(token)) == 4401, token

    await ada.client.post("/api/v1/auth/logout")

    assert await code_for(server, auth(ada.token)) == 4401


async def test_an_api_token_that_may_read_follows(server: Server, ada: Persona):
    """Agents and CI follow the board with their own tokens."""
    token = await api_token(ada)
    async with server.follow(token["token"]) as socket:
        messages = await receive_until(socket, "ready")

    assert [message["type"] for message in messages] == ["hello", "snapshot", "ready"]


async def test_a_disabled_account(server: Server, ada: Persona, bob: Persona):
    """4403, whatever token is shown."""
    token = await api_token(bob)
    await ada.client.patch("/api/v1/users/bob", json={"disabled": True})

    assert await code_for(server, auth(bob.token)) == 4403
    assert await code_for(server, auth(token["token"])) == 4403


async def test_a_socket_ends_with_its_token(server: Server, ada: Persona, monkeypatch):
    """4401 when the token's time is over, an API token's too: what is left of it, here of a minute, is waited for."""
    left, checking = [], callers.authenticate

    async def soon_over(token: str) -> callers.Caller:
        caller = await checking(token)
        left.append(caller.remaining)
        return replace(caller, remaining=0.1)

    monkeypatch.setattr(callers, "authenticate", soon_over)
    expiry = datetime.now(UTC) + timedelta(seconds=60)
    api = await api_token(ada, expires_at=expiry.isoformat())
    left.clear()
    async with server.follow(token_that_ends(ada, within=60)) as one, server.follow(api["token"]) as two:
        assert [await closed_with(one), await closed_with(two)] == [4401, 4401]

    assert len(left) == 2
    assert all(0 < remaining <= 60 for remaining in left)


async def test_a_new_token_on_the_open_socket_extends_it(server: Server, ada: Persona):
    """The old token's end is no longer waited for, and the feed goes on."""
    token = await api_token(ada)
    async with server.follow(token_that_ends(ada, within=60)) as socket:
        await receive_until(socket, "ready")
        (held,) = server.sockets.open
        ending = held._expiry  # noqa: SLF001 -- rather than a wait for it
        await socket.send(auth(token["token"]))
        await until(lambda: server.sockets.credentials[held].key == secrets.digest(token["token"]))
        posted = await ada.post("still here")
        event = await receive(socket)

    assert ending.cancelled()
    assert event["data"] == posted


async def test_of_two_tokens_the_later_counts(server: Server, ada: Persona, monkeypatch):
    """Also where both are there before the first has been checked, which takes its time."""
    short, checking = token_that_ends(ada, within=60), callers.authenticate
    both_are_there, take = asyncio.Event(), LiveSocket._receive  # noqa: SLF001

    async def taking(socket: LiveSocket) -> AuthMessage:
        message = await take(socket)
        if message.token == ada.token:
            both_are_there.set()
        return message

    async def slow_at_first(token: str) -> callers.Caller:
        caller = await checking(token)
        if token == short:
            await both_are_there.wait()
        return caller

    def ends_in() -> float:
        (held,) = server.sockets.open
        return held._expiry.when() - asyncio.get_running_loop().time()  # noqa: SLF001 -- rather than a wait for it

    monkeypatch.setattr(LiveSocket, "_receive", taking)
    monkeypatch.setattr(callers, "authenticate", slow_at_first)
    async with server.socket() as socket:
        await socket.send(auth(short))
        await socket.send(auth(ada.token))
        await receive_until(socket, "ready")
        await until(lambda: ends_in() > 60)
        await ada.post("still here")

        assert (await receive(socket))["kind"] == "status.posted"


async def test_a_session_that_ends_just_after_a_new_token_was_shown(
    database_url: str, ada: Persona, bob: Persona, monkeypatch
):
    """A check that is under way judges the credential that it looked up, not the one shown since."""
    monkeypatch.setattr(sockets, "CHECK_EVERY", 0.1)
    ended = callers.ended
    judged = asyncio.Event()

    async def late(credentials: Collection[callers.Credential]) -> dict[callers.Credential, BoardError]:
        if [credential.user_id for credential in credentials] == [ada.user.id]:
            (held,) = server.sockets.open
            await socket.send(auth(bob.token))
            await until(lambda: server.sockets.credentials[held].user_id == bob.user.id)
            return dict.fromkeys(credentials, InvalidToken())
        judged.set()
        return await ended(credentials)

    async with serve() as server, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        monkeypatch.setattr(callers, "ended", late)
        async with asyncio.timeout(LONG):
            await judged.wait()
        posted = await ada.post("still here")
        event = await receive(socket)

    assert event["data"] == posted


async def test_a_bad_token_on_the_open_socket_ends_it(server: Server, ada: Persona):
    """Whoever shows a token that is no good is not who it was taken for."""
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        await socket.send(auth("x"))

        assert await closed_with(socket) == 4401


async def test_sockets_are_checked_while_they_are_open(
    database_url: str, ada: Persona, bob: Persona, db: AsyncSession, monkeypatch
):
    """An ended session and a revoked token get 4401, a disabled account 4403, and the others go on."""
    monkeypatch.setattr(sockets, "CHECK_EVERY", 0.1)
    token = await api_token(ada)
    async with (
        serve() as server,
        server.follow(ada.token) as stays,
        server.follow(token["token"]) as revoked,
        server.follow(bob.token) as disabled,
    ):
        for socket in (stays, revoked, disabled):
            await receive_until(socket, "ready")
        await ada.client.delete(f"/api/v1/tokens/{token['id']}")
        first = await closed_with(revoked)
        await ada.client.patch("/api/v1/users/bob", json={"disabled": True})
        second = await closed_with(disabled)
        event = await receive(stays)
        await ada.client.post("/api/v1/auth/logout")
        third = await closed_with(stays)

    assert (first, second, third) == (4401, 4403, 4401)
    assert event["kind"] == "member.changed"


async def test_a_check_that_fails_is_not_the_last_one(
    database_url: str, ada: Persona, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Whatever went wrong, it is logged; the next check ends the socket, and the server stops in good order."""
    monkeypatch.setattr(sockets, "CHECK_EVERY", 0.1)
    failures = [RuntimeError("unforeseen")]

    async def ended(credentials: Collection[callers.Credential]) -> dict[callers.Credential, BoardError]:
        if failures:
            raise failures.pop()
        return dict.fromkeys(credentials, InvalidToken())

    async with serve() as server, server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        monkeypatch.setattr(callers, "ended", ended)
        code = await closed_with(socket)

    assert code == 4401
    assert sockets.CHECK_FAILED in caplog.messages


async def test_messages_over_16_kib(server: Server, ada: Persona):
    """1009; one of 16 KiB is merely malformed."""
    assert await code_for(server, "x" * (16 * 1024 + 1)) == 1009
    assert await code_for(server, "x" * 16 * 1024) == 4400


async def test_too_many_sockets(server: Server, ada: Persona, monkeypatch):
    """1013 for the next one; a place that becomes free is given again."""
    monkeypatch.setattr(settings, "WS_MAX_SOCKETS", 1)
    async with server.follow(ada.token) as socket:
        await receive_until(socket, "ready")
        refused = await code_for(server)
    await until(lambda: not server.sockets.open)
    async with server.follow(ada.token) as socket:
        messages = await receive_until(socket, "ready")

    assert refused == 1013
    assert messages[-1]["type"] == "ready"


async def test_too_many_sockets_that_say_nothing(server: Server, ada: Persona, monkeypatch):
    """1013 for the next one, however many places there are for those who have said who they are."""
    monkeypatch.setattr(sockets, "LEAST_SILENT", 2)
    monkeypatch.setattr(settings, "WS_MAX_SOCKETS", 25)
    async with server.follow(ada.token) as member, server.socket() as one, server.socket():
        await receive_until(member, "ready")
        await until(lambda: server.sockets.silent == 2)
        third = await code_for(server)
        await one.send(auth(ada.token))
        await receive_until(one, "ready")
        async with server.follow(ada.token) as again:
            messages = await receive_until(again, "ready")
    await until(lambda: not server.sockets.open)

    assert third == 1013
    assert messages[-1]["type"] == "ready"
    assert server.sockets.silent == 0


def test_how_many_may_say_nothing(monkeypatch):
    """A tenth of all, and at least 100."""
    places = Sockets()
    for most, silent, has_room in [
        *((10_000, 999, True), (10_000, 1000, False)),
        *((500, 99, True), (500, 100, False)),
    ]:
        monkeypatch.setattr(settings, "WS_MAX_SOCKETS", most)
        places.silent = silent

        assert places.has_room() is has_room


async def test_too_many_sockets_of_one_member(server: Server, ada: Persona, bob: Persona, monkeypatch):
    """1013 for the next one, by whichever of the member's credentials; others' sockets are not counted."""
    monkeypatch.setattr(settings, "WS_MAX_SOCKETS_PER_MEMBER", 2)
    api_token = (await ada.client.post("/api/v1/tokens", json={"name": "x", "scopes": ["read"]})).json()["token"]
    async with server.follow(ada.token) as one, server.follow(api_token) as two, server.follow(bob.token) as bobs:
        for socket in (one, two, bobs):
            await receive_until(socket, "ready")
        refused = [await code_for(server, auth(token)) for token in (ada.token, api_token)]
        await two.send(auth(ada.token))  # to show another token is no other socket
        await bobs.send(auth(ada.token))
        taken_over = await closed_with(bobs)
        await one.close()
        await until(lambda: len(server.sockets.open) == 1)
        async with server.follow(ada.token) as again:
            messages = await receive_until(again, "ready")
    await until(lambda: not server.sockets.open)

    assert [*refused, taken_over] == [1013, 1013, 1013]
    assert messages[-1]["type"] == "ready"
    assert not server.sockets.of_members


async def test_foreign_origins_are_refused(server: Server, ada: Persona):
    """403 at the handshake for other pages, other ports, other schemes, `null` and what is no origin at all."""
    foreign = [
        "http://evil.example",
        "null",
        "",
        f"http://{server.host}:{server.port + 1}",
        f"http://{server.host}",
        f"ftp://{server.host}:{server.port}",
        f"http://{server.host}:{server.port}.evil.example",
        "http://[",
        "http://[::1",
        "http://\N{LATIN SMALL LETTER E WITH ACUTE}",
        "https://x:99999",
    ]
    for origin in foreign:
        with pytest.raises(InvalidStatus) as refusal:
            async with server.socket(additional_headers={"Origin": origin}):
                pass

        assert refusal.value.response.status_code == 403, origin


async def test_own_and_named_origins_are_allowed(server: Server, ada: Persona, monkeypatch):
    """The page's own host, the public address, those in CORS_ORIGINS, and those who are no browser."""
    monkeypatch.setattr(settings, "CORS_ORIGINS", "https://app.example")
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://board.example")
    own = f"http://{server.host}:{server.port}"
    for origin in [own, "https://app.example", "https://board.example", None]:
        headers = {} if origin is None else {"Origin": origin}
        async with server.socket(additional_headers=headers) as socket:
            await socket.send(auth(ada.token))
            messages = await receive_until(socket, "ready")

        assert messages[-1]["type"] == "ready", origin


async def test_a_plain_request_is_no_socket(client: httpx.AsyncClient):
    """GET on the socket's path is answered as any other path that is not there."""
    response = await client.get("/api/v1/live")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
