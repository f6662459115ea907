"""Entity tags: how what a client has is compared with what there is."""

from typing import Final

ANY: Final = "*"


def matches(if_none_match: str | None, tag: str) -> bool:
    """Tell whether `If-None-Match` names a tag (RFC 9110, section 13.1.2: a weak tag is as good as a strong one)."""
    named = {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}
    return ANY in named or tag.removeprefix("W/") in named
