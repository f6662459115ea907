"""Log lines: one JSON object a line, whoever wrote it, and nothing in them that is nobody's business."""

import json
import logging
import re
import textwrap

import pytest

from app.logs import dict_config
from tests.subprocesses import SECRET, run_python

CONFIGURE = """
import logging, logging.config
from app.logs import dict_config
logging.config.dictConfig(dict_config({level!r}))
"""

REQUEST = """
import asyncio, httpx
from app.main import app
logging.getLogger("httpx").setLevel("WARNING")  # which is the client here
async def main():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://board") as client:
        {requests}
asyncio.run(main())
"""


def logged(body: str, *, level: str = "INFO") -> list[dict]:
    """Return the lines that a process writes in which this is run."""
    process = run_python(CONFIGURE.format(level=level) + textwrap.dedent(body), JWT_SECRET=SECRET)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return [json.loads(line) for line in process.stdout.splitlines()]


def answered(requests: str, *, level: str = "INFO") -> list[dict]:
    """Return the lines that the app writes about these requests of a `client`."""
    return logged(REQUEST.format(requests=requests), level=level)


def test_a_request_has_one_line():
    """With its id, method, path without the query, status, duration and the client's address; and no header of it."""
    (line,) = answered(
        'await client.get("/api/v1/users/hunter2?token=hunter2&x=%0A", headers={'
        '"X-Request-ID": "trace-7", "Authorization": "Bearer hunter2", "Cookie": "statusboard_refresh=hunter2"})'
    )

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*(Z|\+00:00)", line.pop("timestamp"))
    assert line.pop("pid") > 0
    assert 0 < line.pop("duration_ms") < 5000
    assert line == {
        "level": "INFO",
        "logger": "app.access",
        "message": "GET /api/v1/users/* 401",
        "request_id": "trace-7",
        "method": "GET",
        "path": "/api/v1/users/*",
        "status": 401,
        "client": "127.0.0.1",
    }


def test_everything_that_is_logged_meanwhile_has_the_requests_id():
    """Also what is logged far below the route: here that a foreign page was refused; only the answer names it."""
    refusal, access = answered(
        'await client.post("/api/v1/auth/refresh", headers={"X-Request-ID": "trace-7", "Origin": "https://evil.test"})'
    )

    assert refusal["logger"] == "app.api.origins"
    assert "CORS_ORIGINS" in refusal["message"]
    assert "evil.test" not in str(refusal)
    assert refusal["request_id"] == access["request_id"] == "trace-7"


def test_an_id_that_could_break_a_line_is_replaced():
    """A client's own is kept where it is short and plain."""
    bad, good = answered(
        'await client.get("/api/v1/nowhere", headers={"X-Request-ID": "x y\\t{}"});'
        'await client.get("/api/v1/nowhere", headers={"X-Request-ID": "A.b_c-9"})'
    )

    assert re.fullmatch("[0-9a-f]{16}", bad["request_id"])
    assert good["request_id"] == "A.b_c-9"


def test_a_path_is_logged_by_its_known_words():
    """And by ids. Whatever else is there may be a secret, or break the line, and is a star."""
    lines = answered(
        """
        for path in (
            "/", "/api/v1/statuses/1842", "/api/v1/statuses/12345678901", "/api/v1/users/ada/reset", "/api/v1/a%0Ab",
            "/api/v1/references/octo/engine/12", "/web/app.js", "/docs/assets/x.css",
        ):
            await client.delete(path)
        """
    )

    assert [line["path"] for line in lines] == [
        *("/", "/api/v1/statuses/1842", "/api/v1/statuses/*", "/api/v1/users/*/reset", "/api/v1/*"),
        *("/api/v1/references/*/*/12", "/web/*", "/docs/assets/*"),
    ]


def test_an_id_that_is_made_like_a_secret_is_replaced():
    """Codes and tokens have 43 characters, API tokens `sb_` before them."""
    secrets = ["Zq3vXfT0m2c9LkW7uYbN4sHd8RjE1gPaZq3vXfT0m2c", "sb_Zq3vXfT0m2c9LkW7uYbN4sHd8RjE1gPaZq3vXfT0m2c"]
    lines = answered("".join(f'await client.get("/x", headers={{"X-Request-ID": "{secret}"}});' for secret in secrets))

    assert [len(line["request_id"]) for line in lines] == [16, 16]


def test_what_is_no_address_is_not_logged_as_one():
    """A proxy that is trusted passes on whatever a client says of itself."""
    lines = logged(
        REQUEST.replace("httpx.ASGITransport(app)", "httpx.ASGITransport(app, client=(CLIENT, 1))")
        .format(requests='await client.get("/x")')
        .replace(
            "asyncio.run(main())",
            """
for CLIENT in ("192.0.2.7", "2001:db8::1", "fe80::1%hunter2", "hunter2"):
    asyncio.run(main())
""",
        )
    )

    assert [line["client"] for line in lines] == ["192.0.2.7", "2001:db8::1", "fe80::1", None]


def test_health_checks_are_quiet():
    """They come every few seconds; at DEBUG they are there."""
    body = 'await client.get("/api/v1/health")'

    (line,) = [line for line in answered(body, level="DEBUG") if line["logger"] == "app.access"]

    assert answered(body) == []
    assert (line["level"], line["path"]) == ("DEBUG", "/api/v1/health")


def test_a_traceback_is_one_line():
    """Its text is a field of the line, not a heap of lines after it."""
    (line,) = logged("""
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger("app").exception("It broke at %s", "noon")
    """)

    assert (line["level"], line["message"]) == ("ERROR", "It broke at noon")
    assert "ZeroDivisionError: division by zero" in line["exc_info"]


def test_an_exception_says_nothing_that_a_client_may_have_sent():
    """Neither in its traceback, nor where a line names it: its kind is there, and what led to it, and where."""
    logs = logged("""
    said = "hunt" + "er2"  # a traceback shows the source
    def fail():
        try:
            int(said)
        except ValueError as error:
            raise ExceptionGroup(said, [KeyError(said)]) from error
    log = logging.getLogger("app")
    try:
        fail()
    except ExceptionGroup as error:
        error.add_note(said)
        log.exception("It broke")
        log.warning("It broke: %s", error.exceptions[0])
    """)
    traceback, line = logs

    assert "hunter2" not in str(logs)
    for part in ["ValueError", "ExceptionGroup", "KeyError", ", in fail"]:
        assert part in traceback["exc_info"]
    assert line["message"] == "It broke: KeyError"


def test_an_exception_says_what_is_nobodys():
    """What the operator needs to know: where the system, the database's server and the board itself refused."""
    lines = logged("""
    import asyncpg
    from app.errors import DatabaseUnavailable
    from app.services.github.client import GithubFailed
    password = asyncpg.InvalidPasswordError('password authentication failed for user "x"')
    taken = asyncpg.UniqueViolationError("Key (username)=(hunter2) already exists.")
    taken.constraint_name = "uq_users_username"
    refused = OSError(111, "Connection refused")
    for error in (refused, DatabaseUnavailable(), GithubFailed("it answered 500"), password, taken):
        logging.getLogger("app").warning("%s", error)
    """)

    assert [line["message"] for line in lines] == [
        "[Errno 111] Connection refused",
        "The board can't reach its database right now. Try again in a moment.",
        "it answered 500",
        'asyncpg.exceptions.InvalidPasswordError: password authentication failed for user "x"',
        "asyncpg.exceptions.UniqueViolationError: 23505 uq_users_username",
    ]


def test_asyncio_does_not_tell_what_something_was_called_with():
    """It names a callback that failed with its arguments, and a task with its exception."""
    lines = logged("""
    import asyncio
    def fail(said):
        raise KeyError(said)
    async def fail_too():
        raise KeyError("hunter2")
    async def main():
        asyncio.get_running_loop().call_soon(fail, "hunter2")
        asyncio.create_task(fail_too())
        await asyncio.sleep(0.01)
    asyncio.run(main())
    """)

    assert [line["message"] for line in lines] == ["Exception in callback fail", "Task exception was never retrieved"]
    assert "hunter2" not in str(
        [line["message"] for line in lines] + [line["exc_info"].splitlines()[-1] for line in lines]
    )


def test_uvicorns_lines_are_said_once_and_without_colour():
    """Its second text, in colour, is dropped, and so are its lines about sockets, which have their query in them."""
    lines = logged("""
    log = logging.getLogger("uvicorn.error")
    log.info("Started server process [%d]", 7, extra={"color_message": "\\x1b[36m%d\\x1b[0m"})
    log.info('%s - "WebSocket %s" [accepted]', "127.0.0.1:5", "/api/v1/live?token=hunter2")
    log.info("connection open")
    log.info("connection closed")
    logging.getLogger("uvicorn.access").info('%s - "%s %s"', "127.0.0.1:5", "GET", "/?token=hunter2")
    logging.getLogger("gunicorn.access").info("GET /?token=hunter2")
    """)

    assert [line["message"] for line in lines] == ["Started server process [7]"]
    assert "color_message" not in lines[0]


def test_debug_is_about_the_board_not_about_bytes():
    """What libraries say at DEBUG may be somebody's password."""
    libraries = ["sqlalchemy.engine", "asyncio", "websockets.server", "httpcore.http11"]
    lines = logged(
        f"""
    for name in {libraries}:
        log = logging.getLogger(name)
        log.debug("hunter2")
        log.info("hunter2")
        log.warning("a warning")
    """,
        level="DEBUG",
    )

    assert [line["logger"] for line in lines if line["message"] == "a warning"] == libraries
    assert "hunter2" not in str(lines)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
def test_the_level_is_the_settings(level):
    """For the board's own loggers and for both servers'; nothing is ever louder than asked."""
    config = dict_config(level)

    assert config["root"]["level"] == level
    assert config["loggers"]["gunicorn.error"]["level"] == level
    assert config["loggers"]["uvicorn.error"]["level"] == max(logging.INFO, getattr(logging, level))
    assert config["loggers"]["uvicorn.access"]["level"] == max(logging.WARNING, getattr(logging, level))
