"""One status to 1,000 and 5,000 open sockets: deliveries a second, and when the last one has it.

    uv run --directory backend python -m benchmarks.fanout [--quick] [--write] [--sockets 1000,5000]

The floor is a C program that calls write() for each socket (`fanout.c`, which a C compiler makes); the sockets are
another one on the other processor. The next event is sent when everyone has the last.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.relay import EVENT
from benchmarks.rounds import Contender, Turn, arguments, compare, rates, show
from benchmarks.stand import FOR_LOAD, FOR_SERVERS, Board, board, uvicorn_command
from tests.deployed import Replica
from tests.processes import free_port

PEERS = {
    "FastAPI, send_text one by one": "fastapi_one_by_one",
    "FastAPI, send_text gathered": "fastapi_gathered",
}
LIBRARY = "`websockets`, broadcast"
NEEDED = 20_000  # open files


def compiled(folder: Path) -> Path:
    """Return the program, made anew."""
    program = folder / "fanout"
    command = ["cc", "-O2", "-o", str(program), str(Path(__file__).with_name("fanout.c"))]
    subprocess.run(command, check=True)
    return program


@dataclass(frozen=True)
class Party:
    """A server: where its sockets are opened and with what first message, and where the next event is asked for."""

    name: str
    port: int
    control: int
    path: str = "/"
    first: str = ""


def follower(program: Path, party: Party, sockets: int) -> Contender:
    """Return one whose sockets are opened anew for each turn."""

    async def turn(seconds: float) -> Turn:
        command = ["taskset", "--cpu-list", str(FOR_LOAD), str(program), "follow"]
        command += [str(party.port), party.path, str(party.control), str(sockets), str(seconds), party.first]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: ASYNC221 -- alone
        await asyncio.sleep(1)  # until the server has closed them
        rate, p50, p99 = map(float, said.split())
        return Turn(rate, p50, p99)

    return Contender(party.name, turn, "≥ 0.65" if party.first else "")


@asynccontextmanager
async def listening(command: list[str], party: Party) -> AsyncIterator[None]:
    """Run a server whose ports alone tell that it is there."""
    async with AsyncExitStack() as stack:
        process = subprocess.Popen(  # noqa: ASYNC220 -- before anything runs that it could hold up
            ["taskset", "--cpu-list", str(FOR_SERVERS), *command],
            env={**os.environ, "CONTROL": str(party.control)},
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        async with asyncio.timeout(10):
            for where in (party.port, party.control):
                while not await _is_open(where):
                    await asyncio.sleep(0.05)
        yield


async def _is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def lasting_token(replica: Replica, token: str) -> str:
    """Return an API token, whose sockets are not closed under way."""
    async with replica.client(token) as client:
        made = await client.post("/tokens", json={"name": "fan-out", "scopes": ["read"]})
        return str(made.raise_for_status().json()["token"])


async def parties(stack: AsyncExitStack, program: Path, running: Board, control: int) -> list[Party]:
    """Start everyone, the floor first and the board last."""
    floor = Party("C, write() for each socket", free_port(), free_port())
    command = [str(program), "serve", str(floor.port), str(floor.control), EVENT]
    await stack.enter_async_context(listening(command, floor))
    library = Party(LIBRARY, free_port(), free_port())
    command = [sys.executable, "-m", "benchmarks.relay", str(library.port)]
    await stack.enter_async_context(listening(command, library))
    found = [floor, library]
    for name, app in PEERS.items():
        peer = Party(name, free_port(), free_port())
        command = uvicorn_command(f"benchmarks.relay:{app}", peer.port)
        command[-1:-1] = ["--backlog", "4096", "--ws-per-message-deflate", "false", "--ws", "websockets-sansio"]
        await stack.enter_async_context(listening(command, peer))
        found.append(peer)
    replica = await stack.enter_async_context(running.replica(app="benchmarks.relay:board"))
    token = await lasting_token(replica, await running.log_in(replica))
    port = int(replica.address.partition(":")[2])
    return [*found, Party("the board", port, control, "/api/v1/live", f'{{"type":"auth","token":"{token}"}}')]


async def measure(*, sizes: list[int], quick: bool, write: bool) -> None:
    """Measure, and show a table for each number of sockets."""
    control = free_port()
    with tempfile.TemporaryDirectory() as folder, board(CONTROL=str(control)) as running:
        program = compiled(Path(folder))
        async with AsyncExitStack() as stack:
            everyone = await parties(stack, program, running, control)
            for size in sizes:
                those = [follower(program, party, size) for party in everyone]
                turns = await compare(those, rounds=1 if quick else 3, seconds=1 if quick else 2)
                title = f"One status to {size:,} open sockets; the rate is of deliveries"
                show(f"fanout-{size}", f"{title}\n\n{rates(those, turns)}", write=write)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--sockets", default="1000,5000", help="how many, divided by commas")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, NEEDED), most))
    wanted = [int(size) for size in options.sockets.split(",")]
    asyncio.run(measure(sizes=wanted, quick=options.quick, write=options.write))
