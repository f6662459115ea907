"""Logging in as a browser does: what is sent, and the cookie that comes back."""

from http.cookies import Morsel, SimpleCookie

import httpx

from tests.personas import PASSWORD

COOKIE = "statusboard_refresh"
HOST_COOKIE = "__Host-statusboard_refresh"
OTHER_PASSWORD = "seven umbrellas under a bridge"


async def log_in(client: httpx.AsyncClient, username: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    """Answer a login."""
    body = {"username": username, "password": password}
    return await client.post("/api/v1/auth/login", json=body, headers=headers)


async def refresh(client: httpx.AsyncClient, token: str, **headers: str) -> httpx.Response:
    """Answer a refresh with this token in the cookie, whatever the client itself has kept."""
    return await client.post("/api/v1/auth/refresh", headers={"Cookie": f"{COOKIE}={token}", **headers})


def cookie(response: httpx.Response) -> Morsel[str]:
    """Return the cookie of the plain name that a response sets; the board's own is the same."""
    plain, own = cookies(response)
    assert plain.key in {COOKIE, HOST_COOKIE}
    assert own.key.removeprefix(f"{plain.key}-").isalnum()
    assert own.OutputString([]).partition("=")[2] == plain.OutputString([]).partition("=")[2]
    assert dict(own) == dict(plain)
    return plain


def cookies(response: httpx.Response) -> list[Morsel[str]]:
    """Return all cookies that a response sets."""
    return [morsel for header in response.headers.get_list("set-cookie") for morsel in SimpleCookie(header).values()]


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}
