"""Python in processes that begin with the libraries loaded, which takes most of a second each time.

They are forked from one process that has loaded them and nothing of `app`, whose settings come from the environment.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

LIBRARIES: Final = [
    *("alembic.command", "argon2", "asyncpg", "brotli", "click", "docker", "fastapi_offline", "httpx", "httpx2"),
    *("hypothesis", "jwt", "orjson", "pydantic_settings", "pytest", "pythonjsonlogger.orjson"),
    *("sqlalchemy.dialects.postgresql.asyncpg", "sqlalchemy.ext.asyncio", "uvicorn", "websockets.asyncio.client"),
]
PATIENCE: Final = 60  # seconds

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__, *LIBRARIES])


def _become(
    code: str, *, arguments: tuple[str, ...], backend: Path, cwd: Path, environment: dict[str, str], out: str, err: str
) -> None:
    """Run the code as `python -c` would, in the process that was forked for it."""
    for name, number in ((out, 1), (err, 2)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv[:] = ["-c", *arguments]
    sys.path.insert(0, str(backend))
    exec(code, {"__name__": "__main__"})  # noqa: S102 -- ours


def run(
    code: str, *arguments: str, backend: Path, cwd: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the code with the app of `backend`, and return its exit code and what it wrote."""
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
        where = {"backend": backend, "cwd": cwd, "environment": environment, "out": out.name, "err": err.name}
        process = _context.Process(target=_become, args=(code,), kwargs={"arguments": arguments, **where})
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(code, PATIENCE)
        return subprocess.CompletedProcess(code, process.exitcode, out.read().decode(), err.read().decode())
