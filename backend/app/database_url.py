"""The rules for `DATABASE_URL`, so that a wrong one ends the start with a sentence instead of a traceback."""

import os
import re
import traceback
from collections.abc import Mapping
from typing import Any, Final

from asyncpg.connect_utils import _parse_connect_dsn_and_args
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.addresses import HIGHEST_PORT

SCHEME: Final = "postgresql+asyncpg"
# Parameters that SQLAlchemy or asyncpg understand and the board can use. A parameter of libpq, such as sslmode, would
# raise a TypeError at the first connection.
PARAMETERS: Final = ("host", "port", "ssl")
SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

# RFC 1035, section 2.3.4, and the underscores in Compose's names.
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]+(?:%[\w.-]+)?")
EXPECTED: Final = (
    f"is not a URL: {SCHEME}://user:password@host:5432/name is expected, with special characters percent-encoded"
)


def check_database_url(value: str) -> str:
    """Return the URL unchanged.

    Raises:
        ValueError: it can't work. The text says what to change, and repeats nothing that may be part of a password.
    """
    if not value.startswith(f"{SCHEME}://"):
        raise ValueError(f"must start with {SCHEME}://")
    if value.count("@") > 1:
        # The driver would take everything after the first @ for the host, and show it in its errors.
        raise ValueError("has more than one @: write an @ in the user's name or the password as %40")
    try:
        url = make_url(value)
        _, options = url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError):
        # SQLAlchemy's message repeats the URL, and so the password.
        raise ValueError(EXPECTED) from None
    _check_parameters(url)
    if any("\0" in part for part in (url.username, url.password, url.database) if part):
        raise ValueError("has a NUL character (%00), which PostgreSQL doesn't accept")
    _check_places(_several(options.get("host")), [url.port, *_several(options.get("port"))])
    _check_variables(options)
    return value


def _check_parameters(url: URL) -> None:
    for name in url.query:
        if name not in PARAMETERS:
            shown = name if re.fullmatch(r"[a-z_]{1,40}", name) else "that is not a word"
            raise ValueError(f"has a parameter that the board can't use: {shown}. It can use {', '.join(PARAMETERS)}")
    if url.query.get("ssl", SSL_MODES[0]) not in SSL_MODES:
        raise ValueError(f"must have one of {', '.join(SSL_MODES)} as its parameter ssl")


def _several[V](given: V | list[V] | tuple[V, ...] | None) -> list[V]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _check_places(hosts: list[str | None], ports: list[int | None]) -> None:
    if not all(host.startswith("/") or NAME.fullmatch(host) or ADDRESS.fullmatch(host) for host in hosts if host):
        raise ValueError("has a host that is neither a name, nor an address, nor a socket directory")
    if not all(0 < port <= HIGHEST_PORT for port in ports if port is not None):
        raise ValueError(f"has a port that isn't a number from 1 to {HIGHEST_PORT}")


# Arguments of the driver's function beyond those from SQLAlchemy. The function is private, but uv.lock fixes its
# version.
_UNSET: Final = dict.fromkeys((
    *("dsn", "host", "port", "user", "password", "passfile", "database", "ssl", "service", "servicefile", "direct_tls"),
    *("server_settings", "target_session_attrs", "krbsrvname", "gsslib"),
))  # fmt: skip


def _check_variables(options: Mapping[str, Any]) -> None:
    """Name the libpq variable that would make the driver fail, with a traceback, each time it connects."""
    given = {name: value for name, value in options.items() if name in _UNSET}
    if (failure := _driver_failure(given)) is None:
        return
    # PGSSLMODE comes last: without it, the other variables about TLS are ignored.
    for name in sorted(os.environ, key=lambda name: (name == "PGSSLMODE", name)):
        if name.startswith("PG"):
            kept = os.environ.pop(name)
            is_culprit = _driver_failure(given) != failure
            os.environ[name] = kept
            if is_culprit:
                raise ValueError(f"can't be used while {name} has a value that PostgreSQL's driver refuses")


def _driver_failure(given: dict[str, Any]) -> tuple[type[Exception], int] | None:
    """Return how the driver fails when it is called, and in which line, or None if it doesn't."""
    try:
        places, _ = _parse_connect_dsn_and_args(**_UNSET | given)
        _check_places([], [place[1] for place in places if isinstance(place, tuple)])
    except Exception as error:  # noqa: BLE001 -- any kind: missing files, wrong certificates, numbers or words
        *_, last = traceback.walk_tb(error.__traceback__)
        return type(error), last[1]
    return None
