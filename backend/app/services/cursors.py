"""Cursors: where the next part of a list begins. They are opaque to clients."""

import hashlib
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as DecodeError
from typing import Final

from app.errors import InvalidCursor

CHECK_BYTES: Final = 4


def _check(body: bytes) -> bytes:
    return hashlib.blake2s(body, digest_size=CHECK_BYTES).digest()


def write(*values: int) -> str:
    """Return the cursor after a row with these values of the list's order."""
    body = struct.pack(f">{len(values)}q", *values)
    return urlsafe_b64encode(body + _check(body)).rstrip(b"=").decode()


def read(cursor: str, *, values: int) -> tuple[int, ...]:
    """Return the `values` numbers that were given to `write`.

    Raises:
        InvalidCursor: `write` hasn't made this cursor, or not with as many values.
    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        body, check = raw[:-CHECK_BYTES], raw[-CHECK_BYTES:]
        numbers: tuple[int, ...] = struct.unpack(f">{values}q", body)
    except (DecodeError, ValueError, struct.error) as error:
        raise InvalidCursor from error
    if check != _check(body) or write(*numbers) != cursor:
        raise InvalidCursor
    return numbers
