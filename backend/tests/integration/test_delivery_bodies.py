"""What strangers may send to the webhook before they have proved anything."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.api import deliveries
from app.config import settings
from tests.answers import refused
from tests.fake_github import SECRET, sign
from tests.patience import LONG
from tests.servers import Server, until

PATH = "/api/v1/github/webhook"


@pytest.fixture
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "GITHUB_WEBHOOK_SECRET", SECRET)


def headers(number: int = 1) -> dict[str, str]:
    """Return what GitHub says of a delivery, ahead of its body."""
    return {"X-GitHub-Event": "ping", "X-GitHub-Delivery": str(number), "Content-Type": "application/json"}


async def unfinished(size: int, end: asyncio.Event) -> AsyncIterator[bytes]:
    """Send so many bytes, and then nothing until the event."""
    yield b" " * size
    await end.wait()
    yield b"{}"


async def test_no_body_is_read_where_there_is_no_webhook(server: Server, monkeypatch: pytest.MonkeyPatch):
    """The answer is there before the body is."""
    monkeypatch.setattr(settings, "GITHUB_WEBHOOK_SECRET", None)
    reader, writer = await asyncio.open_connection(server.host, server.port)
    told = "".join(f"{name}: {value}\r\n" for name, value in headers().items())
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{told}Content-Length: 2000000\r\n\r\n".encode())
    async with asyncio.timeout(LONG):
        answer = await reader.readuntil(b'"webhooks_off"')
    writer.transport.abort()

    assert answer.startswith(b"HTTP/1.1 404 ")


@pytest.mark.usefixtures("_secret")
async def test_unfinished_bodies_share_a_bound(server: Server, monkeypatch: pytest.MonkeyPatch):
    """503 for who would go beyond it; when the others are gone there is room again."""
    monkeypatch.setattr(deliveries, "MOST_BYTES", 100_000)
    end = asyncio.Event()
    async with server.client() as client, asyncio.TaskGroup() as group:
        waiting = [
            group.create_task(client.post(PATH, content=unfinished(40_000, end), headers=headers(n))) for n in range(2)
        ]
        await until(lambda: deliveries.bodies.held == 80_000)
        more = await client.post(PATH, content=b" " * 40_000, headers=headers(3))
        end.set()
        statuses = [(await task).status_code for task in waiting]
        after = await client.post(PATH, content=b"{}", headers=headers(4) | {"X-Hub-Signature-256": sign(b"{}")})

    refused(more, 503, "too_busy")
    assert more.headers["retry-after"]
    assert statuses == [403, 403]
    assert after.status_code != 503
    assert deliveries.bodies.held == 0


@pytest.mark.usefixtures("_secret")
async def test_a_delivery_has_as_long_as_github_waits(server: Server, monkeypatch: pytest.MonkeyPatch):
    """408: a stranger at the least rate would hold its memory for minutes."""
    monkeypatch.setattr(deliveries, "WITHIN", 0.3)
    end = asyncio.Event()
    async with server.client() as client:
        posting = asyncio.create_task(client.post(PATH, content=unfinished(10, end), headers=headers()))
        await until(lambda: deliveries.bodies.held == 10)
        await until(lambda: deliveries.bodies.held == 0)
        end.set()
        answer = await asyncio.wait_for(posting, 5)

    refused(answer, 408, "request_timeout")
    assert deliveries.bodies.held == 0
