"""The GitHub that the board knows in tests, and a worker that asks it without a pause."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.config import settings
from app.services.github import poller
from app.services.github.client import GitHub
from tests.fake_github import SECRET, TOKEN, FakeGitHub, fake_github


@pytest.fixture
async def github(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeGitHub]:
    """A GitHub that the board knows, with a token and a secret."""
    async with fake_github() as fake:
        monkeypatch.setattr(settings, "GITHUB_API_URL", fake.url)
        monkeypatch.setattr(settings, "GITHUB_TOKEN", TOKEN)
        monkeypatch.setattr(settings, "GITHUB_WEBHOOK_SECRET", SECRET)
        monkeypatch.setattr(poller, "PACE", timedelta(0))
        yield fake


async def enrich() -> None:
    """Ask GitHub until nothing is due, as a worker does."""
    async with GitHub() as hub:
        while await poller.run_once(hub):
            pass
