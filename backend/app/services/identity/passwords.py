"""Password hashes: argon2id, outside the event loop, one at a time and in turns."""

import asyncio
import functools
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import TooBusy
from app.services.turns import Turns

# OWASP's Password Storage Cheat Sheet: argon2id with m = 19 MiB, t = 2, p = 1.
_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# The hash that a password for an unknown username is compared with, so that unknown and known names take equally long.
NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$I0+TDZLOx/7pTr8ZAgFLXg$EdIeDZ/m6JNUc0Vz9pFuK//F3A8HJdjgbZJSpiUV5gM"

MOST_WAITING: Final = 20
LONGEST_WAIT: Final = 5.0  # seconds
NICENESS: Final = 10  # gets a tenth of the processor time of others that need it


def _give_way() -> None:
    # Otherwise a flood of logins would slow down every request, and the database if it is on the same machine.
    if sys.platform == "linux":  # where each thread has its own niceness
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


# One at a time, because each needs 19 MiB. There is one process for each processor.
_threads: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="password", initializer=_give_way)

# Callers take turns, by address and then by account: see `attempts.attempt`.
turns: Final = Turns(at_once=1, most_waiting=MOST_WAITING, patience=LONGEST_WAIT, refusal=TooBusy.message)


async def _in_thread[R](work: Callable[[], R]) -> R:
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


def _normalised(password: str) -> str:
    # NIST SP 800-63B-4, 3.1.1.2: one keyboard composes an accented letter, another sends letter and accent.
    return unicodedata.normalize("NFC", password)


async def hash_password(password: str) -> str:
    """Return the argon2id hash of a password (PHC string, about 100 characters)."""
    return await _in_thread(functools.partial(_hasher.hash, _normalised(password)))


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def verify_password(password_hash: str | None, password: str) -> bool:
    """Tell whether the password matches the hash. None, for an unknown user, takes equally long and is False."""
    matches = await _in_thread(functools.partial(_verify, password_hash or NOBODY, _normalised(password)))
    return matches and password_hash is not None
