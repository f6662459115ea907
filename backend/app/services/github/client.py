"""GitHub's API, which isn't trusted: requests go to one host only, and answers are limited, checked and typed.

Titles come from GraphQL, up to 50 at a time. Only REST can tell where a missing number has gone.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import urljoin, urlsplit

import httpx2

from app import __version__
from app.config import LOOPBACK, settings
from app.places import Place
from app.services.github import findings, graphql
from app.services.github.findings import Finding, Gone, NoAccess, Redirected, Unclear

AT_ONCE: Final = 50
WITHIN: Final = 15.0  # seconds for a complete answer; GitHub itself gives up after 10
LARGEST_ANSWER: Final = 4 * 1024 * 1024  # 50 titles of 10,000 escaped characters have 3 MB
MOST_REDIRECTS: Final = 3
LONGEST_WAIT: Final = 24 * 3600.0  # seconds


class GithubError(Exception):
    """GitHub gave no usable answer. `wait` is the pause in seconds that it asked for, if any."""

    wait: float | None = None


class GithubFailed(GithubError):
    """It didn't answer, or not with what was asked for."""


class GithubRefused(GithubError):
    """It asks for fewer requests, or refuses this token."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Points:
    """What is left of the hour's GraphQL budget, as GitHub counts it. `seconds` until it is full again."""

    left: int
    limit: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Findings:
    """One finding for each place that was asked for, in that order."""

    findings: list[Finding]
    points: Points | None = None


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: httpx2.Headers
    body: bytes

    def json(self) -> dict[str, Any]:
        try:
            # orjson would refuse lone surrogates, which a title may contain.
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            raise GithubFailed("it answered with something other than JSON") from None
        if not isinstance(found, dict):
            raise GithubFailed("it answered with something other than a JSON object")
        return found

    def number(self, header: str) -> int | None:
        value = self.headers.get(header, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None  # noqa: PLR2004

    def seconds_until(self, moment: float) -> float:
        """Return how long it is until a time by GitHub's clock, which may differ from this machine's."""
        try:
            now = parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            now = datetime.now(UTC).timestamp()
        return min(max(moment - now, 0.0), LONGEST_WAIT)

    def wait(self) -> float | None:
        """Return how many seconds to pause. `retry-after` takes precedence over `x-ratelimit-reset`."""
        if (seconds := self.number("retry-after")) is not None:
            return min(float(seconds), LONGEST_WAIT)
        reset = self.number("x-ratelimit-reset")
        if self.number("x-ratelimit-remaining") == 0 and reset is not None:
            return self.seconds_until(reset)
        return None

    def points(self) -> Points | None:
        left, limit = self.number("x-ratelimit-remaining"), self.number("x-ratelimit-limit")
        reset = self.number("x-ratelimit-reset")
        if left is None or limit is None or reset is None:
            return None
        return Points(min(left, 2**31 - 1), min(limit, 2**31 - 1), self.seconds_until(reset))

    def is_rate_limited(self) -> bool:
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or (
            self.status == HTTPStatus.FORBIDDEN and (self.wait() is not None or b"rate limit" in self.body.lower())
        )


def _graphql_url(api_url: str) -> str:
    # GitHub Enterprise Server has its REST API at /api/v3, and GraphQL beside it.
    return f"{api_url.removesuffix('/v3')}/graphql"


class GitHub:
    """GitHub, as configured. Callers make sure that only one request runs at a time."""

    def __init__(self) -> None:
        assert settings.GITHUB_TOKEN is not None
        self._api_url = settings.GITHUB_API_URL
        loopback = urlsplit(self._api_url).hostname in LOOPBACK
        self._client = httpx2.AsyncClient(
            headers={
                "Accept": "application/vnd.github+json",
                "Accept-Encoding": "identity",  # so that the size limit counts what is really read
                "Authorization": f"Bearer {settings.GITHUB_TOKEN}",
                "User-Agent": f"statusboard/{__version__}",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            follow_redirects=False,
            timeout=WITHIN,
            trust_env=not loopback,  # over plain HTTP a proxy could read the token
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._client.aclose()

    async def _send(self, method: str, url: str, body: dict[str, Any] | None = None) -> _Reply:
        try:
            async with asyncio.timeout(WITHIN), self._client.stream(method, url, json=body) as response:
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise GithubFailed("it answered in an encoding that it wasn't asked for")
                received = bytearray()
                async for chunk in response.aiter_raw():
                    received += chunk
                    if len(received) > LARGEST_ANSWER:
                        raise GithubFailed("it answered with more than 4 MiB")
                reply = _Reply(response.status_code, response.headers, bytes(received))
        except TimeoutError:
            raise GithubFailed(f"it did not answer within {WITHIN:.0f} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            # The error's text may contain anything from the network.
            raise GithubFailed(f"the connection failed ({type(error).__name__})") from None
        if reply.status == HTTPStatus.UNAUTHORIZED:
            raise GithubRefused("it refuses GITHUB_TOKEN")
        if reply.is_rate_limited():
            raise GithubRefused(f"it asks for fewer requests ({reply.status})", reply.wait())
        return reply

    async def look_up(self, places: Sequence[Place]) -> Findings:
        """Ask for up to 50 places in one request.

        Raises:
            GithubError: there is no usable answer. It says when to ask again.
        """
        reply = await self._send("POST", _graphql_url(self._api_url), graphql.query(places))
        if reply.status == HTTPStatus.FORBIDDEN:
            raise GithubRefused("it answered 403", reply.wait())
        if reply.status != HTTPStatus.OK:
            raise GithubFailed(f"it answered {reply.status}")
        answer = reply.json()
        errors = graphql.errors_of(answer)
        # A refusal can be a success with an error in its body.
        if any(kind in {"RATE_LIMITED", "RATE_LIMIT"} for kind, _ in errors):
            raise GithubRefused("it asks for fewer requests (RATE_LIMITED)", reply.wait())
        data = answer.get("data")
        if not isinstance(data, dict):
            if b"rate limit" in reply.body.lower():
                raise GithubRefused("it asks for fewer requests (rate limit)", reply.wait())
            raise GithubFailed("it answered without data")
        return Findings([graphql.finding(f"a{n}", data, errors) for n in range(len(places))], reply.points())

    async def locate(self, place: Place) -> Findings:
        """Ask where a number has gone that GraphQL doesn't know. Redirects share one request's time limit.

        Raises:
            GithubError: as in `look_up`.
        """
        try:
            async with asyncio.timeout(WITHIN):
                return Findings([await self._locate(place)])
        except TimeoutError:
            raise GithubFailed(f"it did not answer within {WITHIN:.0f} s") from None

    async def _locate(self, place: Place) -> Finding:
        url = f"{self._api_url}/repos/{place.owner}/{place.repo}/issues/{place.number}"
        for _ in range(1 + MOST_REDIRECTS):
            reply = await self._send("GET", url)
            if reply.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS}:
                return NoAccess()
            if reply.status == HTTPStatus.GONE:
                return Gone()
            if reply.status == HTTPStatus.OK:
                return self._located(reply.json(), place)
            location = reply.headers.get("location", "")
            if not (300 <= reply.status < 400 and location):  # noqa: PLR2004
                raise GithubFailed(f"it answered {reply.status}")
            url = urljoin(url, location)
            if not self._is_own(url):
                return Redirected(None)
        return Unclear()

    def _is_own(self, url: str) -> bool:
        """Tell whether a URL belongs to the API itself. The token is sent nowhere else."""
        try:
            there, here = urlsplit(url), urlsplit(self._api_url)
            return (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
        except ValueError:
            return False

    def _located(self, issue: dict[str, Any], asked: Place) -> Finding:
        repository = issue.get("repository_url")
        prefix = f"{self._api_url}/repos/"
        if not isinstance(repository, str) or not repository.startswith(prefix):
            return Unclear()
        to = findings.place(repository.removeprefix(prefix), issue.get("number"))
        # REST has the very place that GraphQL doesn't know, so the two disagree.
        return Unclear() if to is None or to.key == asked.key else Redirected(to)
