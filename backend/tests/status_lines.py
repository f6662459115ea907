"""Lines as people post them, in many scripts, with searches that find them and searches that don't."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class StatusLine(NamedTuple):
    """A line, what finds it and what doesn't."""

    message: str
    hits: tuple[str, ...]
    misses: tuple[str, ...]


def _read() -> Iterator[StatusLine]:
    for line in Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("# "):
            message, hits, misses = line.split(" | ")
            yield StatusLine(message, tuple(hits.split(" ; ")), tuple(misses.split(" ; ")))


STATUS_LINES = tuple(_read())
