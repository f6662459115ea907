"""Reads the token in `Authorization`. Nothing else does."""

import re
from typing import Final

# RFC 9110, section 11.4: the scheme in any case, then at least one space, then the token. Spaces around the whole
# aren't part of the field's value (section 5.5).
CREDENTIALS: Final = re.compile(r"[ \t]*bearer +(.*?)[ \t]*", re.IGNORECASE)


def token_in(authorization: str | None) -> str | None:
    """Return the token in an `Authorization` header, or None if there is none."""
    match = CREDENTIALS.fullmatch(authorization or "")
    return (match[1] or None) if match else None
