"""How many processors this process can use, and how many web processes fit."""

import os
from pathlib import Path
from typing import Final

MAX_WORKERS: Final = 4

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def processors(quota: Path = CGROUP_QUOTA) -> int:
    """Return the processors granted by the scheduler and the container's quota (cgroup v2), at least 1.

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
    """Return the number of web processes if `WEB_CONCURRENCY` is unset: one for each processor, at most 4."""
    return min(processors(), MAX_WORKERS)
