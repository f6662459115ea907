"""Hashing passwords is slow on purpose, must not slow anything else down, and tells nobody who exists."""

import os
import sys
import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from app.services.identity import passwords


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux")
async def test_hashing_gives_way_to_everything_else(monkeypatch):
    """Its threads are nicer than the event loop's, which stays as it is."""
    niceness = []

    def note(_hasher: PasswordHasher, _password: str) -> str:
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return "a hash"

    monkeypatch.setattr(PasswordHasher, "hash", note)
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    await passwords.hash_password("a harbour of quiet lanterns")

    assert niceness == [passwords.NICENESS]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_nobodys_hash_costs_as_much_as_anybodys():
    """It is written down, since making one at each start would take longer than importing most libraries."""
    anybodys = passwords._hasher.hash("a harbour of quiet lanterns")  # noqa: SLF001

    assert extract_parameters(passwords.NOBODY) == extract_parameters(anybodys)
