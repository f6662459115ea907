"""Files and folders that no other account may read, hold or replace, whatever the umask."""

import os
from pathlib import Path
from typing import IO, Final

# The account that runs PostgreSQL for root has to get to its data; it can't list what is beside that.
ROOTS_MODE: Final = 0o711


def make_folder(folder: Path) -> None:
    """Make a folder and those on the way to it, or close one that is there."""
    mode = ROOTS_MODE if os.geteuid() == 0 else 0o700
    for missing in [parent for parent in reversed(folder.parents) if not parent.exists()]:
        missing.mkdir(mode=mode, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(mode)


def private(file: Path) -> IO[str]:
    """Open a file for writing that is closed to other accounts, also where it was open to them before."""

    def opener(path: str, flags: int) -> int:
        descriptor = os.open(path, flags, mode=0o600)
        os.fchmod(descriptor, 0o600)
        return descriptor

    return open(file, "w", opener=opener)
