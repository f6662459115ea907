"""Entity tags: whether a client's answer is still current."""

from typing import Final

ANY: Final = "*"


def matches(if_none_match: str | None, tag: str) -> bool:
    """Tell whether `If-None-Match` names a tag. A weak tag counts like a strong one (RFC 9110, section 13.1.2)."""
    named = {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}
    return ANY in named or tag.removeprefix("W/") in named
