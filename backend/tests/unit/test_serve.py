"""The start of the container's server: what is wrong with a setting is said before gunicorn reads it."""

import re
from pathlib import Path

import pytest

from tests.subprocesses import SECRET, run_python

ROOT = Path(__file__).resolve().parents[3]
SERVE = ROOT / "docker" / "serve.py"
SETTINGS = ROOT / "docker" / "gunicorn.conf.py"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FORWARDED_ALLOW_IPS", "proxy.example.com"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.5/8"),
        ("WEB_CONCURRENCY", "two"),
        ("WEB_CONCURRENCY", "-1"),
        ("WEB_CONCURRENCY", "2.0"),
        ("PORT", "http"),
        ("PGSSLMODE", "nonsense"),
        ("JWT_SECRET", "change-me"),
        ("GUNICORN_CMD_ARGS", "--workers x"),
        ("GUNICORN_CMD_ARGS", "--worker-class sync"),
    ],
)
def test_a_wrong_setting_ends_the_start_in_one_sentence_that_names_it(name, value):
    """Also those that gunicorn reads by itself, before its file of settings."""
    arguments = ("--config", str(SETTINGS), "app.main:app")

    ended = run_python(SERVE.read_text(), *arguments, **{"JWT_SECRET": SECRET, name: value})

    assert ended.returncode == 1
    assert re.search(rf"^(DATABASE_URL can't be used while )?{name} ", ended.stderr.splitlines()[-1])
    assert "Traceback" not in ended.stderr
