"""Reads `DATABASE_URL` as hosting providers write it. A wrong one is refused with a sentence instead of a traceback."""

import os
import re
import ssl
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from asyncpg.connect_utils import _parse_connect_dsn_and_args
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.addresses import HIGHEST_PORT

SCHEME: Final = "postgresql+asyncpg"
SCHEMES: Final = re.compile(r"postgres(?:ql(?:\+asyncpg)?)?://")
SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

# Parameters that SQLAlchemy passes on to asyncpg.
KEPT: Final = ("host", "port", "ssl")
# Parameters of libpq (PostgreSQL's manual, section 32.1.2) that asyncpg understands in a URL of its own only.
FILES: Final = ("sslrootcert", "sslcert", "sslkey")
LIBPQ: Final = ("sslmode", *FILES, "target_session_attrs")
# Those of libpq that make no difference here: asyncpg has no channel binding, and the board names its connections.
IGNORED: Final = ("channel_binding", "application_name")

# `sslrootcert=system` means the certificates that the operating system trusts.
SYSTEM: Final = "system"
# The board writes, so it needs the server that can be written to.
WRITABLE: Final = ("any", "read-write", "primary")

DEFAULT_PORT: Final = 5432
SEVERAL_HOSTS: Final = re.compile(
    r"(?P<start>[a-z+]+://(?:[^@/?#]*@)?)(?P<hosts>[^@/?#]*,[^@/?#]*)(?P<path>/[^?]*|)(?:\?(?P<query>.*))?"
)

# RFC 1035, section 2.3.4, and the underscores in Compose's names.
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]+(?:%[\w.-]+)?")
EXPECTED: Final = (
    f"is not a URL: {SCHEME}://user:password@host:5432/name is expected, with special characters percent-encoded"
)


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """What a `DATABASE_URL` says: a URL for SQLAlchemy, the parameters of libpq in it, and those without an effect."""

    url: str
    parameters: dict[str, str]
    ignored: tuple[str, ...]

    def arguments(self) -> dict[str, Any]:
        """Return what the driver's `connect` needs beside the URL. SQLAlchemy calls them `connect_args`.

        Raises:
            OSError: a certificate or key can't be read.
        """
        rest = dict(self.parameters)
        found: dict[str, Any] = {}
        if rest.get("sslrootcert") == SYSTEM:
            del rest["sslrootcert"], rest["sslmode"]
            found["ssl"] = context = ssl.create_default_context()
            if certificate := rest.pop("sslcert", None):
                context.load_cert_chain(certificate, rest.pop("sslkey", None))
        if rest:
            # asyncpg reads them from a URL, but not as arguments. The arguments that SQLAlchemy makes come first.
            found["dsn"] = f"postgresql://?{urlencode(rest)}"
        return found


def read_database_url(value: str) -> DatabaseUrl:
    """Return what the URL says.

    Raises:
        ValueError: it can't work. The text says what to change, and repeats nothing that may be part of a password.
    """
    scheme = SCHEMES.match(value)
    if scheme is None:
        raise ValueError(f"must start with postgresql://, postgres:// or {SCHEME}://")
    if value.count("@") > 1:
        # The driver would take everything after the first @ for the host, and show it in its errors.
        raise ValueError("has more than one @: write an @ in the user's name or the password as %40")
    given = _parse(_with_hosts_in_query(f"{SCHEME}://{value[scheme.end() :]}"))
    _check_parameters(given)
    url = given.difference_update_query([*LIBPQ, *IGNORED])
    options = _options(url)
    if any("\0" in part for part in (url.username, url.password, url.database) if part):
        raise ValueError("has a NUL character (%00), which PostgreSQL doesn't accept")
    _check_places(_several(options.get("host")), [url.port, *_several(options.get("port"))])
    found = DatabaseUrl(
        value if url == given and value.startswith(f"{SCHEME}://") else url.render_as_string(hide_password=False),
        _libpq_parameters(given),
        tuple(name for name in IGNORED if name in given.query),
    )
    _check_files(found, options)
    _check_variables({**options, **found.arguments()})
    return found


def _parse(value: str) -> URL:
    try:
        return make_url(value)
    except (ArgumentError, ValueError):
        # SQLAlchemy's message repeats the URL, and so the password.
        raise ValueError(EXPECTED) from None


def _options(url: URL) -> dict[str, Any]:
    try:
        _, options = url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError):
        raise ValueError(EXPECTED) from None
    return dict(options)


def _with_hosts_in_query(value: str) -> str:
    """Return a URL with several hosts, as libpq writes them, in the way that SQLAlchemy knows."""
    match = SEVERAL_HOSTS.fullmatch(value)
    if match is None:
        return value
    hosts = [host if ":" in host else f"{host}:{DEFAULT_PORT}" for host in match["hosts"].split(",")]
    query = "&".join(filter(None, [urlencode([("host", host) for host in hosts]), match["query"]]))
    return f"{match['start']}{match['path']}?{query}"


def _check_parameters(url: URL) -> None:
    for name, value in url.query.items():
        if name not in (*KEPT, *LIBPQ, *IGNORED):
            shown = name if re.fullmatch(r"[a-z_]{1,40}", name) else "that is not a word"
            known = ", ".join((*LIBPQ, *KEPT))
            raise ValueError(f"has a parameter that the board can't use: {shown}. It can use {known}")
        if name not in KEPT and not isinstance(value, str):
            raise ValueError(f"has the parameter {name} more than once")
    for name in ("ssl", "sslmode"):
        if url.query.get(name, SSL_MODES[0]) not in SSL_MODES:
            raise ValueError(f"must set its parameter {name} to one of {', '.join(SSL_MODES)}")
    if "ssl" in url.query and any(name in url.query for name in ("sslmode", *FILES)):
        raise ValueError("has the parameter ssl together with libpq's parameters for TLS: write sslmode instead of ssl")
    if url.query.get("target_session_attrs", WRITABLE[0]) not in WRITABLE:
        raise ValueError(
            f"must set its parameter target_session_attrs to one of {', '.join(WRITABLE)}, because the board writes"
        )
    if url.query.get("sslrootcert") == SYSTEM and url.query.get("sslmode", SSL_MODES[-1]) != SSL_MODES[-1]:
        raise ValueError(f"must have sslmode={SSL_MODES[-1]} together with sslrootcert={SYSTEM}")


def _libpq_parameters(url: URL) -> dict[str, str]:
    parameters = {name: str(url.query[name]) for name in LIBPQ if name in url.query}
    if parameters.get("sslrootcert") == SYSTEM:
        parameters["sslmode"] = SSL_MODES[-1]
    return parameters


def _check_files(found: DatabaseUrl, options: Mapping[str, Any]) -> None:
    for name in FILES:
        path = found.parameters.get(name, SYSTEM)
        if path != SYSTEM and not os.access(path, os.R_OK):
            raise ValueError(f"has a parameter {name} with a file that can't be read")
    if not any(name in found.parameters for name in FILES):
        return
    # Without them, the driver may fail for another reason: an environment variable, or an account without a name.
    without = {name: value for name, value in options.items() if name in _UNSET}
    try:
        is_wrong = _driver_failure(without | found.arguments()) != _driver_failure(without)
    except OSError:  # ssl.SSLError is one
        is_wrong = True
    if is_wrong:
        raise ValueError(f"has files in {', '.join(FILES)} that aren't certificates in PEM format and their key")


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
