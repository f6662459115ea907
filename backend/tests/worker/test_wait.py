"""`statusboard wait`: a script goes on when what it waits for is merged."""

import asyncio
import importlib
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.errors import RESTART
from app.api.hosts import Hosts
from app.config import settings
from app.services.feed import follower
from tests.fake_github import SECRET, FakeGitHub, delivery, says, sign
from tests.patience import LONG
from tests.personas import PASSWORD, Persona
from tests.servers import Server, serve, until

# In the package, that name is the command's.
waiting = importlib.import_module("app.cli.wait")
PLACE = waiting.parse("octo/api#12")


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let states come by webhook."""
    monkeypatch.setattr(settings, "GITHUB_WEBHOOK_SECRET", SECRET)


async def api_token(persona: Persona, *scopes: str) -> str:
    """Make an API token."""
    response = await persona.client.post("/api/v1/tokens", json={"name": "CI", "scopes": scopes or ["read"]})
    return response.json()["token"]


async def deliver(persona: Persona, event: str = "pull_request", action: str = "closed", **thing: object) -> None:
    """Have GitHub tell how octo/api#12 stands."""
    body = delivery(event, action, "octo/api#12", **thing)
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": os.urandom(8).hex(), "X-Hub-Signature-256": sign(body)}
    response = await persona.client.post("/api/v1/github/webhook", content=body, headers=headers)
    assert response.json() == {"result": "done"}


async def wait_for(
    server: Server, credential: object, then: Callable[[], Awaitable[None]], **options: object
) -> tuple[int, str]:
    """Wait, have something happen once the socket is open, and return how it ended."""
    options = {"timeout": LONG} | options
    task = asyncio.create_task(waiting.wait(PLACE, url=server.url, credential=credential, **options))
    await until(lambda: bool(server.sockets.credentials) or task.done())
    await then()
    return await task


async def nothing() -> None:
    """Let nothing happen."""


async def test_it_ends_with_the_merge(database_url: str, ada: Persona, monkeypatch):
    """By an event on the socket, whose notification nothing else covers; what happens to others is nothing to it."""
    monkeypatch.setattr(follower, "POLL", 3600)
    await ada.post("octo/api#12 octo/api#13")
    token = await api_token(ada)

    async def merge() -> None:
        await deliver(ada, "pull_request", "edited", title="Another title")
        await deliver(ada, merged=True, state="closed")

    async with serve() as server:
        ended = await wait_for(server, token, merge)
        await until(lambda: not server.sockets.open)

    assert ended == (0, "octo/api#12 is merged.")


@pytest.mark.parametrize(
    "told",
    [
        ("pull_request", "closed", {"state": "closed"}, 3, "octo/api#12 is closed without a merge."),
        ("issues", "closed", {"state": "closed", "state_reason": "completed"}, 0, "octo/api#12 is closed."),
        (
            "issues",
            "closed",
            {"state": "closed", "state_reason": "duplicate"},
            3,
            "octo/api#12 is closed as not planned.",
        ),
        ("issues", "deleted", {}, 4, "octo/api#12 was deleted."),
    ],
)
async def test_how_it_ends(server: Server, ada: Persona, told):
    """Each end has an exit code, before the wait and during it alike."""
    event, action, thing, code, why = told
    await ada.post("octo/api#12")
    token = await api_token(ada)

    during = await wait_for(server, token, lambda: deliver(ada, event, action, **thing))
    before = await wait_for(server, token, nothing)

    assert during == before == (code, why)


async def test_out_of_sight(server: Server, ada: Persona, db: AsyncSession):
    """What nobody spoke of, and what GitHub does not show."""
    token = await api_token(ada)
    unknown = await wait_for(server, token, nothing)
    await ada.post("octo/api#12")
    await db.execute(text("UPDATE github_references SET state = 'no_access'"))
    await db.commit()
    hidden = await wait_for(server, token, nothing)

    assert unknown == (4, "Nobody on this board has mentioned that reference.")
    assert hidden == (4, "octo/api#12 doesn't exist, or this board can't see it.")


async def test_not_let_in(server: Server, ada: Persona):
    """A token that is unknown, may not read, or is revoked while it waits."""
    await ada.post("octo/api#12")
    posting = await api_token(ada, "post")

    assert (await wait_for(server, "sb_nonsense", nothing))[0] == 5
    assert (await wait_for(server, posting, nothing))[0] == 5
    assert (await wait_for(server, waiting.Login("ada", "a wrong password"), nothing))[0] == 5


async def test_a_timeout(server: Server, ada: Persona):
    """As with timeout(1)."""
    await ada.post("octo/api#12")

    ended = await wait_for(server, await api_token(ada), nothing, timeout=0.5)

    assert ended == (124, "octo/api#12 is still open.")


async def test_its_own_login(server: Server, ada: Persona, monkeypatch):
    """It is renewed as long as it waits, and ends with it."""
    monkeypatch.setattr(waiting, "REFRESH_WITHIN", 0.3)  # seconds
    await ada.post("octo/api#12")

    renewed = asyncio.Semaphore(0)
    renew = waiting.Board.renew

    async def renew_and_tell(board: object) -> None:
        await renew(board)
        renewed.release()

    async def merge_later() -> None:
        for _ in range(2):
            await renewed.acquire()
        await deliver(ada, merged=True, state="closed")

    monkeypatch.setattr(waiting.Board, "renew", renew_and_tell)

    code, _ = await wait_for(server, waiting.Login("ada", PASSWORD), merge_later)
    sessions = (await ada.client.get("/api/v1/auth/sessions")).json()["items"]

    assert code == 0
    assert [session["id"] for session in sessions] == [ada.session_id]


async def test_a_board_that_restarts(server: Server, ada: Persona):
    """It comes back, and misses nothing that happened meanwhile."""
    await ada.post("octo/api#12")

    async def restart() -> None:
        for open_socket in tuple(server.sockets.open):
            open_socket.end(RESTART, "The server restarts.")
        await until(lambda: not server.sockets.open)
        await deliver(ada, merged=True, state="closed")

    code, _ = await wait_for(server, await api_token(ada), restart)

    assert code == 0


async def test_a_board_that_is_away(capsys, monkeypatch):
    """It is tried again, ever less often, and after some seconds it is said."""
    monkeypatch.setattr(waiting, "FIRST_COMPLAINT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    code, _ = await waiting.wait(PLACE, url=f"http://127.0.0.1:{port}", credential="sb_x", timeout=2)

    assert code == 124
    assert capsys.readouterr().err.count("Can't reach the board") == 1


async def test_something_else_than_a_board(github: FakeGitHub):
    """A server that answers, but not as a board does."""
    github.mood = says(200, b"<html>Welcome to nginx!</html>")

    code, why = await waiting.wait(PLACE, url=github.url, credential="sb_x", timeout=LONG)

    assert (code, why) == (1, "The server at that address isn't a Statusboard.")


async def test_a_feed_that_can_not_be_continued(server: Server, ada: Persona, db: AsyncSession):
    """After a reset it looks how things stand."""
    await ada.post("octo/api#12")
    board = waiting.Board(server.url, await api_token(ada))
    follower = waiting.Waiting(board, PLACE)
    follower._after = "77-0badcafe"  # noqa: SLF001 -- of a history that is gone
    await db.execute(text("UPDATE github_references SET state = 'merged'"))
    await db.commit()

    with pytest.raises(waiting.Ended, match="is merged"):
        async with asyncio.timeout(LONG):
            await follower.run()
    await board.leave()


async def test_a_board_that_is_reached_by_a_strange_name_is_not_tried_again(server: Server, ada: Persona, monkeypatch):
    """The board's sentence is shown, which says what to set."""
    token = await api_token(ada)
    monkeypatch.setattr(Hosts, "include", lambda *_: False)

    ended = await waiting.wait(PLACE, url=server.url, credential=token, timeout=LONG)

    assert ended[0] == waiting.FAILED
    assert "ALLOWED_HOSTS" in ended[1]


async def command(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command in a process of its own, with nothing of the server's settings."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from app.cli import main; main()", "wait", *arguments),
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command(server: Server, ada: Persona, tmp_path: Path):
    """The token comes from the environment or a file, and stands in no argument."""
    await ada.post("octo/api#12")
    await deliver(ada, merged=True, state="closed")
    token = await api_token(ada)
    (tmp_path / "token").write_text(f"{token}\n")
    by_variable, by_file, without, nonsense = await asyncio.gather(
        command("octo/api#12", STATUSBOARD_TOKEN=token, STATUSBOARD_URL=server.url),
        command("https://github.com/octo/api/pull/12", "--board", server.url, "--token-file", str(tmp_path / "token")),
        command("octo/api#12"),
        command("octo/api", STATUSBOARD_TOKEN=token),
    )

    assert by_variable == by_file == (0, "octo/api#12 is merged.\n", "")
    assert (without[0], nonsense[0]) == (2, 2)
    assert "STATUSBOARD_TOKEN" in without[2]
    assert "octo/api isn't a reference" in nonsense[2]


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 45), (30, 29 * 60), (43_200, 12 * 3600), (525_600, 12 * 3600)])
def test_a_login_is_renewed_in_time(minutes: int, seconds: float):
    """Before the access token expires, and before the cookie does, which may live for a day; but not all the time."""
    assert waiting.refresh_in(minutes * 60) == seconds
