"""Log lines: JSON on standard output, one event a line, for the board's own loggers, uvicorn's and gunicorn's."""

import logging
from contextvars import ContextVar
from typing import Any, Final

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)

# uvicorn tells of each WebSocket handshake with its query string, and websockets of each connection. The access log
# has a line for them already, and a query may carry what someone mistook for a place to put a token.
SOCKET_LINES: Final = ('"WebSocket ', "connection open", "connection closed", "connection rejected")


class ContextFilter(logging.Filter):
    """Add the request's id to each record that is logged while it is answered, and drop lines about sockets."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be written."""
        if record.name == "uvicorn.error" and any(line in str(record.msg) for line in SOCKET_LINES):
            return False
        # uvicorn says its lines twice, the second time in colour.
        record.__dict__.pop("color_message", None)
        if (request_id := REQUEST_ID.get()) is not None and not hasattr(record, "request_id"):
            record.request_id = request_id
        return True


def dict_config(level: str) -> dict[str, Any]:
    """Return the `logging.config` dictionary for a level such as `INFO`; gunicorn takes it as `logconfig_dict`."""
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
            # At DEBUG it would show each frame and each header of a socket, and so tokens.
            "uvicorn.error": {"level": max(number, logging.INFO), "handlers": [], "propagate": True},
            "uvicorn.access": {"level": quiet, "handlers": [], "propagate": True},
            # These tell of bytes and parameters at DEBUG, which may be somebody's password.
            "asyncio": {"level": quiet},
            "alembic.runtime.plugins": {"level": quiet},
            "httpcore": {"level": quiet},
            "httpcore2": {"level": quiet},
            "httpx2": {"level": quiet},
            "sqlalchemy": {"level": quiet},
            "websockets": {"level": quiet},
        },
    }
