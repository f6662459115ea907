"""gunicorn with the shipped settings and worker, serving a small application in the board's place."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.server import listeners
from tests.deployed import BACKEND, Replica
from tests.patience import LONG
from tests.servers import until

SETTINGS = BACKEND.parent / "docker" / "gunicorn.conf.py"
SERVICE_RESTART = 1012
TOO_BIG = 1009
# What would keep the test of a client that does not read waiting for 15 s.
SHORTER = "from app.server import listeners; listeners.SEND_TIMEOUT_MILLISECONDS = 1500"

APPLICATION = """
import asyncio, logging

log = logging.getLogger("application")

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        log.warning("lifespan ends")
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "http":
        if scope["path"] == "/fails":
            raise ValueError("on purpose")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        told = scope["client"][0] if scope["path"] == "/client" else scope["scheme"]
        await send({"type": "http.response.body", "body": told.encode()})
    else:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while scope["path"] == "/flood":
                async with asyncio.timeout(0.2):
                    await send({"type": "websocket.send", "text": "x" * 8192})
        except TimeoutError:
            log.warning("stalled")
        while (await receive())["type"] != "websocket.disconnect":
            pass

application.prepare = lambda: log.warning("prepared")
"""

HANDSHAKE = (
    b"GET /flood HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Gunicorn(Replica):
    """One that serves the small application, by the shipped settings and a line appended to them."""

    def __init__(self, folder, appended=""):
        (folder / "application.py").write_text(APPLICATION)
        settings = folder / "settings.py"
        settings.write_text(f"{SHORTER}\n{SETTINGS.read_text()}\n{appended}")
        environment = {"JWT_SECRET": "0123456789abcdef0123456789abcdef"}
        super().__init__(folder, "gunicorn", environment, workers=2, app="application:application", settings=settings)

    async def get(self, path="/", *, host="127.0.0.1", **options):
        """Answer a request."""
        async with httpx.AsyncClient(timeout=LONG) as client:
            return await client.get(f"http://{host}:{self.port}{path}", **options)

    async def ended(self):
        """Have it stop, and return its exit code and all that it logged."""
        await self.stop()
        return self.exit_code, [json.loads(line) for line in self.log_after()]

    def most_memory(self):
        """Return the most memory that its workers have had, in KB."""
        lines = [line for pid in self.workers for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))

    async def until_it_logs(self, text, *, times=1):
        """Wait for a line, or for several."""
        await until(lambda: sum(text in line for line in self.log_after()) >= times)


@asynccontextmanager
async def started(folder, appended=""):
    """Start one, and stop it in the end."""
    running = Gunicorn(folder, appended)
    running.launch()
    try:
        yield running
    finally:
        await running.stop()


@pytest.fixture
async def gunicorn(tmp_path):
    """A gunicorn both of whose workers answer: one that is stopped before has no lifespan to end."""
    async with started(tmp_path) as running:
        await running.until_it_logs(b"Application startup complete", times=2)
        yield running


def lifespans_ended(logged):
    return [entry["message"] for entry in logged].count("lifespan ends")


async def test_what_workers_share_is_prepared_once(gunicorn):
    """By gunicorn itself, before there is a worker."""
    _, logged = await gunicorn.ended()
    messages = [entry["message"] for entry in logged]

    assert messages.count("prepared") == 1
    assert messages.index("prepared") < next(n for n, said in enumerate(messages) if "Booting worker" in said)


async def test_a_stop_closes_every_socket_with_1012_and_ends_the_lifespans(gunicorn):
    """Clients know that they may come back soon, and each worker tidies up."""
    address = f"ws://127.0.0.1:{gunicorn.port}/"
    sockets = [await connect(address) for _ in range(6)]

    exit_code, logged = await gunicorn.ended()

    assert exit_code == 0
    for connection in sockets:
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
        assert closed.value.rcvd.code == SERVICE_RESTART
    assert lifespans_ended(logged) == 2


async def test_a_client_that_does_not_read_delays_no_stop(gunicorn):
    """The kernel gives it up, the worker goes on to the end of its lifespan."""
    with socket.create_connection(("127.0.0.1", gunicorn.port)) as client:
        client.sendall(HANDSHAKE)
        await gunicorn.until_it_logs(b"stalled")

        exit_code, logged = await gunicorn.ended()

    assert exit_code == 0
    assert lifespans_ended(logged) == 2


async def test_a_worker_that_is_just_forked_ends_with_the_others(tmp_path):
    """The signal reaches it although it has no handlers of its own yet; else gunicorn would wait 25 s and kill it."""
    slow = (
        "import time; shipped = post_fork; post_fork = lambda server, worker: (time.sleep(1), shipped(server, worker))"
    )
    async with started(tmp_path, slow) as running:
        await running.until_it_logs(b"Booting worker")

        exit_code, logged = await running.ended()

    assert exit_code == 0
    assert {entry["message"] for entry in logged if entry["logger"] == "application"} == {"prepared"}


async def test_messages_are_capped_and_not_compressed(gunicorn):
    """16 KiB pass, one byte more closes the socket with 1009; the offer to compress is declined."""
    async with connect(f"ws://127.0.0.1:{gunicorn.port}/") as connection:
        await connection.send("x" * 16 * 1024)
        await connection.send("x" * (16 * 1024 + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()

    assert closed.value.rcvd.code == TOO_BIG
    assert "Sec-WebSocket-Extensions" not in connection.response.headers


async def test_a_head_of_50_mb_is_refused_and_leaves_nothing_behind(gunicorn):
    """Also to a client that sends it all before it reads: it gets its answer, and no worker has grown by it."""
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 50_000_000 + b"\r\n\r\n"
    before = gunicorn.most_memory()
    reader, writer = await asyncio.open_connection("127.0.0.1", gunicorn.port)
    async with asyncio.timeout(LONG):
        writer.write(head)
        await writer.drain()
        answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"head_too_large"' in answer
    assert gunicorn.most_memory() - before < 10 * 1024


async def test_answers_do_not_name_the_server(gunicorn):
    """What version runs here is nobody's business."""
    answer = await gunicorn.get()

    assert "server" not in answer.headers


@pytest.mark.skipif(listeners.everywhere(1).startswith("0"), reason="this machine has no IPv6")
async def test_both_families_are_served(gunicorn):
    """A client of each is known by its plain address, and a trusted one may speak for others."""
    asked = {"X-Forwarded-Proto": "https"}

    assert (await gunicorn.get("/client")).text == "127.0.0.1"
    assert (await gunicorn.get("/client", host="[::1]")).text == "::1"
    assert (await gunicorn.get(headers=asked)).text == "https"
    assert (await gunicorn.get(host="[::1]", headers=asked)).text == "http"


async def test_a_trusted_proxy_tells_the_scheme(gunicorn):
    """This machine's own address is the one that is trusted by default."""
    answer = await gunicorn.get(headers={"X-Forwarded-Proto": "https"})

    assert answer.text == "https"


async def test_every_line_is_json_also_a_traceback(gunicorn):
    """Lines of gunicorn, of uvicorn and of the application come out alike, and none of them twice."""
    await gunicorn.get("/fails")

    _, logged = await gunicorn.ended()

    assert {entry["logger"] for entry in logged} >= {"gunicorn.error", "uvicorn.error", "application"}
    (failure,) = [entry for entry in logged if "exc_info" in entry]
    assert failure["exc_info"].endswith("ValueError")
    assert [entry["message"] for entry in logged].count("Handling signal: term") == 1
