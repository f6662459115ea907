"""What the stand asks the operating system about processes and ports. Linux tells it in /proc."""

import os
import signal
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

PAGE: Final = os.sysconf("SC_PAGE_SIZE")
APART: Final = 101  # ports


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, below those that the kernel gives to outgoing connections.

    One of those could be taken while its server restarts. Processes of tests that run at the same time begin far apart:
    a port is given before anyone listens on it.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in range(10_000 + os.getpid() * APART % 10_000, lowest):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            if port not in _given:
                _given.add(port)
                return port
    raise RuntimeError("There is no free port.")


_given: set[int] = set()


def children(pid: int) -> list[int]:
    """Return the processes that this process has started, oldest first."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to processes, of which some may be gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def is_running(pid: int) -> bool:
    """Tell whether there is such a process that has not ended yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def memory(pids: Iterable[int]) -> int:
    """Return how many bytes of memory these processes take (RSS), for comparing with what they took before.

    Pages that forked workers share count for each. Counting what is private would see memory grow whenever a worker's
    garbage collection looks at what it has from its parent.
    """
    total = 0
    for pid in pids:
        with suppress(OSError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    return total
