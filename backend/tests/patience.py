"""How long the board waits in tests: until the busiest machine is done, but where waiting is what is tested.

The shipped limits are for people, who go away after seconds. A machine that does something else meanwhile would let
them pass, and a test of something else would see a 503.
"""

from typing import Final

import pytest

from app import database
from app.api import response_cache
from app.services.feed import follower
from app.services.identity import passwords
from app.services.statuses import searches

LONG: Final = 60.0  # seconds
PLACES: Final = [
    *((database, name) for name in ("POOL_TIMEOUT", "CONNECT_TIMEOUT", "PATIENCE", "COMMAND_TIMEOUT")),
    *((follower, "ANSWER_WITHIN"), (passwords.turns, "_patience"), (searches.turns, "_patience")),
]
NEVER_OVER: Final = 2**40  # seconds
GUARDS: Final = dict.fromkeys(database.SESSION_GUARDS, f"{LONG * 1000:.0f}")


def meets_shipped_limits(item: pytest.Item) -> bool:
    """Tell whether a test is marked so."""
    return item.get_closest_marker("shipped_patience") is not None


def be_patient(patch: pytest.MonkeyPatch) -> None:
    """Wait long from now on, in engines that are made from now on too."""
    for place, name in PLACES:
        patch.setattr(place, name, LONG)
    patch.setattr(database, "SESSION_GUARDS", GUARDS)
    # An answer is kept until the next quarter of an hour begins, which must not happen between two lines of a test.
    patch.setattr(response_cache, "QUARTER_HOUR", NEVER_OVER)
