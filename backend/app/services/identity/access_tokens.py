"""Access tokens: JWTs that a session's holder shows with each request."""

import math
import secrets
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

import jwt

from app.config import settings
from app.errors import InvalidToken

# A short JWT_SECRET is warned of at each start, in the log, and not for each process on its standard error.
warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)

ALGORITHM: Final = "HS256"
ISSUER: Final = "statusboard"
TYPE: Final = "access"
LEEWAY: Final = timedelta(seconds=10)
CLAIMS: Final = ["sub", "sid", "iat", "exp", "jti", "iss", "typ"]

# A bigint of PostgreSQL has at most 19 digits.
LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine token says. Whether it is still good is for the database's clock to say: see `expired`."""

    user_id: int
    session_id: int
    issued_at: float
    expires_at: float
    # The id of the board that it is for; None in those of the version before, which are good until they expire.
    board: str | None

    def is_expired(self, now: datetime) -> bool:
        """Tell whether the token's time is over, or has not come, 10 s of leeway allowed."""
        leeway = LEEWAY.total_seconds()
        return not self.issued_at - leeway <= now.timestamp() < self.expires_at + leeway


def lifetime() -> timedelta:
    """Return how long an access token lives."""
    return timedelta(minutes=settings.JWT_ACCESS_EXPIRE_MINUTES)


def issue(*, user_id: int, session_id: int, now: datetime, board: UUID | None = None) -> str:
    """Return a token that starts `now`, by the database's clock: replicas' own clocks may disagree.

    It says which board it is for, since another may have the same JWT_SECRET. The standard's `aud` would do, but PyJWT
    refuses a token that has one where none is expected, as in the version before.
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


@lru_cache(maxsize=1024)
def read(token: str) -> Claims:
    """Check a token's signature and form. What was found good once is so again, as far as that goes.

    Raises:
        InvalidToken: it is not one of ours, or lacks a claim.
    """
    try:
        claims = jwt.decode(
            token,
            settings.JWT_SECRET,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={"require": CLAIMS, "verify_exp": False, "verify_iat": False},
        )
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
    if math.isinf(read.expires_at):  # JSON as Python reads it knows infinity, and a token that never ends is none
        raise InvalidToken
    return read
