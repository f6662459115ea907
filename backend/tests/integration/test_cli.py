"""The `statusboard` command, as a process, on this test's database. `up` has a file of its own."""

import asyncio
import json
import re
import secrets
import subprocess
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from app import __version__
from app.cli import main
from app.models import Invite
from app.services import job_reports
from app.services.job_reports import Report
from tests.clock import let_pass
from tests.logins import OTHER_PASSWORD, log_in
from tests.personas import PASSWORD, Persona
from tests.servers import serve, until
from tests.subprocesses import SECRET, run_python

COMMAND = "from app.cli import main; main(prog_name='statusboard')"
NOWHERE = "postgresql+asyncpg://board:hunter2hunter2@127.0.0.1:1/board"


@pytest.fixture
def statusboard(database_url: str, monkeypatch: pytest.MonkeyPatch):
    """Run a command with this test's database and the secret that the app in this process has."""
    monkeypatch.setattr("app.config.settings.JWT_SECRET", SECRET)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {"DATABASE_URL": database_url, "JWT_SECRET": SECRET, "PUBLIC_URL": "https://board.test"}
        return run_python(COMMAND, *arguments, **(settings | environment))

    return run


@pytest.fixture
async def empty(db: AsyncSession) -> AsyncSession:
    """This test's database before its migrations."""
    await db.execute(text("DROP SCHEMA public CASCADE"))
    await db.execute(text("CREATE SCHEMA public"))
    await db.commit()
    return db


def said(process: subprocess.CompletedProcess[str]) -> str:
    """Return what a successful command printed."""
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return process.stdout.strip()


def refused(process: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence with which a command ended."""
    assert process.returncode == 1, process.stdout
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1, process.stderr
    assert process.stderr.startswith("Error: ")
    return process.stderr.removeprefix("Error: ").strip()


async def register(client: httpx.AsyncClient, username: str, invite: str) -> httpx.Response:
    body = {"username": username, "display_name": username, "password": PASSWORD, "invite": invite}
    return await client.post("/api/v1/auth/register", json=body)


async def test_the_set_up_link_makes_the_first_account(client: httpx.AsyncClient, statusboard):
    """It is the same each time it is asked for, until there is an account; then the next step is named."""
    first, second = said(statusboard("setup-link")), said(statusboard("setup-link"))
    address, _, code = first.partition("/#setup=")
    response = await register(client, "ada", code)
    afterwards = refused(statusboard("setup-link"))

    assert first == second
    assert address == "https://board.test"
    assert (response.status_code, response.json()["role"]) == (201, "admin")
    assert "statusboard create-invite" in afterwards


async def test_an_invite_is_made_on_the_command_line(
    client: httpx.AsyncClient, ada: Persona, statusboard, db: AsyncSession
):
    """For one person within a week, or as the options say."""
    usual = said(statusboard("create-invite"))
    said(statusboard("create-invite", "--uses", "20", "--days", "30"))
    address, _, code = usual.partition("/#invite=")
    response = await register(client, "bob", code)

    rows = (await db.execute(select(Invite.uses, Invite.expires_at - Invite.created_at).order_by(Invite.id))).all()
    assert address == "https://board.test"
    assert response.status_code == 201
    assert [uses for uses, _ in rows] == [1, 20]
    assert [round(lifetime / timedelta(days=1)) for _, lifetime in rows] == [7, 30]


def test_before_the_first_account_nobody_is_invited(statusboard):
    """An invite would make a board without an admin."""
    assert "statusboard setup-link" in refused(statusboard("create-invite"))


async def test_a_password_is_reset_on_the_command_line(client: httpx.AsyncClient, ada: Persona, statusboard):
    """The way back in for an admin who has forgotten hers: a link, whoever's name is written how."""
    address, _, code = said(statusboard("reset-password", "ADA")).partition("/#reset=")
    response = await client.post("/api/v1/auth/reset", json={"code": code, "new_password": OTHER_PASSWORD})

    assert address == "https://board.test"
    assert response.status_code == 204
    assert (await log_in(client, "ada", OTHER_PASSWORD)).status_code == 200


@pytest.mark.parametrize("name", ["nobody", "\udcff"])
def test_nobodys_password_is_not_reset(statusboard, name):
    """Also where the terminal sends bytes that are no UTF-8."""
    assert "no member with that username" in refused(statusboard("reset-password", name))


async def test_migrate_makes_the_schema_and_logs_the_link_once(empty: AsyncSession, statusboard):
    """In JSON lines, as the server's; a second time there is nothing to do, and the link was written already."""
    first = [json.loads(line) for line in said(statusboard("migrate")).splitlines()]
    second = said(statusboard("migrate"))
    link = said(statusboard("setup-link"))

    (line,) = [line for line in first if "#setup=" in line["message"]]
    assert link in line["message"]
    assert line["level"] == "INFO"
    assert "#setup=" not in second
    assert await empty.scalar(text("SELECT count(*) FROM users")) == 0


async def test_two_that_migrate_at_once_do_not_meet(empty: AsyncSession, statusboard):
    """The second waits for the first; the link is written by one of them."""
    both = await asyncio.gather(*[asyncio.to_thread(statusboard, "migrate") for _ in range(2)])

    assert "".join(map(said, both)).count("#setup=") == 1


async def test_doctor_is_content(ada: Persona, statusboard):
    """Each line begins with ok, but for the tests' role, which is a superuser; no secret is shown, only its length."""
    lines = said(statusboard("doctor")).splitlines()

    assert {line for line in lines if not line.startswith("ok  ")} <= {
        "WARN  The board uses a database superuser, who can run programs on the database's host: see docs/upgrade.md"
    }
    assert f"ok    JWT_SECRET has {len(SECRET)} characters" in lines
    assert any("PostgreSQL 17 at" in line for line in lines)
    assert any("1 accounts" in line for line in lines)
    assert SECRET not in str(lines)


def test_doctor_shows_the_link_of_a_new_board(statusboard):
    """Who asks what is wrong with a board where nobody can log in is told."""
    assert said(statusboard("setup-link")) in said(statusboard("doctor"))


def test_doctor_tells_what_to_do(empty: AsyncSession, statusboard):
    """About a schema that is missing, and a secret that is short."""
    process = statusboard("doctor", JWT_SECRET="test-secret")

    assert process.returncode == 1
    assert "FIX   The database doesn't have this version's schema. Run: statusboard migrate" in process.stdout
    assert "FIX   JWT_SECRET has fewer than 32 bytes" in process.stdout
    assert "test-secret" not in process.stdout


async def test_doctor_shows_each_job(db: AsyncSession, statusboard):
    """When it last succeeded; one that fails, and why, is a problem."""
    minutes = lambda count: timedelta(minutes=count, seconds=1)  # noqa: E731
    await job_reports.write(
        db,
        [
            Report("github", succeeded=minutes(180), failed=minutes(5), failure="it took longer than 60 s"),
            Report("housekeeping", succeeded=minutes(12), failed=minutes(13), failure="KeyError"),
            Report("new"),
            Report("newer", failed=minutes(1), failure="KeyError"),
        ],
    )
    process = statusboard("doctor")
    lines = process.stdout.splitlines()

    assert process.returncode == 1
    assert [line for line in lines if "job" in line] == [
        (
            "FIX   The worker's job github failed 5 minutes ago: it took longer than 60 s. "
            "It last succeeded 3 hours ago. See the worker's log"
        ),
        "ok    The worker's job housekeeping last succeeded 12 minutes ago",
        "ok    The worker's job new has not run yet",
        "FIX   The worker's job newer failed just now: KeyError. It has not succeeded yet. See the worker's log",
    ]


async def test_doctor_misses_a_worker(db: AsyncSession, database_url: str, statusboard):
    """Where a board runs without one; a database that nobody serves needs none, such as a restored backup."""
    await job_reports.write(db, [Report("housekeeping")])
    with_one = statusboard("doctor").stdout
    await let_pass(db, timedelta(minutes=3))
    nobody_serves = said(statusboard("doctor"))
    async with serve() as server:
        await until(lambda: server.sockets.feed.connected)
        without = statusboard("doctor")

    assert "No worker" not in with_one + nobody_serves
    assert without.returncode == 1
    assert "FIX   No worker is running" in without.stdout
    assert "`docker compose up --detach worker`" in without.stdout


@pytest.mark.parametrize("change", [{"host": "127.0.0.1", "port": 1, "query": {}}, {"database": "nowhere"}])
def test_doctor_finds_no_database(statusboard, database_url, change):
    """No server, or none of that name on it: the place is named and the reason given, the password not."""
    url = make_url(database_url).set(**change)
    process = statusboard("doctor", DATABASE_URL=url.render_as_string(hide_password=False))

    assert process.returncode == 1
    assert "can't be used" in process.stdout
    assert "Traceback" not in process.stderr
    assert url.password is None or f":{url.password}@" not in process.stdout + process.stderr


async def test_doctor_warns_of_a_superuser_who_is_reached_over_the_network(
    database_url: str, db: AsyncSession, ada: Persona, statusboard
):
    """A role that only owns the database gets no warning, nor does one on the server's own socket."""
    over_the_network = await db.scalar(text("SELECT inet_server_addr() IS NOT NULL"))
    role = f"plain_{secrets.token_hex(4)}"
    await db.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'"))
    await db.execute(text(f"GRANT pg_read_all_data TO {role}"))
    await db.commit()
    try:
        plain = make_url(database_url).set(username=role, password=role).render_as_string(hide_password=False)
        of_plain = statusboard("doctor", DATABASE_URL=plain if over_the_network else database_url)
    finally:
        await db.execute(text(f"REVOKE pg_read_all_data FROM {role}"))
        await db.execute(text(f"DROP ROLE {role}"))
        await db.commit()

    assert ("superuser" in said(statusboard("doctor"))) == over_the_network
    assert "superuser" not in said(of_plain)


@pytest.mark.parametrize(("password", "warns"), [("statusboard", True), ("hunter2hunter2", False), ("", False)])
def test_doctor_warns_of_the_published_password(statusboard, password, warns):
    """Compose passes it on beside the address, where it is not set in .env."""
    process = statusboard("doctor", DATABASE_URL="postgresql+asyncpg://u@127.0.0.1:1/b", PGPASSWORD=password)

    assert ("WARN  The database still has the default password" in process.stdout) == warns
    assert "hunter2" not in process.stdout


def test_migrate_names_the_password_that_compose_passed_on(statusboard, database_url: str):
    """Whoever made a new .env for an old volume is told which variable is wrong, and at once."""
    stranger = make_url(database_url).set(username="stranger", password=None).render_as_string()
    sentence = refused(statusboard("migrate", DATABASE_URL=stranger, PGPASSWORD="hunter2hunter2"))

    assert "refuses DATABASE_URL" in sentence
    assert "POSTGRES_PASSWORD" in sentence
    assert "hunter2" not in sentence


def test_a_certificate_that_is_missing_ends_in_a_sentence(statusboard, database_url: str):
    """The driver refuses such a URL by itself, before it connects."""
    url = make_url(database_url).set(query={"ssl": "verify-full"}).render_as_string(hide_password=False)
    if make_url(database_url).host is None:
        url = url.replace("///", "//localhost/")

    assert "root certificate" in refused(statusboard("migrate", DATABASE_URL=url))


@pytest.mark.parametrize("command", [["doctor"], ["migrate"], ["worker"], ["setup-link"], ["demo"], ["create-invite"]])
def test_a_variable_of_the_driver_that_is_wrong_ends_in_a_sentence(statusboard, database_url: str, command):
    """No traceback, whichever command it is; `wait` asks no database."""
    sentence = refused(statusboard(*command, DATABASE_URL="postgresql+asyncpg://board@db/board", PGPORT="abc"))

    assert sentence.startswith("DATABASE_URL can't be used while PGPORT has a value")


@pytest.mark.parametrize("command", sorted(main.commands))
def test_help_is_written_for_people(statusboard, command):
    """No control characters or their escapes, nothing wider than the terminal; a list keeps its lines."""
    process = statusboard(command, "--help", COLUMNS="80", NO_COLOR="1")
    shown = said(process)

    assert "\\" not in shown
    assert all(character.isprintable() for character in shown.replace("\n", ""))
    assert max(map(len, shown.splitlines())) <= 80
    assert command != "wait" or re.search(r"\n    124  --timeout", shown)


def test_without_a_database_a_command_ends_in_a_sentence(statusboard):
    """No traceback, no password."""
    sentence = refused(statusboard("reset-password", "ada", DATABASE_URL=NOWHERE))

    assert "database" in sentence
    assert "hunter2" not in sentence


def test_without_its_schema_a_command_says_so(empty: AsyncSession, statusboard):
    """Nobody looks for a network problem where `migrate` was forgotten."""
    assert "Run `statusboard migrate`" in refused(statusboard("setup-link"))


def test_migrate_does_not_wait_for_what_will_not_come(statusboard, database_url: str):
    """A database that does not exist is named at once, instead of being waited for."""
    url = make_url(database_url).set(database="nowhere")
    sentence = refused(statusboard("migrate", DATABASE_URL=url.render_as_string(hide_password=False)))

    assert "refuses DATABASE_URL" in sentence


@pytest.mark.parametrize(("command", "secret"), [("setup-link", "change-me"), ("migrate", "a" * 32)])
def test_a_secret_that_anyone_could_guess_is_refused(statusboard, command, secret):
    """The published placeholder, and one repeated character; what to type is said."""
    sentence = refused(statusboard(command, JWT_SECRET=secret))

    assert sentence.startswith("JWT_SECRET is ")
    assert "openssl rand -hex 32" in sentence


def test_without_a_secret_the_command_to_make_one_is_shown(statusboard, backend_copy: Path):
    """A sentence, not a traceback of pydantic's."""
    process = run_python(COMMAND, "setup-link", backend=backend_copy, DATABASE_URL=NOWHERE)

    assert 'echo "JWT_SECRET=' in refused(process)


def test_each_bad_setting_is_named_and_none_is_shown(statusboard):
    """A line for each."""
    process = statusboard("doctor", DATABASE_URL="mysql://board:hunter2@db/board", LOG_LEVEL="LOUD", PORT="70000")

    lines = process.stderr.removeprefix("Error: ").splitlines()
    assert process.returncode == 1
    assert [line.split()[0] for line in lines] == ["DATABASE_URL", "LOG_LEVEL", "PORT"]
    assert not any(value in process.stderr for value in ("hunter2", "LOUD", "70000", "Traceback"))


@pytest.mark.parametrize("arguments", [["--version"], ["up", "--help"]])
def test_help_needs_no_environment(backend_copy: Path, arguments):
    """Not even a secret."""
    shown = said(run_python(COMMAND, *arguments, backend=backend_copy))

    assert "statusboard" in shown
    assert __version__ in shown or "Usage: statusboard" in shown


def test_bad_usage_is_2(statusboard):
    """The limits of the API's invites are the command's."""
    process = statusboard("create-invite", "--uses", "0")

    assert process.returncode == 2
    assert "Usage: statusboard" in process.stderr
