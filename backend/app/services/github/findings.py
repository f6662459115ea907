"""What GitHub can say about a reference, and how the board applies it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.config import settings
from app.models import Reference
from app.models.reference import ReferenceKind, ReferenceState
from app.places import Place

LONGEST_TITLE: Final = 300
REPOSITORY: Final = re.compile(r"([A-Za-z0-9_-]{1,50})/([A-Za-z0-9._-]{1,100})")
LARGEST_NUMBER: Final = 2**31 - 1
EARLIEST: Final = datetime(2008, 1, 1, tzinfo=UTC)  # GitHub's first year
LONGEST_NAME: Final = 160  # of a place, in a reference's columns

# A title is one line. Control characters would break the line, and direction overrides would affect the text beside it.
_UNSEEMLY: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

NOT_DONE: Final = {"NOT_PLANNED", "DUPLICATE", "OUTDATED"}


@dataclass(frozen=True, slots=True)
class Found:
    """It exists. `place` is where, which may differ from the place that was asked for."""

    place: Place
    kind: ReferenceKind
    title: str
    state: ReferenceState
    private: bool
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoAccess:
    """It doesn't exist, or is hidden from the board's token or its members. Readers aren't told which."""


@dataclass(frozen=True, slots=True)
class Gone:
    """It was deleted."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The repository exists, but not the number. The REST API can tell where it went."""


@dataclass(frozen=True, slots=True)
class Redirected:
    """It moved. Without `to`, GitHub doesn't say where."""

    to: Place | None


@dataclass(frozen=True, slots=True)
class Unclear:
    """The answer says nothing useful about it, so ask again later."""


type Finding = Found | NoAccess | Gone | Missing | Redirected | Unclear


def place(repository: object, number: object) -> Place | None:
    """Return the place for GitHub's `owner/repo` and number, or None if that isn't one or can't be stored."""
    match = REPOSITORY.fullmatch(repository) if isinstance(repository, str) else None
    if match is None or type(number) is not int or not 0 < number <= LARGEST_NUMBER:
        return None
    found = Place(match[1], match[2], number)
    return found if len(found.name) <= LONGEST_NAME else None


def parse_name(name: str) -> Place:
    """Parse what `Place.name` wrote."""
    repository, _, number = name.partition("#")
    found = place(repository, int(number))
    assert found is not None, "it was a place when it was written"
    return found


def title(value: object) -> str | None:
    """Return a title as one line of at most 300 characters, or None if it isn't text."""
    if not isinstance(value, str):
        return None
    line = _UNSEEMLY.sub(" ", value.encode("utf-8", "replace").decode()).strip()
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def moment(value: object) -> datetime | None:
    """Return a time from GitHub, in UTC, or None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is None or found.tzinfo is None:
            return None
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found >= EARLIEST else None


def state(kind: ReferenceKind, said: dict[str, Any]) -> ReferenceState | None:
    """Return the state for GitHub's own words, or None if they aren't understood.

    Args:
        kind: what it is.
        said: `state` ("OPEN", "CLOSED", "MERGED"), `reason`, `draft` and `merged`. The last three may be missing.
    """
    match str(said.get("state")).upper():
        case "CLOSED" | "MERGED" if kind is ReferenceKind.PULL_REQUEST:
            merged = said.get("merged") or str(said["state"]).upper() == "MERGED"
            return ReferenceState.MERGED if merged else ReferenceState.CLOSED
        case "CLOSED":
            not_done = str(said.get("reason")).upper() in NOT_DONE
            return ReferenceState.NOT_PLANNED if not_done else ReferenceState.CLOSED
        case "OPEN" | "LOCKED" | "CONVERTING":
            return ReferenceState.DRAFT if said.get("draft") else ReferenceState.OPEN
    return None


def ask_for(reference: Reference) -> Place:
    """Return the place at which to ask for a reference."""
    if reference.ask_at is not None:
        return parse_name(reference.ask_at)
    return reference.place


def is_hidden(repository: object, private: object) -> bool:
    """Tell whether members may see nothing of a repository, not even that it exists."""
    return private is True and not settings.shows_private(str(repository))


def is_hidden_now(reference: Reference) -> bool:
    """Tell whether a reference may no longer be shown, by the place where it was last seen."""
    place = ask_for(reference)
    return is_hidden(f"{place.owner}/{place.repo}", reference.private)


def _show(reference: Reference, state: ReferenceState | None, found: Found | None = None) -> None:
    reference.kind = found.kind if found else ReferenceKind.UNKNOWN
    reference.title = found.title if found else None
    reference.state = state
    reference.moved_to = found.place.name if found and found.place.key != reference.place.key else None


def _find(reference: Reference, found: Found) -> None:
    reference.private = found.private
    reference.changed_at = found.changed_at
    reference.ask_at = found.place.name if found.place.key != reference.place.key else None
    _show(reference, found.state, found)


def apply(reference: Reference, finding: Finding) -> None:
    """Apply what GitHub said to a reference. When to ask again is decided in `schedule.py`."""
    moved = reference.ask_at is not None
    if isinstance(finding, Unclear):
        reference.failures = min(reference.failures + 1, 20)
        return
    reference.failures = 0
    reference.missing = isinstance(finding, Missing) and not moved
    match finding:
        case Found():
            _find(reference, finding)
        case Redirected(to) if to is not None and to.key != reference.place.key:
            reference.ask_at = to.name  # once it is asked for there, we know what may be shown
        case Gone():
            _show(reference, ReferenceState.GONE)
        case Missing() if not moved:
            pass
        case _:
            # Its new place is hidden. Next time its own place is asked again, which may then name another one.
            reference.ask_at = reference.private = None
            known_to_have_moved = moved or isinstance(finding, Redirected)
            _show(reference, ReferenceState.MOVED if known_to_have_moved else ReferenceState.NO_ACCESS)
