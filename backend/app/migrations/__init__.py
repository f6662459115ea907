"""The database's schema as a chain of steps, inside the package so that the image can migrate.

Here is what every process knows of them. Alembic, which takes a tenth of a second to import, is for who migrates: see
upgrade.py.
"""

from pathlib import Path
from typing import Final

VERSIONS: Final = Path(__file__).parent / "versions"


def known() -> frozenset[str]:
    """Return every revision that this code knows: each file is named by its number, in a row."""
    return frozenset(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def head() -> str:
    """Return the newest revision that this code knows."""
    return max(known())
