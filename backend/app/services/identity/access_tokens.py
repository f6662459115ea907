"""Access tokens: JWTs that a session's client sends with each request."""

import math
import secrets
import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import jwt

from app.config import settings
from app.errors import InvalidToken

# The log warns of a short JWT_SECRET once at each start, instead of each process on its standard error.
warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)

ALGORITHM: Final = "HS256"
ISSUER: Final = "statusboard"
TYPE: Final = "access"
LEEWAY: Final = timedelta(seconds=10)
CLAIMS: Final = ["sub", "sid", "iat", "exp", "jti", "iss", "typ"]

# PostgreSQL's bigint has at most 19 digits.
LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine token says. Only the database's clock can tell whether it is still valid: see `is_expired`."""

    user_id: int
    session_id: int
    issued_at: float
    expires_at: float
    # The id of the token's board. None in tokens of the previous version, which stay valid until they expire.
    board: str | None

    def is_expired(self, now: datetime) -> bool:
        """Tell whether the token has expired, or isn't valid yet, with 10 s of leeway."""
        leeway = LEEWAY.total_seconds()
        return not self.issued_at - leeway <= now.timestamp() < self.expires_at + leeway


def lifetime() -> timedelta:
    """Return the lifetime of an access token."""
    return timedelta(minutes=settings.JWT_ACCESS_EXPIRE_MINUTES)


def issue(*, user_id: int, session_id: int, now: datetime, board: UUID | None = None) -> str:
    """Return a token that starts `now`, by the database's clock, because replicas' own clocks may disagree.

    The token names its board, because another board may have the same JWT_SECRET. The standard `aud` would do, but the
    previous version's PyJWT refuses a token that has one.
    """
    claims = {
        "sub": str(user_id),
        "sid": session_id,
        "iat": now,
        "exp": now + lifetime(),
        "jti": secrets.token_urlsafe(12),
        "iss": ISSUER,
        "typ": TYPE,
    }
    if board is not None:
        claims["board"] = str(board)
    return jwt.encode(claims, settings.JWT_SECRET, algorithm=ALGORITHM)


def _verified(token: str) -> dict[str, Any]:
    """Return a token's claims, if it is signed with JWT_SECRET or with the secret before it."""
    for secret in filter(None, (settings.JWT_SECRET, settings.JWT_SECRET_PREVIOUS)):
        with suppress(jwt.InvalidSignatureError):
            return jwt.decode(
                token,
                secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": CLAIMS, "verify_exp": False, "verify_iat": False},
            )
    raise InvalidToken


@lru_cache(maxsize=1024)
def read(token: str) -> Claims:
    """Check a token's signature and form. The result is cached, because it never changes.

    Raises:
        InvalidToken: it isn't one of ours, or lacks a claim.
    """
    try:
        claims = _verified(token)
        read = Claims(
            user_id=int(claims["sub"]),
            session_id=int(claims["sid"]),
            issued_at=float(claims["iat"]),
            expires_at=float(claims["exp"]),
            board=claims.get("board"),
        )
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidToken from error
    if claims["typ"] != TYPE or not (0 < read.user_id <= LARGEST_ID and 0 < read.session_id <= LARGEST_ID):
        raise InvalidToken
    if not isinstance(read.board, str | None):
        raise InvalidToken
    if math.isinf(read.expires_at):  # Python's JSON allows infinity, and a token must expire
        raise InvalidToken
    return read
