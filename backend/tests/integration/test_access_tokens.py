"""Access tokens that are not what they seem: always 401, never 500."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import Session
from app.services.identity import access_tokens
from tests.clock import let_pass
from tests.logins import bearer, log_in
from tests.personas import Persona

ME = "/api/v1/users/me"
LEFT_OUT = object()


def claims(persona: Persona, **changes: Any) -> dict[str, Any]:
    """Return what a genuine token of this persona says, but for the changes."""
    now = int(datetime.now(UTC).timestamp())
    genuine = {
        "sub": str(persona.user.id),
        "sid": persona.session_id,
        "iat": now,
        "exp": now + 600,
        "jti": "made up here",
        "iss": "statusboard",
        "typ": "access",
    }
    return {name: value for name, value in (genuine | changes).items() if value is not LEFT_OUT}


def part(text: bytes) -> bytes:
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def signed(payload: bytes, header: bytes = b'{"alg":"HS256","typ":"JWT"}', secret: str | None = None) -> str:
    """Return a token with a right signature over whatever it says; PyJWT itself refuses to make some of them."""
    text = part(header) + b"." + part(payload)
    mac = hmac.digest((secret or settings.JWT_SECRET).encode(), text, hashlib.sha256)
    return (text + b"." + part(mac)).decode()


async def answer(client: httpx.AsyncClient, token: str | bytes) -> tuple[int, str | None, str | None]:
    raw = token.encode("latin-1") if isinstance(token, str) else token
    response = await client.get(ME, headers={b"Authorization": b"Bearer " + raw})
    return response.status_code, response.json().get("code"), response.headers.get("WWW-Authenticate")


REFUSED = (401, "invalid_token", "Bearer")


async def test_a_token_made_by_the_book_is_good(client: httpx.AsyncClient, bob: Persona):
    """The ones below differ from it in one thing each."""
    by_hand = signed(json.dumps(claims(bob)).encode())
    by_library = jwt.encode(claims(bob), settings.JWT_SECRET, algorithm="HS256")

    assert (await answer(client, by_hand))[0] == 200
    assert (await answer(client, by_library))[0] == 200


CLAIMS = ["sub", "sid", "iat", "exp", "jti", "iss", "typ"]


async def test_every_claim_is_required(client: httpx.AsyncClient, bob: Persona, subtests):
    """A token without end, or without a session, is none; null is as bad as nothing."""
    for claim in CLAIMS:
        with subtests.test(claim=claim):
            without = signed(json.dumps(claims(bob, **{claim: LEFT_OUT})).encode())
            null = signed(json.dumps(claims(bob, **{claim: None})).encode())

            assert await answer(client, without) == REFUSED
            assert await answer(client, null) == REFUSED


FOREIGN_CLAIMS = [
    ("sub", 1),
    ("sub", True),
    ("sub", ["1"]),
    ("sub", {"id": 1}),
    ("sub", ""),
    ("sub", "ada"),
    ("sub", "-1"),
    ("sub", "0"),
    ("sub", "1.0"),
    ("sub", str(2**63)),
    ("sub", "9" * 5000),
    ("sub", "\ud800"),
    ("sub", "1\0"),
    ("sid", 0),
    ("sid", -1),
    ("sid", 2**63),
    ("sid", 10**400),
    ("sid", "x"),
    ("sid", []),
    ("sid", {}),
    ("sid", 1e400),
    ("iat", "x"),
    ("iat", []),
    ("iat", 10**400),
    ("iat", 1e400),
    ("exp", "x"),
    ("exp", {}),
    ("exp", 10**400),
    ("exp", -(10**400)),
    ("exp", float("nan")),
    ("exp", 0),
    ("exp", -1),
    ("nbf", 10**400),
    ("nbf", "x"),
    ("nbf", 1e400),
    ("nbf", 2**40),
    ("aud", "elsewhere"),
    ("aud", 7),
    ("jti", 7),
    ("iss", "elsewhere"),
    ("iss", ["statusboard"]),
    ("iss", 7),
    ("typ", "refresh"),
    ("typ", "ACCESS"),
    ("typ", ["access"]),
    ("typ", True),
]


async def test_what_no_token_of_ours_says_is_refused(client: httpx.AsyncClient, bob: Persona, subtests):
    """Even where the signature is right: numbers without end, other types, other purposes."""
    for claim, value in FOREIGN_CLAIMS:
        with subtests.test(claim=claim, value=value):
            token = signed(json.dumps(claims(bob, **{claim: value})).encode())

            assert await answer(client, token) == REFUSED


async def test_an_unsigned_token_is_refused(client: httpx.AsyncClient, bob: Persona):
    """`alg: none`, in every spelling, with and without the signature of another."""
    payload = part(json.dumps(claims(bob)).encode())
    for spelling in (b"none", b"None", b"NONE", b"nOnE", b""):
        header = part(b'{"alg":"' + spelling + b'","typ":"JWT"}')
        for signature in (b"", bob.token.rpartition(".")[2].encode()):
            assert await answer(client, header + b"." + payload + b"." + signature) == REFUSED


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_another_algorithm_is_refused(client: httpx.AsyncClient, bob: Persona, algorithm):
    """Even with the right secret: HS256 is the one that is accepted."""
    token = jwt.encode(claims(bob), settings.JWT_SECRET.ljust(64, "x"), algorithm=algorithm)

    assert await answer(client, token) == REFUSED


async def test_a_header_that_lies_about_its_algorithm_is_refused(client: httpx.AsyncClient, bob: Persona):
    """It says HS512, RS256 or nothing, and is signed by HS256."""
    for header in (b'{"alg":"HS512"}', b'{"alg":"RS256"}', b'{"typ":"JWT"}', b'{"alg":["HS256"]}', b'{"alg":null}'):
        token = signed(json.dumps(claims(bob)).encode(), header)
        assert await answer(client, token) == REFUSED


async def test_another_secret_is_refused(client: httpx.AsyncClient, bob: Persona, monkeypatch):
    """Someone else's, an empty one, or the one that this board had before."""
    for secret in ("someone-elses-secret-0123456789abcdef", settings.JWT_SECRET + " ", settings.JWT_SECRET.upper()):
        assert await answer(client, signed(json.dumps(claims(bob)).encode(), secret=secret)) == REFUSED
    monkeypatch.setattr(settings, "JWT_SECRET", "a-new-secret-0123456789abcdefghijklmn")
    assert await answer(client, bob.token) == REFUSED


async def test_a_changed_payload_is_refused(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """Bob puts Ada's number into his own token."""
    header, _, signature = bob.token.split(".")
    payload = part(json.dumps(claims(ada)).encode()).decode()

    assert await answer(client, f"{header}.{payload}.{signature}") == REFUSED


GARBAGE = [
    ".",
    "..",
    "...",
    "a.b.c",
    "a.b",
    "null",
    "{}",
    "e30.e30.e30",
    "\xff\xfe\xe9",
    "=.=.=",
    "%00.%00.%00",
    "x" * 10_000,
    "." * 10_000,
]


async def test_garbage_is_refused(client: httpx.AsyncClient, database_url: str, subtests):
    """Whatever stands there."""
    for token in GARBAGE:
        with subtests.test(token=token):
            assert await answer(client, token) == REFUSED


STRANGE_HEADERS = [
    b"[]",
    b"null",
    b"{",
    b'"HS256"',
    b"\xff\xff",
    b"[" * 20_000,
    b'{"alg":' * 5_000,
    b'{"alg":"HS256","kid":7}',
    b'{"alg":"HS256","n":' + b"9" * 5000 + b"}",
    b'{"alg":"HS256","crit":["exp"]}',
    b'{"alg":"HS256","crit":7}',
    b'{"alg":"HS256","b64":false}',
    b'{"alg":"HS256","zip":"\\ud800"}',
]


async def test_a_strange_header_is_refused_before_its_signature_is_looked_at(
    client: httpx.AsyncClient, bob: Persona, subtests
):
    """Anyone can send these: deep nesting, huge numbers, extensions that must be understood."""
    for header in STRANGE_HEADERS:
        with subtests.test(header=header):
            code, *_ = await answer(
                client, signed(json.dumps(claims(bob)).encode(), header, secret="no secret of ours")
            )

            assert code == 401


NO_OBJECTS = [b"", b"null", b"[]", b"7", b"{", b"\xff", b"[" * 20_000, b'{"a":' * 10_000]


async def test_a_payload_that_is_no_object_is_refused(client: httpx.AsyncClient, database_url: str, subtests):
    """Even where its signature is right."""
    for payload in NO_OBJECTS:
        with subtests.test(payload=payload):
            assert await answer(client, signed(payload)) == REFUSED


async def test_ten_seconds_of_leeway_are_allowed(client: httpx.AsyncClient, bob: Persona, db: AsyncSession):
    """After `exp`, and before `iat`: clocks differ, but not by more."""
    now = datetime.now(UTC).timestamp()

    async def at(**times: float) -> int:
        return (await answer(client, signed(json.dumps(claims(bob, **times)).encode())))[0]

    assert [await at(exp=now - 1), await at(exp=now - 11)] == [200, 401]
    assert [await at(iat=now + 9), await at(iat=now + 60)] == [200, 401]


async def test_a_token_expires_by_the_databases_clock(client: httpx.AsyncClient, bob: Persona):
    """A token of half an hour ago is over."""
    then = datetime.now(UTC) - timedelta(minutes=30, seconds=11)
    token = access_tokens.issue(user_id=bob.user.id, session_id=bob.session_id, now=then)

    assert await answer(client, token) == REFUSED


async def test_a_token_outlives_its_session_by_nothing(client: httpx.AsyncClient, bob: Persona, db: AsyncSession):
    """Each request looks at the session: one that has ended, or whose 90 days are over."""
    await let_pass(db, timedelta(days=90))
    over = await answer(client, bob.token)
    await db.execute(update(Session).values(expires_at=Session.expires_at + timedelta(days=90)))
    await db.commit()
    alive = await answer(client, bob.token)
    await db.execute(update(Session).values(ended_at=Session.created_at))
    await db.commit()
    ended = await answer(client, bob.token)

    assert (over, alive[0], ended) == (REFUSED, 200, REFUSED)


async def test_someone_elses_session_is_no_proof(client: httpx.AsyncClient, ada: Persona, bob: Persona):
    """`sub` and `sid` belong together."""
    mixed = signed(json.dumps(claims(bob, sid=ada.session_id)).encode())
    unknown = signed(json.dumps(claims(bob, sid=2**63 - 1)).encode())

    assert await answer(client, mixed) == REFUSED
    assert await answer(client, unknown) == REFUSED


async def test_a_token_in_the_address_is_none(client: httpx.AsyncClient, bob: Persona):
    """Tokens never stand in a URL, nor in another header or a cookie."""
    in_query = await client.get(ME, params={"access_token": bob.token, "token": bob.token})
    in_cookie = await client.get(ME, headers={"Cookie": f"access_token={bob.token}; statusboard_refresh={bob.token}"})
    as_basic = await client.get(ME, headers={"Authorization": f"Token {bob.token}"})

    assert [response.status_code for response in (in_query, in_cookie, as_basic)] == [401] * 3


# Of these, the ones that RFC 9110 allows: any case, one space or more, blanks around the field's value.
FORMS = {
    "Bearer {}": 200,
    "bearer {}": 200,
    "BEARER  {}": 200,
    "Bearer   {}  ": 200,
    " \tBearer {}\t ": 200,
    "Bearer\t{}": 401,
    "Bearer{}": 401,
    "Bearer {} x": 401,
    "Bearer Bearer {}": 401,
    "Token {}": 401,
    "{}": 401,
}
# The lanes ahead of routing, and a route that has none.
ROUTES = [ME, "/api/v1/board", "/api/v1/statuses", "/api/v1/statuses?q=none"]


@pytest.mark.parametrize("form", FORMS)
async def test_every_way_in_reads_the_header_alike(client: httpx.AsyncClient, bob: Persona, form):
    """RFC 9110, sections 5.5 and 11.4; a post too, again by someone who was just seen."""
    headers = {"Authorization": form.format(bob.token)}
    read = [(await client.get(path, headers=headers)).status_code for path in [*ROUTES, *ROUTES]]
    posted = [
        (await client.post("/api/v1/statuses", json={"message": form}, headers=headers)).status_code for _ in range(2)
    ]
    out = await client.post("/api/v1/auth/logout", headers=headers)

    assert read == [FORMS[form]] * len(read)
    assert posted == [201 if FORMS[form] == 200 else 401] * 2
    assert out.status_code == (204 if FORMS[form] == 200 else 401)


async def test_a_refresh_token_is_no_access_token(client: httpx.AsyncClient, bob: Persona):
    """It lives in its cookie alone."""
    login = await log_in(client, "bob")

    response = await client.get(ME, headers=bearer(login.cookies["statusboard_refresh"]))

    assert response.status_code == 401
