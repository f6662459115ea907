"""Addresses of a database in the forms that providers hand out, against a PostgreSQL with TLS and a CA of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from app.database import KEEPALIVES, SESSION_GUARDS
from app.embedded import programs
from app.migrations.upgrade import PROBE
from tests.faults.cluster import NAME, Cluster
from tests.processes import free_port
from tests.subprocesses import SECRET, run_python

PGBOUNCER: Final = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"

pytestmark = pytest.mark.skipif(programs.PACKAGE is None, reason="the image, where PostgreSQL is not installed")

# Says whether its connection is encrypted and which certificate the server saw: the board's own engine, then the one
# that the scaffold makes.
CONNECT: Final = """
import asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from app.config import settings
from app.database import async_engine

async def ask(engine):
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
        print(*rows.one())
    await engine.dispose()

async def main():
    await ask(async_engine)
    if "verify" not in str(settings.database_arguments):
        await ask(create_async_engine(settings.DATABASE_URL, echo=False))

asyncio.run(main())
"""
COMMAND: Final = "import sys; sys.argv = ['statusboard', '{}']; from app.cli import main; main()"
MIGRATE, DOCTOR = COMMAND.format("migrate"), COMMAND.format("doctor")
TABLES: Final = """
import asyncio
from sqlalchemy import text
from app.database import async_engine

async def main():
    async with async_engine.connect() as connection:
        print(await connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")))
    await async_engine.dispose()

asyncio.run(main())
"""


def needs(tool: str) -> pytest.MarkDecorator:
    """Skip a test on a machine without a program, unless CI says that it has installed it."""
    missing = shutil.which(tool) is None and "TOOLS_MUST_BE_THERE" not in os.environ
    return pytest.mark.skipif(missing, reason=f"{tool} is not installed")


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in a folder."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S603, S607 -- a test's


def make_ca(folder: Path, name: str) -> None:
    """Make a certificate authority."""
    into = ("-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *into)


def sign(folder: Path, name: str, subject: str, extension: str = "") -> None:
    """Make a key, and a certificate that the folder's `ca` has signed."""
    into = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", *into)
    (folder / f"{name}.ext").write_text(extension)
    by = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", f"{name}.ext")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", "-days", "2", *by)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that other accounts may enter, unlike pytest's own: PostgreSQL never runs as root."""
    folder = Path(tempfile.mkdtemp(prefix="statusboard-urls-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the test's own."""
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA, another CA, and certificates of a server and of a board."""
    folder = tmp_path_factory.mktemp("files")
    make_ca(folder, "ca")
    make_ca(folder, "other")
    sign(folder, "server", "/CN=localhost", "subjectAltName=DNS:localhost")
    sign(folder, "board", f"/CN={NAME}")
    return folder


@pytest.fixture(scope="module")
def server(files: Path) -> Iterator[Cluster]:
    """A server whose certificate is for `localhost`. It wants TLS of everyone who doesn't come by its socket."""
    tls = ("ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key", "ssl_ca_file=ca.crt")
    with open_folder() as folder, running(Cluster(folder / "cluster", "fsync=off", *tls), files) as cluster:
        yield cluster


@contextmanager
def running(cluster: Cluster, files: Path) -> Iterator[Cluster]:
    """Run a server with its certificate."""
    cluster.create()
    for name in ("server.crt", "server.key", "ca.crt"):
        copy = cluster.data / name
        copy.write_bytes((files / name).read_bytes())
        copy.chmod(0o600)
        cluster.programs.account.own(copy)
    (cluster.data / "pg_hba.conf").write_text("local all all scram-sha-256\nhostssl all all all scram-sha-256\n")
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


def who(server: Cluster) -> str:
    """Return the user and the password as they stand in the server's URL."""
    return server.url().removeprefix("postgresql+asyncpg://").partition("@")[0]


def ask(url: str, code: str = CONNECT) -> subprocess.CompletedProcess[str]:
    """Run code with this DATABASE_URL."""
    return run_python(code, DATABASE_URL=url, JWT_SECRET=SECRET)


# Forms that providers document, with `WHO`, `PORT`, `SOCKET` and `FILES` for what differs here.
FORMS: Final = {
    "Heroku": "postgres://WHO@localhost:PORT/NAME",
    "Fly": "postgres://WHO@localhost:PORT/NAME?sslmode=prefer",
    "Render": "postgresql://WHO@localhost:PORT/NAME",
    "Railway": "postgresql://WHO@localhost:PORT/NAME?sslmode=require",
    "RDS": "postgresql://WHO@localhost:PORT/NAME?sslmode=verify-full&sslrootcert=FILES/ca.crt",
    "Neon": "postgresql://WHO@localhost:PORT/NAME?sslmode=require&channel_binding=require",
    "Supabase": "postgresql://WHO@localhost:PORT/NAME?sslmode=verify-ca&sslrootcert=FILES/ca.crt",
    "CloudNativePG": "postgresql://WHO@localhost:PORT/NAME?application_name=board&sslmode=require",
    "Azure": "postgresql+asyncpg://WHO@localhost:PORT/NAME?ssl=require",
    "DigitalOcean": "postgresql://WHO@localhost:PORT/NAME?sslmode=require&target_session_attrs=read-write",
    "several hosts": "postgresql://WHO@127.0.0.1:1,localhost:PORT/NAME?target_session_attrs=primary&sslmode=require",
    "a socket": "postgresql://WHO@/NAME?host=SOCKET&port=PORT",
    "a certificate": "postgresql://WHO@localhost:PORT/NAME?sslmode=require&sslcert=FILES/board.crt&sslkey=FILES/board.key",
}


def filled(form: str, server: Cluster, files: Path) -> str:
    """Return a form with the server's own values."""
    values = {"WHO": who(server), "PORT": server.port, "NAME": NAME, "SOCKET": server.folder, "FILES": files}
    for name, value in values.items():
        form = form.replace(name, str(value))
    return form


@needs("openssl")
@pytest.mark.parametrize("form", FORMS)
def test_urls_work_as_providers_hand_them_out(form: str, server: Cluster, files: Path):
    """The board's engine connects, encrypted where that is asked for, and so does the scaffold's own."""
    process = ask(filled(FORMS[form], server, files))
    seen = set(process.stdout.split("\n")[:-1])

    assert process.returncode == 0, process.stderr
    assert seen <= ({"False None"} if form == "a socket" else {"True None", f"True /CN={NAME}"})
    assert (f"True /CN={NAME}" in seen) == (form == "a certificate")


# Parameters that this server can't meet.
WRONG: Final = {
    "no TLS at all": "localhost:PORT/NAME?sslmode=disable",
    "another CA": "localhost:PORT/NAME?sslmode=verify-ca&sslrootcert=FILES/other.crt",
    "require checks a CA that is given": "localhost:PORT/NAME?sslmode=require&sslrootcert=FILES/other.crt",
    "another name": "127.0.0.1:PORT/NAME?sslmode=verify-full&sslrootcert=FILES/ca.crt",
    "a CA that the system doesn't know": "localhost:PORT/NAME?sslrootcert=system",
}


@needs("openssl")
@pytest.mark.parametrize("rest", WRONG)
def test_a_server_that_is_not_what_the_url_asks_for_is_not_used(rest: str, server: Cluster, files: Path):
    """Each mode means what it means to libpq."""
    process = ask(filled(f"postgresql://WHO@{WRONG[rest]}", server, files))

    assert process.returncode != 0
    assert "True" not in process.stdout


@contextmanager
def pgbouncer(server: Cluster, folder: Path, *settings: str) -> Iterator[str]:
    """Run a real PgBouncer in front of the server, and yield the board's address through it."""
    port, (user, _, password) = free_port(), who(server).partition(":")
    (folder / "users.txt").write_text(f'"{user}" "{password}"\n')
    lines = [
        "[databases]",
        f"{NAME} = host={server.folder} port={server.port}",
        "[pgbouncer]",
        "listen_addr = 127.0.0.1",
        f"listen_port = {port}",
        "unix_socket_dir =",
        "auth_type = scram-sha-256",
        f"auth_file = {folder / 'users.txt'}",
        *settings,
    ]
    (folder / "pgbouncer.ini").write_text("\n".join(lines))
    for path in (folder, *folder.iterdir()):
        server.programs.account.own(path)
    with (folder / "pgbouncer.log").open("wb") as log:
        process = server.programs.start(PGBOUNCER, folder / "pgbouncer.ini", output=log.fileno())
    try:
        while "process up" not in (said := (folder / "pgbouncer.log").read_text()):
            assert process.poll() is None, said
            time.sleep(0.02)
        yield f"postgresql://{user}:{password}@127.0.0.1:{port}/{NAME}"
    finally:
        process.terminate()
        process.communicate()


GUARDS: Final = f"ignore_startup_parameters = {','.join(['jit', PROBE, *SESSION_GUARDS, *KEEPALIVES])}"


@needs("pgbouncer")
@pytest.mark.parametrize("settings", [(), ("pool_mode = transaction", GUARDS), ("pool_mode = session", GUARDS)])
def test_a_pooler_is_refused_before_anything_is_migrated(settings: tuple[str, ...], server: Cluster, folder: Path):
    """Whether it refuses the board's time limits or drops them in silence; the sentence says what to use instead."""
    with pgbouncer(server, folder, *settings) as url:
        migrate, doctor = ask(url, MIGRATE), ask(url, DOCTOR)
    tables = ask(filled(FORMS["a socket"], server, folder), TABLES)

    assert migrate.returncode != 0
    assert "connection pooler" in migrate.stderr
    assert "Traceback" not in migrate.stderr
    assert doctor.returncode != 0
    assert tables.stdout == "0\n"
