"""Files and folders that no other account can read, lock or replace, whatever the umask."""

import os
from pathlib import Path
from typing import IO, Final

# The account that runs PostgreSQL for root must reach its data, but can't list the files beside it.
ROOTS_MODE: Final = 0o711


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, or restrict the rights of an existing one."""
    mode = ROOTS_MODE if os.geteuid() == 0 else 0o700
    for missing in [parent for parent in reversed(folder.parents) if not parent.exists()]:
        missing.mkdir(mode=mode, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(mode)


def private(file: Path) -> IO[str]:
    """Open a file for writing that other accounts can't open, even if they could before."""

    def opener(path: str, flags: int) -> int:
        descriptor = os.open(path, flags, mode=0o600)
        os.fchmod(descriptor, 0o600)
        return descriptor

    return open(file, "w", opener=opener)
