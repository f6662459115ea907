"""Cursors of lists."""

import struct
from base64 import urlsafe_b64encode

import pytest

from app.errors import InvalidCursor
from app.services import cursors

LARGEST = 2**63 - 1


@pytest.mark.parametrize("values", [(1,), (0,), (-1,), (LARGEST,), (-LARGEST - 1,), (1_795_512_600_123_456, 42)])
def test_what_was_written_is_read(values):
    """In characters that need no escaping in an address."""
    cursor = cursors.write(*values)

    assert cursors.read(cursor, values=len(values)) == values
    assert cursor.replace("-", "").replace("_", "").isalnum()


def test_a_cursor_of_another_list_is_refused():
    """A list that is in the order of two values does not take a cursor of one."""
    with pytest.raises(InvalidCursor):
        cursors.read(cursors.write(7), values=2)
    with pytest.raises(InvalidCursor):
        cursors.read(cursors.write(7, 8), values=1)


def test_every_damaged_character_is_noticed():
    """Whichever is changed, and to whatever: also the bits of the last one that base64 does not use."""
    cursor = cursors.write(7)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = []

    for place, good in enumerate(cursor):
        for other in alphabet.replace(good, ""):
            try:
                accepted.append(cursors.read(cursor[:place] + other + cursor[place + 1 :], values=1))
            except InvalidCursor:
                continue

    assert accepted == []


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "=",
        "====",
        "x",
        "AAAA",
        "cursor",
        "../../etc/passwd",
        "\u0000",
        "é",
        "\U0001f600",
        " ",
        cursors.write(7) + "=",
        cursors.write(7) + "A",
        cursors.write(7) + "\n",
        " " + cursors.write(7),
        cursors.write(7)[:-1],
        cursors.write(7)[1:],
        cursors.write(7) * 2,
        urlsafe_b64encode(struct.pack(">q", 7)).decode().rstrip("="),
        urlsafe_b64encode(struct.pack(">q", 7) + b"\0\0\0\0").decode().rstrip("="),
    ],
)
def test_what_is_no_cursor_is_refused(cursor):
    """Whatever somebody types there; none is read leniently."""
    with pytest.raises(InvalidCursor):
        cursors.read(cursor, values=1)
