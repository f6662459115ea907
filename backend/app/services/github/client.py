"""GitHub's API, distrusted: what is sent goes to one host, and what comes back is bounded, checked and typed.

Titles come by GraphQL, up to 50 at a time. Where a number went that is not there any more, only REST can tell.
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
from app.models.reference import ReferenceKind
from app.services.github import findings
from app.services.github.findings import Finding, Found, Gone, Missing, NoAccess, Redirected, Unclear
from app.services.statuses.mentions import Mention

AT_ONCE: Final = 50
WITHIN: Final = 15.0  # seconds for one answer, to its last byte; GitHub itself gives up after 10
LARGEST_ANSWER: Final = 4 * 1024 * 1024  # 50 titles of 10,000 escaped characters are 3 MB
MOST_REDIRECTS: Final = 3
LONGEST_WAIT: Final = 24 * 3600.0  # seconds

FIELDS: Final = """
fragment place on Repository { nameWithOwner isPrivate }
fragment item on IssueOrPullRequest {
  __typename
  ... on Issue { number title issueState: state stateReason updatedAt repository { ...place } }
  ... on PullRequest { number title pullRequestState: state isDraft updatedAt repository { ...place } }
}
fragment talk on Discussion { __typename number title closed stateReason updatedAt repository { ...place } }
"""
KINDS: Final = {
    "Issue": ReferenceKind.ISSUE,
    "PullRequest": ReferenceKind.PULL_REQUEST,
    "Discussion": ReferenceKind.DISCUSSION,
}
NOT_THERE: Final = {"NOT_FOUND", "FORBIDDEN"}


class GithubError(Exception):
    """GitHub gave no answer that can be used. `wait` is for how many seconds it is not to be asked, if it said so."""

    wait: float | None = None


class GithubFailed(GithubError):
    """It did not answer, or not with what was asked for."""


class GithubRefused(GithubError):
    """It wants to be asked less, or not with this token."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Points:
    """What is left of the hour's budget for GraphQL, as GitHub counts it; `seconds` until it is full again."""

    left: int
    limit: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
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
            # orjson would refuse lone surrogates, which a title may have.
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
        """Return how long it is until a moment by GitHub's clock, which may differ from this machine's."""
        try:
            now = parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            now = datetime.now(UTC).timestamp()
        return min(max(moment - now, 0.0), LONGEST_WAIT)

    def wait(self) -> float | None:
        """Return for how many seconds GitHub is not to be asked: `retry-after` counts before `x-ratelimit-reset`."""
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


def _query(places: Sequence[Mention]) -> dict[str, Any]:
    declared: list[str] = []
    asked: list[str] = []
    variables: dict[str, str | int] = {}
    for n, place in enumerate(places):
        declared.append(f"$o{n}:String!,$r{n}:String!,$n{n}:Int!")
        asked.append(
            f"a{n}:repository(owner:$o{n},name:$r{n})"
            f"{{...place issueOrPullRequest(number:$n{n}){{...item}}discussion(number:$n{n}){{...talk}}}}"
        )
        variables |= {f"o{n}": place.owner, f"r{n}": place.repo, f"n{n}": place.number}
    return {"query": f"query({','.join(declared)}){{{' '.join(asked)}}}{FIELDS}", "variables": variables}


def _errors(answer: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """Return the type of each error, with the path to what it is about."""
    found: list[tuple[str, list[Any]]] = []
    errors = answer.get("errors")
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            path = error.get("path")
            found.append((str(error.get("type")), path if isinstance(path, list) else []))
    return found


def _found(item: dict[str, Any]) -> Finding:
    kind, repository = KINDS.get(str(item.get("__typename"))), item.get("repository")
    if kind is None or not isinstance(repository, dict) or not isinstance(repository.get("isPrivate"), bool):
        return Unclear()
    place = findings.place(repository.get("nameWithOwner"), item.get("number"))
    title = findings.title(item.get("title"))
    said = item.get("issueState") or item.get("pullRequestState")
    if isinstance(item.get("closed"), bool):
        said = "CLOSED" if item["closed"] else "OPEN"
    state = findings.state(kind, {"state": said, "reason": item.get("stateReason"), "draft": item.get("isDraft")})
    if place is None or title is None or state is None:
        return Unclear()
    return Found(place, kind, title, state, repository["isPrivate"], findings.moment(item.get("updatedAt")))


def _finding(alias: str, data: dict[str, Any], errors: list[tuple[str, list[Any]]]) -> Finding:
    repository = data.get(alias, ...)
    if repository is None and any(kind in NOT_THERE for kind, path in errors if path == [alias]):
        return NoAccess()
    if not isinstance(repository, dict) or not isinstance(repository.get("isPrivate"), bool):
        return Unclear()
    if findings.is_hidden(repository.get("nameWithOwner"), repository["isPrivate"]):
        return NoAccess()
    items = [repository.get(field) for field in ("issueOrPullRequest", "discussion")]
    there = [item for item in items if item is not None]
    if there:
        return _found(there[0]) if isinstance(there[0], dict) else Unclear()
    types = {kind for kind, path in errors if path[:1] == [alias]}
    if not types <= NOT_THERE:
        return Unclear()
    return NoAccess() if "FORBIDDEN" in types else Missing()


class GitHub:
    """GitHub, as the settings name it. One request at a time is the caller's business."""

    def __init__(self) -> None:
        assert settings.GITHUB_TOKEN is not None
        self._api_url = settings.GITHUB_API_URL
        loopback = urlsplit(self._api_url).hostname in LOOPBACK
        self._client = httpx2.AsyncClient(
            headers={
                "Accept": "application/vnd.github+json",
                "Accept-Encoding": "identity",  # so that what is read is as long as it looks
                "Authorization": f"Bearer {settings.GITHUB_TOKEN}",
                "User-Agent": f"statusboard/{__version__}",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            follow_redirects=False,
            timeout=WITHIN,
            trust_env=not loopback,  # over plain HTTP a proxy would read the token
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
            # Its text may be anything that came over the wire.
            raise GithubFailed(f"the connection failed ({type(error).__name__})") from None
        if reply.status == HTTPStatus.UNAUTHORIZED:
            raise GithubRefused("it refuses GITHUB_TOKEN")
        if reply.is_rate_limited():
            raise GithubRefused(f"it asks for fewer requests ({reply.status})", reply.wait())
        return reply

    async def look_up(self, places: Sequence[Mention]) -> Answer:
        """Ask for up to 50 places in one request.

        Raises:
            GithubError: there is no answer, and when to ask again.
        """
        reply = await self._send("POST", _graphql_url(self._api_url), _query(places))
        if reply.status == HTTPStatus.FORBIDDEN:
            raise GithubRefused("it answered 403", reply.wait())
        if reply.status != HTTPStatus.OK:
            raise GithubFailed(f"it answered {reply.status}")
        answer = reply.json()
        errors = _errors(answer)
        # A refusal may come as a success with an error in its body.
        if any(kind in {"RATE_LIMITED", "RATE_LIMIT"} for kind, _ in errors):
            raise GithubRefused("it asks for fewer requests (RATE_LIMITED)", reply.wait())
        data = answer.get("data")
        if not isinstance(data, dict):
            if b"rate limit" in reply.body.lower():
                raise GithubRefused("it asks for fewer requests (rate limit)", reply.wait())
            raise GithubFailed("it answered without data")
        return Answer([_finding(f"a{n}", data, errors) for n in range(len(places))], reply.points())

    async def locate(self, place: Mention) -> Answer:
        """Ask where a number went that GraphQL does not know. Redirects count as one request, within the same time.

        Raises:
            GithubError: as in `look_up`.
        """
        try:
            async with asyncio.timeout(WITHIN):
                return Answer([await self._locate(place)])
        except TimeoutError:
            raise GithubFailed(f"it did not answer within {WITHIN:.0f} s") from None

    async def _locate(self, place: Mention) -> Finding:
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
        """Tell whether a URL is of the API itself: the token is sent nowhere else."""
        try:
            there, here = urlsplit(url), urlsplit(self._api_url)
            return (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
        except ValueError:
            return False

    def _located(self, issue: dict[str, Any], asked: Mention) -> Finding:
        repository = issue.get("repository_url")
        prefix = f"{self._api_url}/repos/"
        if not isinstance(repository, str) or not repository.startswith(prefix):
            return Unclear()
        to = findings.place(repository.removeprefix(prefix), issue.get("number"))
        # At the very place that GraphQL does not know, the two disagree.
        return Unclear() if to is None or to.key == asked.key else Redirected(to)
