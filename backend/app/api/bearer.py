"""The token in `Authorization`: the one place that reads it."""

import re
from typing import Final

# RFC 9110, section 11.4: the scheme in any case, and one space or more before the token. Blanks around the whole are no
# part of a field's value (section 5.5).
CREDENTIALS: Final = re.compile(r"[ \t]*bearer +(.*?)[ \t]*", re.IGNORECASE)


def token_in(authorization: str | None) -> str | None:
    """Return the token of an `Authorization` header, or None where it names none."""
    match = CREDENTIALS.fullmatch(authorization or "")
    return (match[1] or None) if match else None
