"""Log lines: JSON on standard output, one event a line, from the board's own loggers, uvicorn's and gunicorn's."""

import copy
import logging
import traceback
from contextvars import ContextVar
from typing import Any, Final

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)

# uvicorn logs each WebSocket handshake with its query string, and websockets logs each connection. The access log
# already has a line for them, and a query may contain a token that someone put there by mistake.
SOCKET_LINES: Final = ('"WebSocket ', "connection open", "connection closed", "connection rejected")

# Messages that Python writes about code, numbers and the system, the board's own, and PostgreSQL's about connections.
# Any other exception may repeat what a client sent: a missing key, a text that isn't a number, a refused row.
PYTHONS: Final = (ArithmeticError, AssertionError, AttributeError, ImportError, NameError, OSError, TypeError)
CONNECTIONS: Final = {"08", "28", "3D", "53", "57"}  # the first two characters of an SQLSTATE


def _words_of(error: BaseException) -> str:
    """Return what an exception says, as far as it can't contain a client's text."""
    module, state = type(error).__module__, str(getattr(error, "sqlstate", None) or "")
    is_pythons = module == "builtins" and isinstance(error, PYTHONS)
    is_ours = module.startswith("app.services.") or str(error) == getattr(type(error), "message", None)
    if is_pythons or is_ours or state[:2] in CONNECTIONS:
        return str(error).partition("\n")[0]
    return " ".join(filter(None, [state, getattr(error, "constraint_name", None)]))


def brief(error: BaseException) -> str:
    """Return an exception as text for a log line, without anything that may be a client's text."""
    error = getattr(error, "orig", None) or error  # the driver's exception, from which SQLAlchemy's was made
    words = _words_of(error)
    return words if words and type(error).__module__.startswith(("builtins", "app.")) else _last_line(error)


def _last_line(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return ": ".join(filter(None, [name, _words_of(error)]))


def traceback_of(error: BaseException) -> str:
    """Return an exception's traceback, after those of the exceptions that led to it, each as in `brief`."""
    found: list[str] = []
    seen: set[int] = set()
    todo = [error]
    while todo:
        error = todo.pop()
        if id(error) not in seen:
            seen.add(id(error))
            found.append("".join([*traceback.format_tb(error.__traceback__), _last_line(error)]))
            before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            todo += [before] if before is not None else []
            todo += error.exceptions if isinstance(error, BaseExceptionGroup) else []
    return "\n\n".join(reversed(found))


def _without_clients_words(record: logging.LogRecord) -> logging.LogRecord:
    """Return the record, or a copy without clients' text in its exceptions. Other handlers get the original."""
    error = record.exc_info[1] if record.exc_info else None
    args = record.args if isinstance(record.args, tuple) else ()
    if error is None and record.name != "asyncio" and not any(isinstance(arg, BaseException) for arg in args):
        return record
    record = copy.copy(record)
    record.args = tuple(brief(arg) if isinstance(arg, BaseException) else arg for arg in args) or record.args
    if error is not None:
        record.exc_text, record.exc_info = traceback_of(error), None
    if record.name == "asyncio":
        # The next argument says what was called, the last one with what.
        record.msg, record.args = record.getMessage().partition("\n")[0].partition("(")[0], None
    return record


class ContextFilter(logging.Filter):
    """Add the request's id to each record that is logged during a request, and drop lines about sockets.

    Exceptions are shortened where they may contain a client's text.
    """

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:
        """Return the record to write, if any."""
        if record.name == "uvicorn.error" and any(line in str(record.msg) for line in SOCKET_LINES):
            return False
        # uvicorn has each message twice, the second time in colour.
        record.__dict__.pop("color_message", None)
        if (request_id := REQUEST_ID.get()) is not None and not hasattr(record, "request_id"):
            record.request_id = request_id
        return _without_clients_words(record)


def dict_config(level: str) -> dict[str, Any]:
    """Return the `logging.config` dictionary for a level such as `INFO`. gunicorn uses it as `logconfig_dict`."""
    number = logging.getLevelNamesMapping()[level]
    quiet = max(number, logging.WARNING)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "app.logs.ContextFilter"}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.orjson.OrjsonFormatter",
                "fmt": "%(levelname)s %(name)s %(process)d %(message)s",
                "rename_fields": {
                    "levelname": "level",
                    "name": "logger",
                    "process": "pid",
                },
                "timestamp": True,
            }
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
                "filters": ["context"],
            }
        },
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            "gunicorn.access": {"level": quiet, "handlers": [], "propagate": True},
            # At DEBUG it would log each frame and header of a socket, and so tokens.
            "uvicorn.error": {"level": max(number, logging.INFO), "handlers": [], "propagate": True},
            "uvicorn.access": {"level": quiet, "handlers": [], "propagate": True},
            # At DEBUG these log bytes and parameters, which may contain a password.
            "asyncio": {"level": quiet},
            "alembic.runtime.plugins": {"level": quiet},
            "httpcore": {"level": quiet},
            "httpcore2": {"level": quiet},
            "httpx2": {"level": quiet},
            "sqlalchemy": {"level": quiet},
            "websockets": {"level": quiet},
        },
    }
