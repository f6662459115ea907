"""Which pages may act with a visitor's cookies."""

import logging

import pytest
from starlette.requests import HTTPConnection

from app.api.origins import refuse_foreign
from app.config import settings
from app.errors import ForeignOrigin


def connection(origin: str | None, host: str | None = "board.test") -> HTTPConnection:
    sent = {b"origin": origin, b"host": host}
    headers = [(name, value.encode("latin-1")) for name, value in sent.items() if value is not None]
    return HTTPConnection({"type": "http", "headers": headers})


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board with an address, and a page elsewhere that may call it."""
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://public.test")
    monkeypatch.setattr(settings, "CORS_ORIGINS", "https://friend.test:8443, http://localhost:3000")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "board.test"),
        (None, None),
        ("http://board.test", "board.test"),
        ("https://board.test", "board.test"),
        ("http://board.test", "board.test:80"),
        ("https://board.test", "board.test:443"),
        ("https://board.test:443", "board.test"),
        ("http://board.test:8000", "board.test:8000"),
        ("http://board.test", "Board.Test"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://[::1]", "[::1]"),
        ("https://public.test", "inside.test"),
        ("https://public.test", None),
        ("https://friend.test:8443", "board.test"),
        ("http://localhost:3000", "board.test"),
    ],
)
def test_these_may(origin, host):
    """The host's own pages, PUBLIC_URL's, those of CORS_ORIGINS, and what is no browser."""
    refuse_foreign(connection(origin, host))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "board.test"),
        ("", "board.test"),
        ("", None),
        ("https://evil.test", "board.test"),
        ("http://board.test", None),
        ("http://board.test", ""),
        ("http://board.test:8000", "board.test"),
        ("http://board.test", "board.test:8000"),
        ("https://board.test", "board.test:80"),
        ("http://sub.board.test", "board.test"),
        ("http://board.test.evil.test", "board.test"),
        ("http://board.testevil", "board.test"),
        ("http://board.test@evil.test", "board.test"),
        ("http://evil.test/board.test", "board.test"),
        ("http://evil.test#board.test", "board.test"),
        ("http://evil.test?board.test", "board.test"),
        ("http://evil.test\\board.test", "board.test"),
        ("ws://board.test", "board.test"),
        ("file://board.test", "board.test"),
        ("javascript://board.test", "board.test"),
        ("HTTPS://PUBLIC.TEST", "board.test"),
        ("https://public.test.evil.test", "board.test"),
        ("https://public.test:444", "board.test"),
        ("http://public.test", "board.test"),
        ("https://friend.test", "board.test"),
        ("*", "board.test"),
        ("http://", "board.test"),
        ("http://", ""),
        ("http://[", "["),
        ("http://[::1", "[::1"),
        ("http://x:99999", "x:99999"),
        ("http://x:y", "x:y"),
        ("http://\xbd", "board.test"),
        ("http://" + "x" * 10_000, "board.test"),
    ],
)
def test_these_may_not(origin, host):
    """Whatever looks alike, and whatever is no origin at all; never another error."""
    with pytest.raises(ForeignOrigin):
        refuse_foreign(connection(origin, host))


def test_the_refusal_says_what_would_allow_it(caplog):
    """To the caller, both origins are named, and the settings; the log has the settings alone."""
    with caplog.at_level(logging.WARNING), pytest.raises(ForeignOrigin) as raised:
        refuse_foreign(connection("https://evil.test\n" + "x" * 10_000, "board.test"))

    assert "evil.test" not in caplog.text  # a client may send anything there, such as a token
    assert "'https://evil.test\\nxxx" in raised.value.text
    assert "'board.test'" in raised.value.text
    assert "'https://public.test'" in raised.value.text
    assert "PUBLIC_URL" in raised.value.text
    assert "CORS_ORIGINS" in raised.value.text
    assert len(raised.value.text) < 500
