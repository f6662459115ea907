"""Who in this process is told that the log has grown.

A transaction that appended is announced after its commit, unless the commit itself has notified all who listen. The
announcement carries no data: it says "look".
"""

from collections.abc import Callable
from typing import Final

# The key in `AsyncSession.info` under which a transaction notes that it appended.
APPENDED: Final = "feed_appended"

# What processes listen on for commits.
CHANNEL: Final = "statusboard_feed"

type Listener = Callable[[], None]

_listeners: set[Listener] = set()


def subscribe(listener: Listener) -> None:
    """Have `listener` called after each commit of this process that appended to the log. It must not block."""
    _listeners.add(listener)


def unsubscribe(listener: Listener) -> None:
    """Undo `subscribe`; one that was never subscribed is no error."""
    _listeners.discard(listener)


def announce() -> None:
    """Call every listener."""
    for listener in tuple(_listeners):
        listener()
