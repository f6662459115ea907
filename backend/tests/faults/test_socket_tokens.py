"""Sockets of those who may not follow the board, and of those who may no longer."""

import asyncio
import base64
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import jwt
import orjson
import pytest

from app.config import settings
from app.services.identity import access_tokens
from app.services.identity.secrets import digest
from tests.deployed import Replica
from tests.faults.conftest import Run
from tests.faults.stand import Member, Stand
from tests.faults.traffic import traffic
from tests.faults.wire import HANDSHAKE, Wire, answer_to_handshake, open_wire
from tests.patience import LONG

MALFORMED, UNAUTHENTICATED, DISABLED = 4400, 4401, 4403
LONGEST = 75.0  # seconds that a socket may stay open before the test gives up
GUESTS: Final = """
    WITH guests AS (
        INSERT INTO users (username, display_name, password_hash) VALUES ($1, 'Guest', 'nobody logs in') RETURNING id
    )
    INSERT INTO sessions (user_id, expires_at) SELECT id, now() + interval '1 day' FROM guests RETURNING user_id, id
"""
API_TOKEN: Final = "INSERT INTO api_tokens (user_id, name, hash, scopes) VALUES ($1, 'CI', $2, '{read}') RETURNING id"
REFRESH_TOKEN: Final = """
    INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES ($1, $2, now() + interval '1 day') RETURNING 1
"""


def signed(claims: dict[str, Any], *, secret: str = settings.JWT_SECRET, algorithm: str = "HS256", **left: Any) -> str:
    """Return a token with some claims left out (`exp=None`) or set otherwise."""
    chosen = {name: value for name, value in (claims | left).items() if value is not None}
    return jwt.encode(chosen, secret, algorithm=algorithm)


def unsigned(claims: dict[str, Any], algorithm: str) -> str:
    """Return a token that claims to need no signature."""
    parts = [{"alg": algorithm, "typ": "JWT"}, claims]
    return ".".join([base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in parts] + [""])


def bad_tokens(mine: Member, others: Member, refresh_token: str) -> dict[str, str]:
    """Return tokens that are no good, by what is wrong with them."""
    claims = jwt.decode(mine.token, options={"verify_signature": False})
    now = datetime.now(UTC).timestamp()
    head, payload, signature = mine.token.split(".")
    return {
        "made up": "x",
        "an API token that is made up": f"sb_{secrets.token_urlsafe(32)}",
        "alg: none": unsigned(claims, "none"),
        "alg: nOnE": unsigned(claims, "nOnE"),
        "alg: none, with the signature of another": unsigned(claims, "none") + signature,
        "HS256 without its signature": f"{head}.{payload}.",
        "HS384": signed(claims, algorithm="HS384"),
        "HS512": signed(claims, algorithm="HS512"),
        "another secret": signed(claims, secret="x" * 32),
        "an empty secret": signed(claims, secret=" "),
        "another payload": f"{head}.{others.token.split('.')[1]}.{signature}",
        "a refresh token": refresh_token,
        "a refresh token's type": signed(claims, typ="refresh"),
        "no type": signed(claims, typ=None),
        "no exp": signed(claims, exp=None),
        "an exp that is no number": signed(claims, exp="never"),
        "an infinite exp": signed(claims, exp=float("inf")),
        "no iat": signed(claims, iat=None),
        "no jti": signed(claims, jti=None),
        "another issuer": signed(claims, iss="elsewhere"),
        "expired": signed(claims, iat=now - 100, exp=now - 11),
        "of the future": signed(claims, iat=now + 60),
        "another's session": signed(claims, sid=others.session_id, sub=str(mine.user_id)),
        "no session's": signed(claims, sid=2**62),
        "a subject beyond all numbers": signed(claims, sub="9" * 30),
    }


async def code_for(replica: Replica, text: bytes | None, *, within: float = 5.0) -> int | None:
    """Return the code that closes a socket after this message, or after none; None if it stays open so long."""
    wire = await open_wire(replica.port, lambda _: None)
    try:
        if text is not None:
            wire.send(text)
        async with asyncio.timeout(within):
            return await wire.closed
    except TimeoutError:
        return None
    finally:
        wire.abort()


async def let_in(stand: Stand, members: list[Member], refresh_token: str) -> list[str]:
    """Return who was let in that should not be, and who was refused in another way than by the right code."""
    wrong = []
    messages = {
        name: (UNAUTHENTICATED, orjson.dumps({"type": "auth", "token": token}))
        for name, token in bad_tokens(*members, refresh_token).items()
    }
    messages["no token"] = (MALFORMED, b'{"type":"auth"}')
    messages["an empty token"] = (MALFORMED, b'{"type":"auth","token":""}')
    for number, (name, (code, text)) in enumerate(messages.items()):
        if (found := await code_for(stand.replicas[number % 2], text)) != code:
            wrong.append(f"{name}: {found} instead of {code}")
    port = stand.replicas[0].port
    for origin in (
        "https://evil.example",
        "null",
        "",
        f"http://127.0.0.1:{port + 1}",
        f"https://127.0.0.1.evil:{port}",
    ):
        handshake = HANDSHAKE.replace(b"Upgrade: ", f"Origin: {origin}\r\nUpgrade: ".encode(), 1)
        try:
            status = await answer_to_handshake(port, handshake, within=2)
        except TimeoutError:
            status = 101
        if status != httpx.codes.FORBIDDEN:
            wrong.append(f"origin {origin!r}: {status}")
    return wrong


class Guest:
    """Someone with an account of their own, whose socket is to end."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.is_live = asyncio.Event()
        self.wire: Wire

    async def open(self, replica: Replica, token: str) -> None:
        """Follow the board."""
        self.wire = await open_wire(replica.port, self._on_text)
        self.wire.send(orjson.dumps({"type": "auth", "token": token}))
        async with asyncio.timeout(LONGEST):
            await self.is_live.wait()

    async def closed(self, since: float) -> tuple[int | None, float]:
        """Return the code that closes the socket, and how many seconds later that is."""
        try:
            async with asyncio.timeout(LONGEST):
                return await self.wire.closed, time.time() - since
        except TimeoutError:
            return None, LONGEST
        finally:
            self.wire.abort()

    def _on_text(self, text: bytes) -> None:
        if text.startswith(b'{"type":"ready"'):
            self.is_live.set()


async def guest(stand: Stand, name: str, token: Callable[[Member], str] | None = None) -> Guest:
    """Make an account, and open a socket with an access token, or with the token that is made of it."""
    ((user_id, session_id),) = await stand.query(GUESTS, name)
    issued = access_tokens.issue(user_id=user_id, session_id=session_id, now=datetime.now(UTC))
    guest = Guest(Member(user_id, session_id, issued))
    await guest.open(stand.any_replica(), issued if token is None else token(guest.member))
    return guest


def ending(at: datetime) -> Callable[[Member], str]:
    """Have a token end at a moment, its leeway included."""

    def token(member: Member) -> str:
        started = at - access_tokens.LEEWAY - access_tokens.lifetime()
        return access_tokens.issue(user_id=member.user_id, session_id=member.session_id, now=started)

    return token


async def silence(replica: Replica) -> tuple[int | None, float]:
    """Open a socket and say nothing."""
    began = time.time()
    return await code_for(replica, None, within=LONGEST), time.time() - began


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # bad tokens are made on purpose
@pytest.mark.fault(
    "sockets of those who may not follow, or may no longer",
    small={"sockets": 10, "rate": 20},
    full={"sockets": 100, "rate": 50},
    mutations={
        "any_algorithm": {},
        "any_origin": {},
        "no_token_end": {},
        "no_credential_check": {},
        "patient_with_silence": {},
    },
)
async def test_a_socket_is_refused_or_ends_with_its_credential(stand: Stand, run: Run):
    """Nobody is let in by a token that is no good or from a foreign page; who was let in goes when that ends."""
    async with traffic(stand, sockets=run.size.sockets, rate=run.size.rate) as board:
        quiet = asyncio.create_task(silence(stand.replicas[0]))
        end = datetime.now(UTC) + timedelta(seconds=2)
        expiring = await guest(stand, "expiring", ending(end))
        leaving = await guest(stand, "leaving")
        disabled = await guest(stand, "disabled")
        secret = f"sb_{secrets.token_urlsafe(32)}"
        revoked = await guest(stand, "revoked")
        await stand.query(API_TOKEN, revoked.member.user_id, digest(secret))
        revoked.wire.send(orjson.dumps({"type": "auth", "token": secret}))

        members = await stand.members(2)
        refresh_token = secrets.token_urlsafe(32)
        await stand.query(REFRESH_TOKEN, digest(refresh_token), members[0].session_id)
        wrong = await let_in(stand, members, refresh_token)

        began = time.time()
        headers = {"Authorization": f"Bearer {leaving.member.token}"}
        async with httpx.AsyncClient(headers=headers, timeout=LONG) as client:
            (await client.post(f"{stand.replicas[0].url}/auth/logout")).raise_for_status()
        await stand.query("UPDATE users SET disabled = true WHERE id = $1 RETURNING id", disabled.member.user_id)
        await stand.query("UPDATE api_tokens SET revoked_at = now() RETURNING id")
        codes, seconds = zip(
            *await asyncio.gather(
                expiring.closed(end.timestamp()),
                leaving.closed(began),
                disabled.closed(began),
                revoked.closed(began),
                quiet,
            ),
            strict=True,
        )

    assert wrong == []
    assert codes == (UNAUTHENTICATED, UNAUTHENTICATED, DISABLED, UNAUTHENTICATED, UNAUTHENTICATED)
    assert board.readers.codes == [], "a socket was closed whose credential is good"
    run.is_exact(board.verdict)
    run.measured("closed after its token's end", seconds[0], "s", at_most=5)
    run.measured("after its session's end, its account's disabling", max(seconds[1:4]), "s", at_most=60)
    run.measured("after 5 s of silence", seconds[4] - 5, "s", at_most=5)
