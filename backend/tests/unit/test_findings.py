"""What GitHub's words amount to, and when it is asked again."""

from datetime import UTC, datetime, timedelta

import pytest

from app.config import settings
from app.models import Reference
from app.models.reference import ReferenceKind, ReferenceState
from app.places import Place
from app.services.github import findings, schedule
from app.services.github.findings import Found, Gone, Missing, NoAccess, Redirected, Unclear
from app.services.github.schedule import NEVER, LastMention

PLACE = Place("octo", "api", 12)
HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)


def reference(**columns) -> Reference:
    given = {"owner": "octo", "repo": "api", "number": 12, "kind": "unknown", "failures": 0, "missing": False}
    return Reference(**given | columns)


def found(state=ReferenceState.OPEN) -> Found:
    return Found(PLACE, ReferenceKind.ISSUE, "Title", state, private=False, changed_at=None)


@pytest.mark.parametrize(
    "value", ["octo", "octo/", "/api", "octo/api/x", "octo/a b", "octo/" + "x" * 101, "../..!", 7, None]
)
def test_no_repository(value):
    assert findings.place(value, 1) is None


@pytest.mark.parametrize("value", [0, -1, 2**31, "1", 1.0, True, None])
def test_no_number(value):
    assert findings.place("octo/api", value) is None


def test_a_place_is_read_as_it_was_written():
    place = findings.place("Octo/Api.js", 12)

    assert place is not None
    assert findings.parse_name(place.name) == place


def test_a_place_whose_name_is_too_long_to_be_kept():
    """Each part may be as long as it is; all of it has to fit into a column."""
    assert findings.place(f"{'o' * 50}/{'r' * 100}", 2**31 - 1) is None
    assert findings.place(f"{'o' * 39}/{'r' * 100}", 2**31 - 1) is not None


OUT_OF_RANGE = ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "10000-01-01T00:00:00Z"]


@pytest.mark.parametrize("value", ["yesterday", "2026-11-24T09:30:00", "", "9" * 5000, 7, 1e400, None, *OUT_OF_RANGE])
def test_no_moment(value):
    assert findings.moment(value) is None


def test_a_moment():
    assert findings.moment("2026-11-24T09:30:00Z") == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (found(ReferenceState.MERGED), "merged"),
        (NoAccess(), "no_access"),
        (Gone(), "gone"),
        (Redirected(None), "moved"),
        (Missing(), None),
        (Redirected(Place("octo", "new", 3)), None),
        (Unclear(), None),
    ],
)
def test_what_a_finding_makes_of_a_reference(finding, state):
    """The last three need another question first."""
    made = reference()
    findings.apply(made, finding)

    assert made.state == state


def test_a_place_that_moved_and_is_lost():
    """It is moved still, and its own place is asked the next time."""
    made = reference(ask_at="octo/new#3", state="open", title="Title", moved_to="octo/new#3")
    findings.apply(made, Missing())

    assert (made.state, made.title, made.moved_to, made.ask_at, made.missing) == ("moved", None, None, None, False)


def test_a_place_that_moves_on():
    """It is followed wherever it goes, and shown as it was until that is known."""
    made = reference(ask_at="octo/new#3", state="open", title="Title", moved_to="octo/new#3")
    findings.apply(made, Redirected(Place("octo", "newer", 4)))

    assert (made.state, made.moved_to, made.ask_at) == ("open", "octo/new#3", "octo/newer#4")


@pytest.mark.parametrize(
    ("private", "globs", "expected"),
    [(True, None, True), (True, "octo/*", False), (True, "acme/*", True), (False, None, False), (None, None, False)],
)
def test_what_is_hidden(monkeypatch, private, globs, expected):
    """A private repository that is not listed."""
    monkeypatch.setattr(settings, "GITHUB_REPOSITORIES", globs)

    assert findings.is_hidden("octo/secret", private) is expected


def test_what_turned_private_is_a_plain_link():
    """Neither its title is left nor where it is."""
    made = reference(state="open", title="Title", kind="issue", private=False)
    findings.apply(made, NoAccess())

    assert (made.state, made.title, made.kind, made.moved_to, made.ask_at) == ("no_access", None, "unknown", None, None)


@pytest.mark.parametrize(
    ("state", "mentioned", "expected"),
    [
        ("open", LastMention(HOURS, timedelta.max), timedelta(minutes=5)),
        ("draft", LastMention(HOURS, HOURS), timedelta(minutes=2)),
        ("open", LastMention(HOURS, 8 * DAYS), timedelta(minutes=5)),
        ("open", LastMention(2 * DAYS, timedelta.max), timedelta(minutes=30)),
        ("open", LastMention(8 * DAYS, timedelta.max), 6 * HOURS),
        ("open", LastMention(31 * DAYS, timedelta.max), DAYS),
        ("open", NEVER, DAYS),
        ("merged", LastMention(HOURS, HOURS), DAYS),
        ("no_access", LastMention(HOURS, HOURS), DAYS),
        (None, LastMention(HOURS, HOURS), DAYS),
    ],
)
def test_when_it_is_asked_again(state, mentioned, expected):
    assert schedule.after(reference(state=state), NoAccess(), mentioned) == expected


def test_what_is_unclear_is_asked_ever_less_often():
    """From a minute to a day."""
    waits = [schedule.after(reference(failures=failures), Unclear(), NEVER) for failures in (1, 2, 3, 11, 20)]

    assert waits == [timedelta(minutes=count) for count in (1, 2, 4)] + [1024 * timedelta(minutes=1), DAYS]
