"""A GitHub on this machine: a real HTTP server that answers as GitHub's documentation says, or as badly as it is told.

GraphQL (`POST /graphql`), the REST API's `GET /repos/{owner}/{repo}/issues/{number}`, and bodies of webhooks.
"""

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, build_schema, graphql_sync

type Mood = Callable[["Request", asyncio.StreamWriter], Awaitable[bool]]

TOKEN = "github_pat_only-for-tests"
SECRET = "It's a Secret to Everybody"  # the example of GitHub's documentation
SCHEMA = build_schema((Path(__file__).parent / "github.graphql").read_text())
ALIAS = re.compile(r"a(\d+):repository")
REST = re.compile(r"/repos/([^/]+/[^/]+)/issues/(\d+)")
BY_ID = re.compile(r"/repositories/(\d+)/issues/(\d+)")
REASONS = {200: "OK", 301: "Moved Permanently", 404: "Not Found", 410: "Gone"}


@dataclass
class Request:
    """What was asked, and when."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def places(self) -> list[str]:
        """The references that a GraphQL request asks for."""
        if self.method != "POST":
            return []
        asked = json.loads(self.body)
        values = asked["variables"]
        return [f"{values[f'o{n}']}/{values[f'r{n}']}#{values[f'n{n}']}" for n in ALIAS.findall(asked["query"])]


@dataclass
class Repository:
    """A repository with its issues, pull requests and discussions by number."""

    name: str
    id: int
    private: bool = False
    things: dict[int, dict[str, Any]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    moved: dict[int, tuple["Repository", int]] = field(default_factory=dict)


def response(status: int, body: bytes, **headers: str) -> bytes:
    """Return an HTTP response as bytes."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Whatever')}", f"date: {formatdate(usegmt=True)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}", "content-type: application/json; charset=utf-8"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class FakeGitHub:
    """The server. `mood` answers in its place while it is set; `moods` are for one request each, in order."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[Request] = []
        self.mood: Mood | None = None
        self.moods: list[Mood] = []
        self.left = 5000
        self.resets_in = 3600
        self.most_at_once = 0
        self.url = ""
        self._now = 0

    # What is there

    def repository(self, name: str, *, private: bool = False) -> Repository:
        """Return a repository, made where there is none."""
        made = Repository(name, 1000 + len(self.repositories), private)
        return self.repositories.setdefault(name.lower(), made)

    def put(self, name: str, kind: str = "Issue", *, private: bool = False, **fields: Any) -> dict[str, Any]:
        """Put an issue, pull request or discussion at `owner/repo#12`."""
        full_name, _, number = name.partition("#")
        repository = self.repository(full_name, private=private)
        thing = {
            "__typename": kind,
            "number": int(number),
            "title": f"Title of {name}",
            "updatedAt": "2026-11-24T09:30:00Z",
            **({"closed": False, "stateReason": None} if kind == "Discussion" else {"state": "OPEN"}),
            **({"stateReason": None} if kind == "Issue" else {}),
            **({"isDraft": False} if kind == "PullRequest" else {}),
        }
        repository.things[int(number)] = thing | fields
        return repository.things[int(number)]

    # How it answers

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while request := await self._read(reader):
                self.requests.append(request)
                self._now += 1
                self.most_at_once = max(self.most_at_once, self._now)
                try:
                    mood = self.moods.pop(0) if self.moods else self.mood
                    if mood is not None and not await mood(request, writer):
                        break
                    if mood is None:
                        writer.write(self.answer(request))
                    await writer.drain()
                finally:
                    self._now -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> Request | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, path, _ = first.split(" ")
        return Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))

    def answer(self, request: Request) -> bytes:
        """Return what GitHub would answer."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or "user-agent" not in request.headers:
            return response(401, b'{"message":"Bad credentials"}')
        if request.method == "POST" and request.path == "/graphql":
            return self.graphql(self.data(request))
        return self.rest(request.path)

    def graphql(self, answer: dict[str, Any], status: int = 200) -> bytes:
        """Return an answer of GraphQL, which costs a point."""
        self.left -= 1
        return response(status, json.dumps(answer).encode(), **self.limits())

    def limits(self) -> dict[str, str]:
        """Return the headers that tell what is left of the hour."""
        reset = str(int(time.time() + self.resets_in))
        return {"x_ratelimit_limit": "5000", "x_ratelimit_remaining": str(self.left), "x_ratelimit_reset": reset}

    def data(self, request: Request) -> dict[str, Any]:
        """Return data and errors for each alias, the errors with GitHub's types and paths."""
        asked = json.loads(request.body)
        result = graphql_sync(SCHEMA, asked["query"], _Root(self), variable_values=asked["variables"])
        answer = result.formatted
        errors = [error | error.get("extensions", {}) for error in answer.get("errors", [])]
        return dict(answer) | ({"errors": errors} if errors else {})

    def rest(self, path: str) -> bytes:
        """Return what the REST API says of an issue."""
        if match := BY_ID.fullmatch(path):
            repository = next((r for r in self.repositories.values() if r.id == int(match[1])), None)
        elif match := REST.fullmatch(path):
            repository = self.repositories.get(match[1].lower())
        else:
            return response(404, b'{"message":"Not Found"}')
        number = int(match[2])
        if repository is not None and number in repository.gone:
            return response(410, b'{"message":"This issue was deleted"}')
        if repository is not None and number in repository.moved:
            to, new_number = repository.moved[number]
            return response(301, b"{}", location=f"{self.url}/repositories/{to.id}/issues/{new_number}")
        thing = None if repository is None else repository.things.get(number)
        if repository is None or thing is None:
            return response(404, b'{"message":"Not Found"}')
        body = {"number": number, "repository_url": f"{self.url}/repos/{repository.name}", "title": thing["title"]}
        return response(200, json.dumps(body).encode())


class NotFound(GraphQLError):
    """GitHub's own type of error stands beside the message."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Could not resolve to {what}.", extensions={"type": "NOT_FOUND"})


class _Root:
    def __init__(self, fake: FakeGitHub) -> None:
        self.fake = fake

    def repository(self, _info: GraphQLResolveInfo, owner: str, name: str, followRenames: bool) -> dict[str, Any]:  # noqa: N803, ARG002
        found = self.fake.repositories.get(f"{owner}/{name}".lower())
        if found is None:
            raise NotFound(f"a Repository with the name '{owner}/{name}'")
        place = {"nameWithOwner": found.name, "isPrivate": found.private}

        def pick(number: int, *, talk: bool) -> dict[str, Any]:
            thing = found.things.get(number)
            if thing is None or (thing["__typename"] == "Discussion") is not talk:
                raise NotFound(f"one with the number of {number}")
            return {"repository": place} | thing

        return place | {
            "issueOrPullRequest": lambda _info, number: pick(number, talk=False),
            "discussion": lambda _info, number: pick(number, talk=True),
        }


def says(status: int, body: bytes = b"{}", **headers: str) -> Mood:
    """Answer with this."""

    async def mood(_request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(response(status, body, **headers))
        return True

    return mood


async def hangs_up(_request: Request, _writer: asyncio.StreamWriter) -> bool:
    """Close the connection without an answer."""
    return False


async def breaks_off(_request: Request, writer: asyncio.StreamWriter) -> bool:
    """Announce more than comes."""
    writer.write(response(200, b'{"data": {"a0": {"nameWithOwner": "octo/api"}}}')[:-20])
    await writer.drain()
    return False


async def says_50_megabytes(_request: Request, writer: asyncio.StreamWriter) -> bool:
    """Begin an answer of 50 MB, and go on as long as anyone reads."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 52428800\r\n\r\n")
    for _ in range(800):
        writer.write(b" " * 65536)
        await writer.drain()
    return True


def stalls(seconds: float) -> Mood:
    """Say nothing for a while, and then hang up."""

    async def mood(_request: Request, _writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(seconds)
        return False

    return mood


def redirects_to(url: str, status: int = 301) -> Mood:
    """Answer that it is elsewhere."""
    return says(status, location=url)


def sign(body: bytes, secret: str = SECRET) -> str:
    """Return the signature that GitHub sends with a body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def delivery(
    event: str, action: str, name: str, *, private: bool = False, changes: dict | None = None, **thing: Any
) -> bytes:
    """Return the body of a webhook's delivery, with what matters of it."""
    full_name, _, number = name.partition("#")
    owner, _, repo = full_name.partition("/")
    field_name = {"issues": "issue"}.get(event, event)
    body = {
        "action": action,
        field_name: {
            "number": int(number),
            "title": f"Title of {name}",
            "state": "open",
            "updated_at": "2026-11-24T10:00:00Z",
            **({"draft": False, "merged": False} if event == "pull_request" else {"state_reason": None}),
            **thing,
        },
        "repository": {"id": 1, "name": repo, "full_name": full_name, "private": private, "owner": {"login": owner}},
        "sender": {"login": "octocat"},
    }
    return json.dumps(body | ({"changes": changes} if changes else {})).encode()


@asynccontextmanager
async def fake_github(port: int = 0) -> AsyncIterator[FakeGitHub]:
    """Run a GitHub until the block ends."""
    fake = FakeGitHub()
    server = await asyncio.start_server(fake.handle, "127.0.0.1", port, limit=2**20)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
        server.close_clients()
