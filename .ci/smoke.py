"""A smoke test of the stack that compose.yaml describes: two replicas of two workers each, on a board of their own.

    uv run --directory backend python ../.ci/smoke.py

It builds and starts the board under a project name of its own, lets two people use it, stops it, and reads the logs.
Whatever happens, it removes what it started.
"""

# ruff: noqa: INP001, S603, S607 -- a script, which runs Docker's client and nothing that came from elsewhere
# ruff: noqa: PLR2004 -- status codes of HTTP

import asyncio
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

# What the caller's environment says of the board would win over the stack's own file, so only this is passed on.
PASSED_ON = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "BUILDX_BUILDER")
ROOT = Path(__file__).resolve().parent.parent
REPLICAS = 2
SOCKETS_EACH = 6
POSTS = 24
SERVICE_RESTART = 1012
# Idle sockets close at once; only a client that does not read takes longer.
STOP_SECONDS = 10
# Signs that mean something in a URL, in a shell, in SQL or to Compose.
PASSWORD = 'p@ss/w:0rd?#%41&" $HOME'
# Without wake-ups a delivery waits for the next poll, half a second on average. A busy machine may delay a few.
MEDIAN_SECONDS = 0.25


def say(text: str) -> None:
    """Tell whoever watches how far it is."""
    print(f"smoke: {text}", flush=True)  # noqa: T201 -- this is what it is for


@dataclass
class Stack:
    """A compose project, the addresses of its replicas, and all that must never stand in its logs."""

    project: str
    env_file: Path
    ports: list[int]
    secrets: list[str] = field(default_factory=list)

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `docker compose` for this project. Its output is shown only where it fails."""
        command = ["docker", "compose", "--project-name", self.project, "--env-file", str(self.env_file), *arguments]
        environment = {name: value for name, value in os.environ.items() if name in PASSED_ON}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done

    def containers(self, service: str) -> list[str]:
        """Return the ids of a service's containers, also of those that have ended."""
        return self.compose("ps", "--all", "--quiet", service).stdout.split()

    def logs(self, service: str) -> str:
        """Return all that the containers of a service wrote."""
        return "".join(docker("logs", container) for container in self.containers(service))

    def sql(self, statement: str) -> str:
        """Return what the board's own role gets for a statement, columns separated by |."""
        arguments = ("--username=statusboard", "--dbname=statusboard", "--no-align", "--tuples-only", "--quiet")
        return self.compose("exec", "-T", "db", "psql", *arguments, "--command", statement).stdout.strip()

    def board(self, *arguments: str) -> str:
        """Run a `statusboard` command in a running container, as docs/ tell people to."""
        return self.compose("exec", "-T", "backend", "statusboard", *arguments).stdout


def docker(*arguments: str) -> str:
    """Run `docker`, and return what it printed, its standard error included."""
    done = subprocess.run(
        ["docker", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return done.stdout


def free_ports(count: int) -> list[int]:
    """Return ports in a row, as a port range needs them, that nobody listens on now."""
    for first in range(18000, 19000, count):
        ports = list(range(first, first + count))
        if all(is_free(port) for port in ports):
            return ports
    sys.exit("no free ports from 18000 to 19000")


def is_free(port: int) -> bool:
    """Tell whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def started() -> Iterator[Stack]:
    """Build and start the stack, and remove it when the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        ports = free_ports(REPLICAS)
        secret = secrets.token_hex(32)
        env_file = Path(folder, "env")
        env_file.write_text(
            f"JWT_SECRET={secret}\nPOSTGRES_PASSWORD='{PASSWORD}'\nPUBLISH=127.0.0.1:{ports[0]}-{ports[-1]}\nWEB_CONCURRENCY=2\nGITHUB_TOKEN=\n"
            f"PUBLIC_URL=http://127.0.0.1:{ports[0]}\nGIT_REVISION=smoke\n"
        )
        stack = Stack(f"statusboard-smoke-{secrets.token_hex(4)}", env_file, ports, [secret, PASSWORD])
        try:
            stack.compose("build", "backend")
            begin = time.monotonic()
            stack.compose("up", "--detach", "--wait", "--scale", f"backend={REPLICAS}")
            say(f"healthy {time.monotonic() - begin:.1f} s after `docker compose up`")
            yield stack
        finally:
            stack.compose("down", "--volumes", "--timeout", "5", check=False)


def check_missing_secret(stack: Stack) -> None:
    """Without JWT_SECRET, migrate and backend end with one sentence on the console."""
    empty = Path(stack.env_file.parent, "empty")
    empty.write_text("")
    other = Stack(f"{stack.project}-none", empty, [])
    for service, command in (("migrate", []), ("backend", [])):
        done = other.compose("run", "--rm", "--no-deps", "-T", service, *command, check=False)
        said = [line for line in done.stdout.splitlines() + done.stderr.splitlines() if "JWT_SECRET" in line]
        assert done.returncode != 0, f"{service} starts without JWT_SECRET"
        assert len(said) == 1, f"{service} says {done.stdout[-2000:]!r} {done.stderr[-2000:]!r}"
        assert "Traceback" not in done.stdout + done.stderr
    other.compose("down", "--volumes", check=False)


def check_confinement(stack: Stack) -> None:
    """PID 1 is gunicorn, without rights, on a root that can't be written."""
    script = (
        "id -u; tr '\\0' ' ' < /proc/1/cmdline; echo; grep CapEff /proc/self/status; touch /opt/x 2>&1; touch /tmp/x"
    )
    uid, first_process, capabilities, refusal, *_ = stack.compose(
        "exec", "-T", "backend", "sh", "-c", script
    ).stdout.splitlines()
    assert uid == "10001"
    assert "gunicorn" in first_process
    assert int(capabilities.split()[1], 16) == 0
    assert "Read-only file system" in refusal


def check_database(stack: Stack) -> None:
    """The board's role owns its database and is no superuser, and the superuser can't log in over the network."""
    facts = stack.sql("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
    assert facts == "f|f", facts
    command = f"PGPASSWORD='{PASSWORD}' psql --host=$(hostname -i) --username=postgres --command='SELECT 1' postgres"
    done = stack.compose("exec", "-T", "db", "sh", "-c", command, check=False)
    assert done.returncode != 0, "the superuser has a password"
    assert "password authentication failed" in done.stderr, done.stderr


def blocks(heading: str) -> list[str]:
    """Return the commands under a heading of docs/backup.md."""
    document = (ROOT / "docs/backup.md").read_text(encoding="utf-8")
    section = re.split(r"(?m)^## ", document.partition(f"\n## {heading}\n")[2])[0]
    return re.findall(r"(?ms)^```sh\n(.*?)^```", section)


def type_in(stack: Stack, commands: str, folder: Path, dump: str = "") -> subprocess.CompletedProcess[str]:
    """Run commands of a document as somebody types them who looks at this stack, with the name of a dump filled in."""
    environment = {name: value for name, value in os.environ.items() if name in PASSED_ON} | {
        "COMPOSE_PROJECT_NAME": stack.project,
        "COMPOSE_ENV_FILES": str(stack.env_file),
        "COMPOSE_FILE": str(ROOT / "compose.yaml"),
    }
    typed = re.sub(r"statusboard-\d{8}-\d{6}\.dump", dump, commands)
    return subprocess.run(["sh", "-c", typed], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def check_backup(stack: Stack) -> None:
    """The commands of docs/backup.md do what they say, typed twice or with half a dump, and destroy nothing."""
    (backup,), (restore, _), (trial,) = blocks("Backup"), blocks("Restore"), blocks("Try a backup")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = type_in(stack, backup, folder)
        (dump,) = folder.iterdir()
        assert f"{dump.name} is complete" in done.stdout, done.stderr
        stack.sql("DELETE FROM statuses")
        half = folder / "half.dump"
        half.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
        done = type_in(stack, restore, folder, half.name)
        assert done.returncode != 0, "half a dump was restored"
        assert stack.sql("SELECT count(*) FROM statuses") == "0"
        for _ in range(2):
            done = type_in(stack, restore, folder, dump.name)
            assert done.returncode == 0, done.stderr[-2000:]
            assert stack.sql("SELECT count(*) FROM statuses") == str(POSTS)
        kept = stack.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'before%'")
        assert kept == "2", kept
        done = type_in(stack, trial, folder, dump.name)
        assert "2 accounts" in done.stdout, done.stdout + done.stderr
        assert stack.sql("SELECT count(*) FROM pg_database WHERE datname = 'trial'") == "0"


@dataclass
class Person:
    """Somebody who is logged in."""

    name: str
    token: str


async def join(client: httpx.AsyncClient, stack: Stack, name: str, invite: str) -> Person:
    """Make an account and log in."""
    password = secrets.token_urlsafe(18)
    account = {"username": name, "display_name": name.title(), "password": password, "invite": invite}
    answer = await client.post("/api/v1/auth/register", json=account)
    assert answer.status_code == 201, answer.text
    answer = await client.post("/api/v1/auth/login", json={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    stack.secrets += [password, token, *answer.cookies.values()]
    return Person(name, token)


def setup_code(stack: Stack) -> str:
    """Return the code of the link that `migrate` logged, which must be logged once."""
    logs = stack.logs("migrate")
    codes = re.findall(r"/#setup=([A-Za-z0-9_-]+)", logs)
    assert len(codes) == 1, logs
    again = stack.board("setup-link")
    assert f"/#setup={codes[0]}" in again, again
    return codes[0]


@dataclass
class Reader:
    """One open socket, what came over it and when, and how it was closed."""

    request_id: str
    port: int
    connection: ClientConnection
    arrived: dict[str, float] = field(default_factory=dict)
    sequence: list[int] = field(default_factory=list)
    close_code: int | None = None

    def __post_init__(self) -> None:
        self.reading = asyncio.create_task(self.read())

    async def read(self) -> None:
        """Note what comes until the socket is closed."""
        try:
            while True:
                message = json.loads(await self.connection.recv())
                if message["type"] == "event":
                    self.sequence.append(message["seq"])
                    if message["kind"] == "status.posted":
                        self.arrived[message["data"]["message"]] = time.monotonic()
        except ConnectionClosed as closed:
            self.close_code = closed.rcvd.code if closed.rcvd else None


async def open_reader(port: int, person: Person, request_id: str) -> Reader:
    """Open a socket and wait until it is live."""
    connection = await connect(f"ws://127.0.0.1:{port}/api/v1/live", additional_headers={"X-Request-ID": request_id})
    await connection.send(json.dumps({"type": "auth", "token": person.token}))
    while json.loads(await asyncio.wait_for(connection.recv(), 5))["type"] != "ready":
        pass
    return Reader(request_id, port, connection)


async def post(port: int, person: Person, number: int) -> tuple[str, float]:
    """Post on a connection of its own, so that any worker may take it. Return the message and when its answer came."""
    message = f"Reviewed fastapi/fastapi#{number + 1}, blocked on octo/api#12"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.post(
            "/api/v1/statuses",
            json={"message": message, "category": "blocked"},
            headers={"Authorization": f"Bearer {person.token}", "X-Request-ID": f"smoke-post-{number}"},
        )
    assert answer.status_code == 201, answer.text
    return message, time.monotonic()


async def everyone_gets_everything(stack: Stack, ada: Person, bob: Person) -> list[Reader]:
    """Ada posts on every replica, Bob reads on every replica. Return his sockets, still open."""
    readers = await asyncio.gather(
        *(
            open_reader(port, bob, f"smoke-socket-{port}-{number}")
            for port in stack.ports
            for number in range(SOCKETS_EACH)
        )
    )
    answered = {}
    for number in range(POSTS):
        message, when = await post(stack.ports[number % REPLICAS], ada, number)
        answered[message] = when
    async with asyncio.timeout(5):
        while not all(len(reader.arrived) == POSTS for reader in readers):  # noqa: ASYNC110 -- many readers, one wait
            await asyncio.sleep(0.01)
    delays = sorted(reader.arrived[message] - when for reader in readers for message, when in answered.items())
    median, latest = (f"{seconds * 1000:.0f} ms" for seconds in (delays[len(delays) // 2], delays[-1]))
    say(f"{len(delays)} deliveries, median {median} and latest {latest} after the answer to the post")
    assert delays[len(delays) // 2] < MEDIAN_SECONDS
    for reader in readers:
        first = reader.sequence[0]
        assert reader.sequence == list(range(first, first + POSTS)), reader.sequence
    return list(readers)


async def use(stack: Stack) -> None:
    """Do what a team does: make accounts, read, post; then stop the board and look at what it left."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stack.ports[0]}") as client:
        ready = (await client.get("/api/v1/ready")).json()
        assert ready["revision"] == "smoke", ready
        ada = await join(client, stack, "ada", setup_code(stack))
        answer = await client.post("/api/v1/invites", json={}, headers={"Authorization": f"Bearer {ada.token}"})
        assert answer.status_code == 201, answer.text
        stack.secrets.append(answer.json()["code"])
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stack.ports[1]}") as client:
        bob = await join(client, stack, "bob", answer.json()["code"])
    use_commands(stack)
    readers = await everyone_gets_everything(stack, ada, bob)
    await stop(stack, readers)
    check_logs(stack, readers)


def use_commands(stack: Stack) -> None:
    """The commands of docs/, in a running container."""
    stack.board("doctor")
    for arguments in (["create-invite"], ["reset-password", "bob"]):
        printed = stack.board(*arguments)
        codes = re.findall(r"#\w+=([A-Za-z0-9_-]+)", printed)
        assert codes, printed
        stack.secrets += codes


def check_worker(stack: Stack) -> None:
    """The second process type runs without a token too, says once what it leaves undone, and ends at SIGTERM with 0."""
    (container,) = stack.containers("worker")
    assert docker("inspect", "--format", "{{.State.Health.Status}}", container).strip() == "healthy"
    stack.compose("stop", "worker")
    entries = [json.loads(line) for line in docker("logs", container).splitlines()]
    state = docker("inspect", "--format", "{{.State.ExitCode}} {{.RestartCount}}", container)
    assert state.strip() == "0 0", state
    assert [entry["level"] for entry in entries] == ["INFO"] * 3, entries
    assert "Titles are off" in entries[1]["message"], entries


async def stop(stack: Stack, readers: list[Reader]) -> None:
    """SIGTERM to every replica: each socket gets 1012, and each container ends with 0."""
    begin = time.monotonic()
    await asyncio.to_thread(stack.compose, "stop", "backend")
    took = time.monotonic() - begin
    await asyncio.wait_for(asyncio.gather(*(reader.reading for reader in readers)), 5)
    say(f"stopped in {took:.1f} s")
    assert took < STOP_SECONDS
    assert {reader.close_code for reader in readers} == {SERVICE_RESTART}
    for container in stack.containers("backend"):
        state = docker("inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", container)
        assert state.strip() == "0 false", state


def check_logs(stack: Stack, readers: list[Reader]) -> None:
    """Every line is JSON, none holds a secret, and a post of one worker came out of a socket of another."""
    worker_of: dict[str, tuple[str, int]] = {}
    everything = stack.logs("migrate")
    for container in stack.containers("backend"):
        logs = docker("logs", container)
        everything += logs
        for line in logs.splitlines():
            entry = json.loads(line)
            if "request_id" in entry:
                worker_of[entry["request_id"]] = (container, entry["pid"])
    for secret in stack.secrets:
        assert secret not in everything, f"the logs hold a secret: {secret[:4]}…"
    posted = {worker_of[f"smoke-post-{number}"] for number in range(POSTS)}
    read = {worker_of[reader.request_id] for reader in readers}
    say(f"posts were handled by {len(posted)} workers, sockets were held by {len(read)}")
    assert any(of_post[0] == of_socket[0] and of_post != of_socket for of_post in posted for of_socket in read), (
        "no post crossed from one worker to another of its replica"
    )


def main() -> None:
    """Run the whole test."""
    with started() as stack:
        check_missing_secret(stack)
        check_confinement(stack)
        check_database(stack)
        check_worker(stack)
        asyncio.run(use(stack))
        check_backup(stack)
    say("passed")


if __name__ == "__main__":
    main()
