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
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://board.test") as client:
        {requests}
asyncio.run(main())
"""


def logged(body: str, *, level: str = "INFO") -> list[dict]:
    """Return the lines that a process writes in which this is run."""
    process = run_python("-c", CONFIGURE.format(level=level) + textwrap.dedent(body), JWT_SECRET=SECRET)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return [json.loads(line) for line in process.stdout.splitlines()]


def answered(requests: str, *, level: str = "INFO") -> list[dict]:
    """Return the lines that the app writes about these requests of a `client`."""
    return logged(REQUEST.format(requests=requests), level=level)


def test_a_request_has_one_line():
    """With its id, method, path without the query, status, duration and the client's address; and no header of it."""
    (line,) = answered(
        'await client.get("/api/v1/nowhere?token=hunter2&x=%0A", headers={'
        '"X-Request-ID": "trace-7", "Authorization": "Bearer hunter2", "Cookie": "statusboard_refresh=hunter2"})'
    )

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*(Z|\+00:00)", line.pop("timestamp"))
    assert line.pop("pid") > 0
    assert 0 < line.pop("duration_ms") < 5000
    assert line == {
        "level": "INFO",
        "logger": "app.access",
        "message": "GET /api/v1/nowhere 404",
        "request_id": "trace-7",
        "method": "GET",
        "path": "/api/v1/nowhere",
        "status": 404,
        "client": "127.0.0.1",
    }


def test_everything_that_is_logged_meanwhile_has_the_requests_id():
    """Also what is logged far below the route: here that a foreign page was refused, and by whom."""
    refusal, access = answered(
        'await client.post("/api/v1/auth/refresh", headers={"X-Request-ID": "trace-7", "Origin": "https://evil.test"})'
    )

    assert refusal["logger"] == "app.api.origins"
    assert "https://evil.test" in refusal["message"]
    assert refusal["request_id"] == access["request_id"] == "trace-7"


def test_an_id_that_could_break_a_line_is_replaced():
    """A client's own is kept where it is short and plain."""
    bad, good = answered(
        'await client.get("/api/v1/nowhere", headers={"X-Request-ID": "x y\\t{}"});'
        'await client.get("/api/v1/nowhere", headers={"X-Request-ID": "A.b_c-9"})'
    )

    assert re.fullmatch("[0-9a-f]{16}", bad["request_id"])
    assert good["request_id"] == "A.b_c-9"


def test_a_path_cannot_break_a_line():
    """Line breaks and control characters in a path are escaped, as JSON does."""
    (line,) = answered('await client.get("/api/v1/a%0Ab%1B[31m%22c")')

    assert line["path"] == '/api/v1/a\nb\x1b[31m"c'


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
