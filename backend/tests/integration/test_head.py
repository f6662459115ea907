"""HEAD, as monitors and load balancers ask: answered as GET is, without a body, on every route."""

import httpx
import pytest

from app.main import app
from tests.personas import Persona
from tests.servers import Server

# What is another one each time it is asked for.
CHANGING = {"date", "x-request-id"}
PATHS = {
    path.format(username="ada", status_id=1, owner="octo", repo="api", number=12)
    for path, methods in app.openapi()["paths"].items()
    if "get" in methods
}
OTHERS = {"/", "/docs", "/nothing", "/docs/assets/swagger-ui.css", "/api/v1/openapi.json"}


@pytest.fixture
async def asked(server: Server, ada: Persona):
    """Ask twice, by GET and by HEAD, over a real connection."""
    async with server.client(ada.token) as client, server.client() as stranger:

        async def ask(path: str, *, by_stranger: bool = False, **headers: str) -> tuple[httpx.Response, ...]:
            by = stranger if by_stranger else client
            return await by.get(path, headers=headers), await by.head(path, headers=headers)

        yield ask


def alike(get: httpx.Response, head: httpx.Response) -> None:
    """Hold that both have the same status and headers, and that one has no body."""

    def told(response: httpx.Response) -> dict[str, str]:
        return {name: value for name, value in response.headers.items() if name not in CHANGING}

    assert head.status_code == get.status_code, get.url
    assert told(head).items() >= (told(get).items() - {("transfer-encoding", "chunked")}), get.url
    assert head.content == b""


@pytest.mark.parametrize("path", sorted(PATHS | OTHERS))
async def test_head_is_answered_as_get_is(asked, path: str):
    """With the same status and the same headers, whoever asks and wherever they come from."""
    alike(*await asked(path))
    alike(*await asked(path, by_stranger=True))
    alike(*await asked(path, Origin="http://localhost:3000"))
    alike(*await asked(path, **{"Accept-Encoding": "identity"}))


async def test_head_knows_what_a_client_has_already(asked, ada: Persona):
    """304, as for GET; and the connection goes on after each."""
    await ada.post("Good morning")
    get, _ = await asked("/api/v1/statuses")
    again = await asked("/api/v1/statuses", **{"If-None-Match": get.headers["etag"]})

    alike(*again)
    assert again[1].status_code == 304


async def test_the_log_says_head(asked, caplog: pytest.LogCaptureFixture):
    """Whoever looks for what a monitor asked finds it."""
    caplog.set_level("INFO")
    await asked("/")

    assert [r.method for r in caplog.records if r.name == "app.access" and r.status == 200] == ["GET", "HEAD"]
