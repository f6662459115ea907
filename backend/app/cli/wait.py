"""`statusboard wait`: wait until an issue, a pull request or a discussion is merged or closed.

It is an ordinary client of the board, and needs none of the server's settings.
"""

import asyncio
import json
import random
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import click
import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from app.places import Place
from app.services.statuses import reference_grammar

# Exit codes, besides 0 for merged or closed as done. 1 and 2 are common to all commands: an error, and wrong usage.
FAILED: Final = 1
NOT_DONE: Final = 3  # closed without a merge, or as not planned
OUT_OF_SIGHT: Final = 4  # nobody has mentioned it, GitHub doesn't show it, or it is deleted
NOT_LET_IN: Final = 5  # the board refuses the token or the login
TIMED_OUT: Final = 124  # as in timeout(1)

ANSWER_WITHIN: Final = 10.0  # seconds for any answer of the board
FIRST_RETRY, LAST_RETRY = 0.2, 30.0  # seconds between two attempts to reach the board
FIRST_COMPLAINT: Final = 3.0  # seconds
REFRESH_EARLY: Final = 60.0  # seconds before an access token expires
REFRESH_WITHIN: Final = 12 * 3600.0  # seconds; the refresh cookie may live for only a day

# Close codes after which a second attempt is useless: malformed, token, account.
FINAL_CODES: Final = {4400, 4401, 4403}


class Ended(Exception):
    """There is nothing more to wait for."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Login:
    """A username and a password, instead of an API token."""

    username: str
    password: str


class Board:
    """A board, and someone who may read it."""

    def __init__(self, url: str, credential: str | Login) -> None:
        self.socket_url = f"ws{url.removeprefix('http')}/api/v1/live"
        self._client = httpx2.AsyncClient(base_url=url, timeout=ANSWER_WITHIN)
        self._login = None if isinstance(credential, str) else credential
        self.token = credential if isinstance(credential, str) else ""
        self.refresh_in: float | None = None

    async def enter(self) -> None:
        """Log in, if there is no API token. The cookie is kept, to renew the login."""
        if self._login is not None:
            body = {"username": self._login.username, "password": self._login.password}
            self._take(await self._request("POST", "/api/v1/auth/login", json=body))

    async def renew(self) -> None:
        """Get the next access token."""
        self._take(await self._request("POST", "/api/v1/auth/refresh"))

    def forget_token(self) -> bool:
        """Let the next attempt log in again. Tell whether it can."""
        self.token = self.token if self._login is None else ""
        return not self.token

    async def leave(self) -> None:
        """End the login, if this command made one."""
        try:
            if self._login is not None and self.token:
                await self._request("POST", "/api/v1/auth/logout")
        except (Ended, httpx2.HTTPError):
            pass  # it ends by itself
        finally:
            await self._client.aclose()

    def _take(self, answer: dict[str, Any]) -> None:
        self.token = answer["access_token"]
        self.refresh_in = refresh_in(answer["expires_in"])

    async def reference(self, place: Place) -> dict[str, Any]:
        """Return the reference's state, and the position in the feed at which it was read."""
        path = f"/api/v1/references/{place.owner}/{place.repo}/{place.number}"
        return await self._request("GET", path, params={"limit": 1})

    async def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        response = await self._client.request(method, path, headers=headers, **options)
        if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise Ended(NOT_LET_IN, _detail(response))
        if response.status_code == HTTPStatus.MISDIRECTED_REQUEST:
            raise Ended(FAILED, _detail(response))
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise Ended(OUT_OF_SIGHT, _detail(response))
        response.raise_for_status()
        found = response.json() if response.content else {}
        return found if isinstance(found, dict) else {}


def refresh_in(expires_in: float) -> float:
    """Return after how many seconds to renew a token with this lifetime: in time for it, and for the cookie."""
    return min(expires_in - min(REFRESH_EARLY, expires_in / 4), REFRESH_WITHIN)


def _detail(response: httpx2.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The board answered {response.status_code}."


def judge(name: str, reference: dict[str, Any]) -> None:
    """Check the state of a reference.

    Raises:
        Ended: there is nothing more to wait for.
    """
    match reference.get("state"), reference.get("kind"):
        case "merged", _:
            raise Ended(0, f"{name} is merged.")
        case "closed", "pull_request":
            raise Ended(NOT_DONE, f"{name} is closed without a merge.")
        case "closed", _:
            raise Ended(0, f"{name} is closed.")
        case "not_planned", _:
            raise Ended(NOT_DONE, f"{name} is closed as not planned.")
        case "no_access", _:
            raise Ended(OUT_OF_SIGHT, f"{name} doesn't exist, or this board can't see it.")
        case "moved", _:
            raise Ended(OUT_OF_SIGHT, f"{name} has moved to where this board can't see it.")
        case "gone", _:
            raise Ended(OUT_OF_SIGHT, f"{name} was deleted.")


class Waiting:
    """Follows one reference: reads it once, then every later event."""

    def __init__(self, board: Board, place: Place) -> None:
        self._board = board
        self._place = place
        self._after: str | None = None
        self._retry = FIRST_RETRY

    async def run(self) -> NoReturn:
        """Wait, however often the connection is lost.

        Raises:
            Ended: there is nothing more to wait for.
        """
        while True:
            try:
                await self._follow()
            except (httpx2.HTTPError, OSError, TimeoutError, WebSocketException) as error:
                refused = isinstance(error, ConnectionClosed) and error.rcvd and error.rcvd.code in FINAL_CODES
                if refused and not self._board.forget_token():
                    raise Ended(NOT_LET_IN, str(error)) from error
                if isinstance(error, InvalidStatus) and error.response.status_code == HTTPStatus.FORBIDDEN:
                    raise Ended(NOT_LET_IN, "The board refused the connection.") from error
                self._complain(error)
            except (KeyError, TypeError, ValueError) as error:
                raise Ended(FAILED, "The server at that address isn't a Statusboard.") from error
            # Random, so that the clients of a board don't all reconnect at the same time.
            await asyncio.sleep(self._retry * random.uniform(0.5, 1.0))  # noqa: S311 -- no secret
            self._retry = min(2 * self._retry, LAST_RETRY)

    def _complain(self, error: Exception) -> None:
        # A restart of the board isn't worth a message, but a longer absence is.
        if FIRST_COMPLAINT <= self._retry < 2 * FIRST_COMPLAINT:
            click.echo(f"Can't reach the board, trying again: {error or type(error).__name__}", err=True)

    async def _read(self) -> None:
        answer = await self._board.reference(self._place)
        judge(self._place.name, answer["reference"])
        self._after = answer["position"]

    async def _follow(self) -> None:
        if not self._board.token:
            await self._board.enter()
        elif self._after is not None and self._board.refresh_in is not None:
            await self._board.renew()
        if self._after is None:
            await self._read()
        async with connect(self._board.socket_url, open_timeout=ANSWER_WITHIN, max_size=None) as socket:
            await socket.send(json.dumps({"type": "auth", "token": self._board.token, "after": self._after}))
            renewing = asyncio.create_task(self._keep_logged_in(socket.send))
            try:
                async for frame in socket:
                    await self._take(json.loads(frame))
            finally:
                renewing.cancel()

    async def _keep_logged_in(self, send: Any) -> None:  # noqa: ANN401 -- websockets' own method
        while self._board.refresh_in is not None:
            await asyncio.sleep(self._board.refresh_in)
            await self._board.renew()
            await send(json.dumps({"type": "auth", "token": self._board.token}))

    async def _take(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "reset":
                # The feed no longer has what happened in the meantime, so read the current state.
                await self._read()
            case "ready":
                self._retry = FIRST_RETRY
                self._after = message["position"]
            case "event":
                self._after = message["position"]
                if message["kind"] == "reference.changed" and self._is_it(message["data"]):
                    judge(self._place.name, message["data"])

    def _is_it(self, reference: dict[str, Any]) -> bool:
        return Place(reference["owner"], reference["repo"], reference["number"]).key == self._place.key


def parse(name: str) -> Place:
    """Return the one reference that `name` is: `octo/api#12`, or its address.

    Raises:
        click.UsageError: it isn't a reference, or contains several.
    """
    found = reference_grammar.find(name, host=urlsplit(name).netloc or reference_grammar.GITHUB)
    if len(found) != 1 or (found[0].name != name and "://" not in name):
        raise click.UsageError(f"{name} isn't a reference such as octo/api#12 or the address of an issue on GitHub.")
    return found[0]


async def wait(place: Place, *, url: str, credential: str | Login, timeout: float | None) -> tuple[int, str]:  # noqa: ASYNC109
    """Wait until a reference is merged or closed. Return the exit code and a sentence that says why.

    Args:
        place: the reference.
        url: the board's address.
        credential: an API token that can read, or a login.
        timeout: in seconds; None to wait as long as it takes.
    """
    board = Board(url, credential)
    try:
        async with asyncio.timeout(timeout):
            await Waiting(board, place).run()
    except Ended as ended:
        return ended.code, str(ended)
    except TimeoutError:
        return TIMED_OUT, f"{place.name} is still open."
    finally:
        await board.leave()
