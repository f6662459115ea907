"""Every secret of every test is a canary: whatever is logged meanwhile, at DEBUG, must not hold it."""

import logging
import logging.config
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Final

import jwt
import pytest
from argon2 import PasswordHasher

from app.config import settings
from app.logs import dict_config
from app.services.identity import secrets
from tests import fake_github
from tests.logins import OTHER_PASSWORD
from tests.personas import PASSWORD

# The set-up link is logged on purpose. Shorter secrets are words, which a test may say elsewhere.
ALLOWED: Final = "#setup="
SHORTEST: Final = 12
# It tells of the requests that tests send, where it is the client.
NOT_OURS: Final = "httpx"

# What is a secret in all tests; those of one test can't come in another.
LASTING: Final = {settings.JWT_SECRET, PASSWORD, OTHER_PASSWORD, fake_github.TOKEN, fake_github.SECRET}
known: Final = set(LASTING)
lines: Final[list[str]] = []  # what this test has logged by now


def note(secret: object) -> None:
    """Have a secret looked for until the test ends."""
    text = secret.decode(errors="replace") if isinstance(secret, bytes) else str(secret)
    if len(text) >= SHORTEST:
        known.add(text)


def _noting_last[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Note the last argument of each call."""

    @wraps(function)
    def noting(*args: P.args, **kwargs: P.kwargs) -> R:
        note(args[-1])
        return function(*args, **kwargs)

    return noting


def _noting_result[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Note what each call returns."""

    @wraps(function)
    def noting(*args: P.args, **kwargs: P.kwargs) -> R:
        result = function(*args, **kwargs)
        note(result)
        return result

    return noting


# Refresh tokens, API tokens, invites and reset codes are digested wherever they come in; the rest speaks for itself.
secrets.digest = _noting_last(secrets.digest)
PasswordHasher.hash = _noting_last(PasswordHasher.hash)
PasswordHasher.verify = _noting_last(PasswordHasher.verify)
secrets.derive = _noting_result(secrets.derive)
jwt.encode = _noting_result(jwt.encode)


def telling(said: Iterable[str]) -> list[str]:
    """Return those of the lines that hold a secret."""
    return [line for line in said if ALLOWED not in line and any(secret in line for secret in known)]


class _Lines(logging.Handler):
    """Keeps what the shipped format makes of each record."""

    def __init__(self) -> None:
        super().__init__()
        shipped = logging.config.DictConfigurator(dict_config("DEBUG"))
        self.setFormatter(shipped.configure_formatter(shipped.config["formatters"]["json"]))
        self.addFilter(shipped.configure_filter(shipped.config["filters"]["context"]))

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != NOT_OURS:
            lines.append(self.format(record))


@pytest.fixture(autouse=True)
def _no_secret_is_logged() -> Iterator[None]:
    root, handler = logging.getLogger(), _Lines()
    known.intersection_update(LASTING)
    lines.clear()
    levels = {name: logger["level"] for name, logger in dict_config("DEBUG")["loggers"].items()} | {"": "DEBUG"}
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    assert telling(lines) == [], "a secret was logged"
