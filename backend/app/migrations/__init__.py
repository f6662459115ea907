"""The database's schema as a chain of steps, inside the package so that the image can migrate.

This module has what every process needs to know about them. Importing Alembic takes a tenth of a second, so only the
commands that migrate do it: see upgrade.py.
"""

from pathlib import Path
from typing import Final

VERSIONS: Final = Path(__file__).parent / "versions"


def known() -> frozenset[str]:
    """Return every revision that this code knows. Each file's name begins with its number."""
    return frozenset(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def head() -> str:
    """Return the newest revision that this code knows."""
    return max(known())
