"""The numbers of PostgreSQL's advisory locks. They share one space, so all of them stand here.

Attempts to log in lock `hashtextextended(address, 0)` beside these; that one of 2^64 hashes meets one of these numbers
only makes two callers wait for each other.
"""

from typing import Final

MIGRATE: Final = 7_305_820_114_962_001
TIDY_UP: Final = 7_305_820_114_962_002
END_BLOCKERS: Final = 7_305_820_114_962_003
BUILD_INDEXES: Final = 7_305_820_114_962_004
