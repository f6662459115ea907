"""Python in a process of its own, whose environment says what a test says and nothing else."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests import forked

BACKEND = Path(__file__).resolve().parent.parent
SECRET = "for-tests-alone-0123456789abcdefghij"
STATUSBOARD = "from app.cli import main; main()"


def run_python(
    code: str, *arguments: str, backend: Path = BACKEND, cwd: Path = BACKEND, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run code with the app of `backend`, whatever the working directory holds."""
    environment = {"PATH": os.environ["PATH"], **environment}
    return forked.run(code, *arguments, backend=backend, cwd=cwd, environment=environment)


@asynccontextmanager
async def running(
    *arguments: str, code: str = STATUSBOARD, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `statusboard` until the block ends, with the tests' JWT_SECRET; an empty variable is left out."""
    environment = {"PATH": os.environ["PATH"], "JWT_SECRET": os.environ["JWT_SECRET"], **environment}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, *arguments),
        cwd=BACKEND,
        env={name: value for name, value in environment.items() if value},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
def backend_copy(tmp_path: Path) -> Path:
    """A copy of `backend/`, for whoever needs a `.env` there: the real one is somebody's."""
    copy = tmp_path / "backend"
    shutil.copytree(BACKEND / "app", copy / "app", ignore=shutil.ignore_patterns("__pycache__"))
    return copy
