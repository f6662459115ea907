"""Who in this process is told that the log has grown.

A transaction that appended to the log is announced after its commit, unless the commit itself has notified all
processes. The announcement carries no data: it means "look at the log".
"""

from collections.abc import Callable
from typing import Final

# The key in `AsyncSession.info` with which a transaction notes that it has appended.
APPENDED: Final = "feed_appended"

# The channel on which processes listen for commits.
CHANNEL: Final = "statusboard_feed"

type Listener = Callable[[], None]

_listeners: set[Listener] = set()


def subscribe(listener: Listener) -> None:
    """Call `listener` after each commit of this process that appended to the log. It must not block."""
    _listeners.add(listener)


def unsubscribe(listener: Listener) -> None:
    """Undo `subscribe`. It is no error if the listener was never subscribed."""
    _listeners.discard(listener)


def announce() -> None:
    """Call every listener."""
    for listener in tuple(_listeners):
        listener()
