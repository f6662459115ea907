"""The built image, looked at with Docker: `docker compose build backend`, then `uv run pytest tests/image`."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BASE = "python:3.13-slim-trixie"
IMAGE = "statusboard"
MEGABYTE = 1_000_000


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=check)  # noqa: S603, S607 -- Docker's own client, and arguments of these tests


def run(*command: str, options: tuple[str, ...] = ()) -> str:
    return docker("run", "--rm", "--read-only", "--tmpfs=/tmp", *options, IMAGE, *command).stdout


@pytest.fixture(scope="session")
def inspected():
    return json.loads(docker("image", "inspect", IMAGE).stdout)[0]


def test_it_adds_at_most_110_megabytes_to_its_base(inspected):
    """The board is small, and so is each of its updates."""
    base = json.loads(docker("image", "inspect", BASE).stdout)[0]

    assert inspected["Size"] - base["Size"] <= 110 * MEGABYTE


def test_it_says_what_it_is(inspected):
    """Numeric user, the port, a health check, and labels."""
    config = inspected["Config"]

    assert config["User"] == "10001:10001"
    assert list(config["ExposedPorts"]) == ["8000/tcp"]
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "python"]
    assert config["Labels"]["org.opencontainers.image.title"] == "Statusboard"


def test_it_holds_nothing_that_only_building_and_testing_need():
    """No uv, no compiler, no test tool, no test, no cache."""
    tools = run("sh", "-c", "for tool in uv gcc cc make pytest mypy ruff; do command -v $tool; done; true")
    folders = run("sh", "-c", "ls -d /root/.cache/* /opt/statusboard/backend/tests 2>/dev/null; true")

    assert (tools, folders) == ("", "")


def test_its_user_can_write_nothing_of_it():
    """The code is root's, whatever umask it was built with."""
    assert run("find", "/opt", "(", "-writable", "-a", "!", "-type", "l", ")").strip() == ""


@pytest.mark.parametrize("module", ["asyncio", "email.message", "sqlalchemy.orm", "app.server.gunicorn_worker"])
def test_its_bytecode_is_used(module):
    """On a read-only root nothing else spares a start the compiling of everything it imports."""
    told = docker(
        *("run", "--rm", "--read-only", "--env=JWT_SECRET=0123456789abcdef0123456789abcdef", IMAGE),
        *("python", "-v", "-c", f"import {module}"),
    ).stderr

    assert f"import '{module}'" in told
    assert not re.findall(r"code object from '(.*\.py)'", told)


def test_an_empty_variable_counts_as_unset():
    """Compose passes an empty variable on as an empty string, which gunicorn would take for a number."""
    told = run("env", options=("--env=WEB_CONCURRENCY=", "--env=KEPT=first\nWEB=\nlast", "--env=WEB=x"))

    assert "WEB_CONCURRENCY" not in told
    assert "WEB=x" in told
    assert "KEPT=first\nWEB=\nlast" in told


def test_a_command_can_be_run_in_the_place_of_the_server():
    """`docker compose run --rm backend statusboard …`."""
    assert "Usage" in run("statusboard", "--help")


def test_it_is_unhealthy_where_nothing_answers():
    """The health check asks the port that `PORT` names."""
    script = "PORT=1 python -IS /opt/statusboard/docker/healthcheck.py 2>/dev/null || echo unhealthy"

    assert run("sh", "-c", script).strip() == "unhealthy"


def test_a_changed_source_file_is_in_the_image_within_10_seconds(tmp_path):
    """Dependencies have a layer of their own."""
    shutil.copytree(ROOT / "docker", tmp_path / "docker")
    shutil.copytree(ROOT / "backend" / "app", tmp_path / "backend" / "app")
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / "backend" / name, tmp_path / "backend")
    build = ("build", "--quiet", f"--file={tmp_path}/docker/Dockerfile", str(tmp_path))
    images = [docker(*build).stdout.strip()]
    with (tmp_path / "backend" / "app" / "__init__.py").open("a") as source:
        source.write("# changed\n")

    begin = time.monotonic()
    images.append(docker(*build).stdout.strip())
    took = time.monotonic() - begin

    docker("image", "rm", "--force", *images, check=False)
    assert took < 10
