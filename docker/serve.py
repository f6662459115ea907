"""Starts gunicorn, once the settings are known to be good: it reads some by itself, before its own file of settings."""

# ruff: noqa: INP001, PLC0415 -- run by its path; gunicorn reads the environment as soon as it is imported

import os

from pydantic import ValidationError

from app.refusals import explain


def serve() -> None:
    """Run gunicorn in this process, with this process's arguments, or end with what is wrong with the environment."""
    try:
        import app.config  # noqa: F401
    except ValidationError as error:
        raise SystemExit(explain(error)) from None
    if "GUNICORN_CMD_ARGS" in os.environ:
        raise SystemExit("GUNICORN_CMD_ARGS is not supported: its options would replace what the board relies on.")
    from gunicorn.app.wsgiapp import run

    run()


if __name__ == "__main__":
    serve()
