"""Checks the settings, then starts gunicorn, which reads some of them before its configuration file."""

# ruff: noqa: INP001, PLC0415 -- run by its path; gunicorn reads the environment as soon as it is imported

import os

from pydantic import ValidationError

from app.refusals import explain


def serve() -> None:
    """Run gunicorn in this process, with this process's arguments, or exit with what is wrong with the environment."""
    try:
        import app.config  # noqa: F401
    except ValidationError as error:
        raise SystemExit(explain(error)) from None
    if "GUNICORN_CMD_ARGS" in os.environ:
        raise SystemExit("GUNICORN_CMD_ARGS isn't supported: it would replace options that the board needs.")
    from gunicorn.app.wsgiapp import run

    run()


if __name__ == "__main__":
    serve()
