"""Handshakes take turns, so that a crowd does not keep the event loop from everything else."""

import asyncio

from app.socket_protocol import Door


class Guest:
    """A connection that notes when its turn comes."""

    def __init__(self, name: str, said: list[str]) -> None:
        self.name, self.said = name, said

    def shake_hands(self, data: bytes) -> None:
        """Note who was let in, and with what."""
        self.said.append(f"{self.name}: {data.decode()}")


async def test_between_two_handshakes_others_have_their_turn():
    """They are let in one by one, in the order in which they came, and the next crowd as well."""
    said: list[str] = []
    door = Door(asyncio.get_running_loop())
    for _ in range(2):
        said.clear()
        for name in "abc":
            door.queue(Guest(name, said), b"hello")  # type: ignore[arg-type]
        for _ in range(3):
            await asyncio.sleep(0)
            said.append("-")

        assert said == ["a: hello", "-", "b: hello", "-", "c: hello", "-"]
