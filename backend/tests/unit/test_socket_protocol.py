"""Handshakes take turns, so that a crowd does not keep the event loop from everything else."""

import asyncio
from functools import partial

from app.socket_protocol import Door


async def test_between_two_handshakes_others_have_their_turn():
    """They are let in one by one, in the order in which they came, and the next crowd as well."""
    said: list[str] = []
    door = Door(asyncio.get_running_loop())
    for _ in range(2):
        said.clear()
        for name in "abc":
            door.queue(partial(said.append, name))
        for _ in range(3):
            await asyncio.sleep(0)
            said.append("-")

        assert said == ["a", "-", "b", "-", "c", "-"]
