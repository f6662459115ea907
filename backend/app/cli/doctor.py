"""`statusboard doctor`: what is configured, reachable and migrated, and how to fix problems."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import click
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from app import __version__
from app.config import SECRET_BYTES, settings
from app.database import CONNECTIONS_GRANTED, SESSION_GUARDS, AsyncSessionLocal, connections_needed
from app.errors import DatabaseUnavailable
from app.migrations.upgrade import OLDEST_SERVER, POOLER
from app.models import FeedHead, User
from app.services import job_reports, readiness
from app.services.identity import setup
from app.services.job_reports import Report
from app.services.transactions import autocommit

# A clock that is off by more than this makes times on the page look wrong. Nothing else depends on it.
CLOCK_TOLERANCE: Final = 5.0  # seconds
PUBLISHED_PASSWORD: Final = "statusboard"  # compose.yaml's default for POSTGRES_PASSWORD


def _say(good: bool, what: str) -> bool:
    click.echo(f"{'ok  ' if good else 'FIX '}  {what}")
    return good


def _warn(what: str) -> None:
    """Print what should be better, although the board works. The exit code stays 0."""
    click.echo(f"WARN  {what}")


def _settings() -> Iterator[bool]:
    yield _say(True, f"Statusboard {__version__}, revision {settings.REVISION}, reached at {settings.PUBLIC_URL}")
    if settings.secret_is_short:
        yield _say(False, f"JWT_SECRET has fewer than {SECRET_BYTES} bytes. Set a longer one: openssl rand -hex 32")
    password = make_url(settings.DATABASE_URL).password or os.environ.get("PGPASSWORD")
    # If a $ has cut a secret short, only its length shows that (.env.example says more).
    for name, secret, without in (
        ("JWT_SECRET", settings.JWT_SECRET, ""),
        ("JWT_SECRET_PREVIOUS", settings.JWT_SECRET_PREVIOUS, "no secret is being replaced"),
        ("The database's password", password, "DATABASE_URL has none"),
        ("GITHUB_TOKEN", settings.GITHUB_TOKEN, "references stay plain links"),
        ("GITHUB_WEBHOOK_SECRET", settings.GITHUB_WEBHOOK_SECRET, "GitHub can't report changes"),
    ):
        yield _say(True, f"{name} has {len(secret)} characters" if secret else f"{name} is not set: {without}")
    for name in settings.database_ignored:
        yield _say(True, f"DATABASE_URL's parameter {name} has no effect")
    if password == PUBLISHED_PASSWORD:
        _warn("The database still has the default password, which is public. docs/upgrade.md says how to change it")


@autocommit
async def _server(db: AsyncSession) -> tuple[int, int, datetime, int, bool, str]:
    row = await db.execute(
        text(f"""
            SELECT current_setting('server_version_num')::int, ({CONNECTIONS_GRANTED}), clock_timestamp(),
                   (SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = 'statusboard listen' AND datname = current_database()),
                   inet_server_addr() IS NOT NULL AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
                   (SELECT setting FROM pg_settings WHERE name = 'lock_timeout')
        """)  # noqa: S608 -- a constant
    )
    return row.one()


@autocommit
async def _contents(db: AsyncSession) -> tuple[int, int]:
    users = select(func.count()).select_from(User).scalar_subquery()
    return (await db.execute(select(users, FeedHead.seq))).one()


def _in_words(time: timedelta) -> str:
    for unit in ("days", "hours", "minutes"):
        if (count := time // timedelta(**{unit: 1})) > 1:
            return f"{count} {unit} ago"
    return "just now"


def _job(report: Report) -> bool:
    succeeded = (
        "It has not succeeded yet" if report.succeeded is None else f"It last succeeded {_in_words(report.succeeded)}"
    )
    if report.failed is not None and report.is_failing:
        failed = f"The worker's job {report.name} failed {_in_words(report.failed)}: {report.failure}"
        return _say(False, f"{failed}. {succeeded}. See the worker's log")
    if report.succeeded is None:
        return _say(True, f"The worker's job {report.name} has not run yet")
    return _say(True, f"The worker's job {report.name} last succeeded {_in_words(report.succeeded)}")


async def _jobs(db: AsyncSession, *, board_runs: bool) -> list[bool]:
    reports = await job_reports.current(db)
    if not reports and board_runs:
        return [_say(False, job_reports.NO_WORKER)]
    return [_job(report) for report in reports]


async def _database(db: AsyncSession) -> list[bool]:
    place = make_url(settings.DATABASE_URL)
    where = f"{place.host or place.query.get('host')}, database {place.database}"
    started = time.perf_counter()
    try:
        version, connections, now, listeners, is_superuser, lock_timeout = await _server(db)
    except DatabaseUnavailable as error:
        reason = error.__cause__ or error
        return [
            _say(
                False, f"The database at {where} can't be used: {reason}. Check DATABASE_URL, and whether it is running"
            )
        ]
    milliseconds = (time.perf_counter() - started) * 1000
    major = version // 10000
    found = [_say(major >= OLDEST_SERVER[0], f"PostgreSQL {major} at {where} answers in {milliseconds:.0f} ms")]
    if lock_timeout != SESSION_GUARDS["lock_timeout"]:
        found.append(_say(False, POOLER))
    if is_superuser:
        _warn("The board uses a database superuser, who can run programs on the database's host: see docs/upgrade.md")
    skew = abs((now - datetime.now(UTC)).total_seconds())
    if skew > CLOCK_TOLERANCE:
        found.append(_say(False, f"This machine's clock and the database's differ by {skew:.0f} s. Set up NTP on both"))
    if not await readiness.is_migrated(db):
        found.append(_say(False, "The database doesn't have this version's schema. Run: statusboard migrate"))
        return found
    found.append(_say(True, "The database has this version's schema"))
    users, events = await _contents(db)
    if users:
        found.append(_say(True, f"{users} accounts, {events} events in the log"))
    else:
        found.append(_say(True, f"No account yet. Create the first one at {await setup.link(db)}"))
    found += await _jobs(db, board_runs=listeners > 0)
    needed = connections_needed(listeners)
    budget = (
        f"Web processes: {listeners}. With a worker they use up to {needed} of PostgreSQL's {connections} connections"
    )
    found.append(_say(needed <= connections, budget))
    return found


async def examine() -> bool:
    """Print the findings, one on each line, and return whether everything is fine."""
    found = list(_settings())
    async with AsyncSessionLocal() as db:
        found += await _database(db)
    return all(found)
