"""How many processors this process may use, and how many workers that is."""

import os
from pathlib import Path
from typing import Final

MAX_WORKERS: Final = 4

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def processors(quota: Path = CGROUP_QUOTA) -> int:
    """Return the processors that the scheduler and a container's quota (cgroup v2) grant, at least 1.

    A quota of one and a half processors counts as one: a second busy process would be throttled.
    """
    available = os.process_cpu_count() or 1
    try:
        limit, period = quota.read_text().split()
        granted = int(limit) // int(period)
    except (OSError, ValueError):
        # No cgroup v2 here, or "max": no quota.
        return available
    return max(1, min(available, granted))


def worker_count() -> int:
    """Return how many workers serve where `WEB_CONCURRENCY` does not say: one a processor, at most 4."""
    return min(processors(), MAX_WORKERS)
