"""What the stand asks the operating system about processes and ports. Linux tells it in /proc."""

import os
import signal
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, below those that the kernel gives to outgoing connections.

    One of those could be taken while its server restarts.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in range(10_000 + os.getpid() % 10_000, lowest):
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
    """Return how many bytes of memory these processes have to themselves, without the pages that they share."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))
    return total
