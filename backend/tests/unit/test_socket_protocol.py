"""Handshakes take turns, so that a crowd does not keep the event loop from everything else; and frames are shared."""

import asyncio
from functools import partial

import pytest
from websockets.protocol import State
from websockets.server import ServerProtocol

from app.api.live.connection import frame_of
from app.server.connections import HandshakeQueue


async def test_between_two_handshakes_others_have_their_turn():
    """They are let in one by one, in the order in which they came, and the next crowd as well."""
    said: list[str] = []
    queue = HandshakeQueue(asyncio.get_running_loop())
    for _ in range(2):
        said.clear()
        for name in "abc":
            queue.put(partial(said.append, name))
        for _ in range(3):
            await asyncio.sleep(0)
            said.append("-")

        assert said == ["a", "-", "b", "-", "c", "-"]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_shared_frame_is_the_librarys_own(length):
    """Byte for byte what `websockets` sends for the text on a connection of its own, at every length of a header."""
    text = ("\N{OCTOPUS}a" * length)[:length]
    connection = ServerProtocol(state=State.OPEN, max_size=None)
    connection.send_text(text.encode())

    assert frame_of(text.encode()) == b"".join(connection.data_to_send())
