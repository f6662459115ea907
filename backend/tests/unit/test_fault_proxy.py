"""The proxy that the fault tests and the browser tests cut: it outlives what it carries."""

import asyncio

from tests.proxy import Proxy


async def test_dropping_passes_over_an_end_that_is_closed():
    """One direction of a connection may have ended, while the other is still carried."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ends = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(2)]
    proxy = Proxy(("127.0.0.1", port))
    proxy.open |= set(ends)
    ends[0].close()
    await ends[0].wait_closed()

    proxy.drop()

    assert ends[1].transport.is_closing()
    server.close()
