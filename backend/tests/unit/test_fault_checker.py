"""The judge of the faults' tests finds each of the four kinds of wrong, wherever it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.checker import (
    DELETED,
    EDITED,
    POSTED,
    Event,
    Ledger,
    Snapshot,
    Status,
    Table,
    Verdict,
    _check_reader,
    check,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def status(message: str, *, edited: bool = False) -> Status:
    return Status(message, "done", "ada", NOON, NOON if edited else None)


def event(seq: int, status_id: int, said: Status | None, kind: str = POSTED) -> Event:
    return Event(seq, f"{seq}-00000000", kind, status_id, said)


A, B, B2, C = status("a said"), status("b said"), status("b edited", edited=True), status("c said")
START = Snapshot(0, {})
EVENTS = [event(1, 1, A), event(2, 2, B), event(3, 3, C), event(4, 2, B2, EDITED), event(5, 3, None, DELETED)]
REDACTED = [*EVENTS[:2], event(3, 3, None, DELETED), *EVENTS[3:]]


@pytest.fixture
def ledger() -> Ledger:
    """Three were said; b was edited, c deleted."""
    return Ledger({"a", "b", "c"}, {"a": 1, "b": 2, "c": 3}, {1: "a said", 2: "b edited", 3: None})


@pytest.fixture
def table() -> Table:
    """As it should be; c's text is gone from the log."""
    return Table(5, REDACTED, {1: A, 2: B2})


LOG = [START, *EVENTS]


def test_nothing_is_wrong_with_an_exact_board(ledger, table):
    """One reader was there all along, one came later, one was away and got the redacted events, one was reset."""
    late = [Snapshot(3, {1: A, 2: B, 3: C}), *EVENTS[3:]]
    away = [START, EVENTS[0], *REDACTED[1:]]
    reset = [START, *EVENTS[:2], Snapshot(5, {1: A, 2: B2})]

    verdict = check(ledger, [LOG, late, away, reset], table)

    assert verdict.is_exact, verdict
    assert (verdict.acknowledged, verdict.readers, verdict.resets) == (3, 4, 1)


def later(status: Status, minutes: int) -> Status:
    return status._replace(created_at=NOON + timedelta(minutes=minutes))


D, E, F = later(status("d said"), 1), later(status("e said"), 2), later(status("f said"), 3)
# Of five statuses the newest three; then the oldest of all is edited, the next is deleted, and a new one is posted.
TRUNCATED = Snapshot(5, {2: B, 4: D, 5: E}, is_truncated=True)
BEHIND = [event(6, 1, A, EDITED), event(7, 3, None, DELETED), event(8, 6, F)]


@pytest.mark.parametrize(
    ("log", "counts"),
    [
        pytest.param([TRUNCATED, *BEHIND], (0, 0, 0, 0), id="what is older is not missing, nor are its edits"),
        pytest.param([TRUNCATED, *BEHIND[:2]], (2, 0, 0, 0), id="what came later is"),
        pytest.param(
            [TRUNCATED._replace(statuses={2: B, 5: E}), *BEHIND], (1, 0, 0, 0), id="and what is within the part, too"
        ),
        pytest.param([TRUNCATED._replace(is_truncated=False), *BEHIND], (0, 0, 0, 0), id="whole, it says the edit"),
        pytest.param([TRUNCATED._replace(is_truncated=False), *BEHIND[1:]], (2, 0, 0, 0), id="and misses it"),
    ],
)
def test_a_reader_that_began_with_the_newest_part(log, counts):
    """It has to have all that is as new as its snapshot's oldest status, and all that came later."""
    there = {1: A, 2: B, 4: D, 5: E, 6: F}
    known = {seq: event(seq, seq, None, "test") for seq in range(1, 6)} | {each.seq: each for each in BEHIND}
    verdict = Verdict()

    _check_reader(verdict, "reader", log, Table(8, list(known.values()), there), known)

    assert verdict.counts == counts, verdict


@pytest.mark.parametrize(
    ("log", "counts"),
    [
        pytest.param([], (1, 0, 0, 0), id="no snapshot"),
        pytest.param([START, EVENTS[0], *EVENTS[2:]], (1, 0, 0, 0), id="an event left out"),
        pytest.param([START, *EVENTS[:4]], (1, 0, 0, 1), id="the last left out: c is still shown"),
        pytest.param([START, *EVENTS[:2], *EVENTS[1:]], (0, 2, 0, 0), id="an event twice: its status too"),
        pytest.param([Snapshot(1, {1: A}), *EVENTS], (0, 2, 0, 0), id="an event that the snapshot has"),
        pytest.param([Snapshot(0, {2: B}), *EVENTS], (0, 1, 0, 0), id="a snapshot newer than its seq"),
        pytest.param([Snapshot(1, {}), *EVENTS[1:]], (1, 0, 0, 0), id="a snapshot older than its seq"),
        pytest.param([START, EVENTS[1], EVENTS[0], *EVENTS[2:]], (0, 0, 1, 0), id="two swapped"),
        pytest.param([*LOG, event(6, 4, C)], (0, 0, 0, 2), id="an event that is not in the log"),
        pytest.param([START, EVENTS[0]._replace(position="1-ffffffff"), *EVENTS[1:]], (0, 0, 0, 1), id="other mark"),
        pytest.param([START, event(1, 1, B), *EVENTS[1:]], (1, 0, 0, 1), id="another text"),
    ],
)
def test_a_reader_that_saw_something_else(ledger, table, log, counts):
    """Lost, duplicated, reordered, phantom."""
    verdict = check(ledger, [LOG, log], table)

    assert verdict.counts == counts, verdict


def test_an_acknowledged_status_that_is_gone(ledger, table):
    """It is lost to the table, and to the log, which has a gap there too."""
    gone = Table(5, REDACTED[1:], {2: B2})

    verdict = check(ledger, [], gone)

    assert verdict.counts == (3, 0, 0, 0), verdict


def test_an_edit_that_is_gone(ledger, table):
    """The table still says what was said first."""
    verdict = check(ledger, [], replace(table, statuses={1: A, 2: B}))

    assert verdict.counts == (1, 0, 0, 0), verdict


def test_a_deletion_that_is_gone(ledger, table):
    """The status stands there again."""
    verdict = check(ledger, [], replace(table, statuses={**table.statuses, 3: C}))

    assert verdict.counts == (0, 0, 0, 1), verdict


def test_a_status_that_was_posted_twice(ledger, table):
    """Under one key, by a retry."""
    twice = replace(table, head=6, events=[*REDACTED, event(6, 4, A)], statuses={**table.statuses, 4: A})

    verdict = check(ledger, [], twice)

    assert verdict.counts == (0, 1, 0, 0), verdict


def test_a_status_that_nobody_said(ledger, table):
    """It came from nowhere."""
    more = {**table.statuses, 4: status("d said")}

    verdict = check(ledger, [], replace(table, head=6, events=[*REDACTED, event(6, 4, more[4])], statuses=more))

    assert verdict.counts == (0, 0, 0, 1), verdict


def test_a_gap_in_the_log(ledger, table):
    """Two more events were promised than there are."""
    verdict = check(ledger, [], replace(table, head=7))

    assert verdict.counts == (2, 0, 0, 0), verdict


def test_an_event_of_a_status_that_is_not_there(ledger, table):
    """The log tells what never was."""
    verdict = check(ledger, [], replace(table, head=6, events=[*REDACTED, event(6, 4, C)]))

    assert verdict.counts == (0, 0, 0, 1), verdict
