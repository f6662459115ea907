"""What every test shares: settings that come from nowhere but here, and a real PostgreSQL for those that ask for it."""

import os

import hypothesis
import pytest

# Before anything of the app is imported: tests never read DATABASE_URL or backend/.env.
os.environ["JWT_SECRET"] = "only-for-tests-0123456789abcdefghij"
os.environ["DATABASE_URL"] = "postgresql+asyncpg://nobody:nothing@127.0.0.1:1/nowhere"
os.environ["ALLOWED_HOSTS"] = "board.test"  # as their clients call the board

from app.config import Settings, settings

for _name, _value in Settings(_env_file=None).model_dump().items():
    setattr(settings, _name, _value)

# How long an example takes says what else the machine does.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

pytest_plugins = [
    "tests.databases",
    "tests.github",
    "tests.personas",
    "tests.servers",
    "tests.subprocesses",
    "tests.canaries",  # which imports some of those above
]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse tests whose log nobody looks at for secrets: a fixture in a module that is not listed above never runs."""
    if "_no_secret_is_logged" not in getattr(item, "fixturenames", ()):
        raise pytest.UsageError(f"Nobody looks for secrets in the log of {item.nodeid}: see tests/canaries.py.")
