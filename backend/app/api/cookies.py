"""The refresh cookie, which only the server can read.

Browsers share cookies between all boards on a host, whatever their ports. So the token is also set under a name that
only this board has. The previous version knows only the common name.
"""

import re
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from app.services.identity.sessions import BOARD_LETTERS, Presented, Tokens, board_name

PLAIN_NAME: Final = "statusboard_refresh"
# Browsers accept this name only over https, with Secure, Path=/ and no Domain, so no other host can have set it.
HOST_NAME: Final = "__Host-statusboard_refresh"
BOARD: Final = re.compile(f"(?:-([0-9a-f]{{{BOARD_LETTERS}}}))?")


def _name(request: Request) -> str:
    return HOST_NAME if request.scope["scheme"] == "https" else PLAIN_NAME


def _names(request: Request, board: UUID) -> tuple[str, str]:
    name = _name(request)
    return name, f"{name}-{board_name(board)}"


def read(request: Request) -> list[Presented]:
    """Return the refresh tokens that the client sent, even several with one name."""
    found = []
    for pair in ";".join(request.headers.getlist("cookie")).split(";"):
        name, _, token = pair.strip().partition("=")
        match = BOARD.fullmatch(name.removeprefix(plain)) if name.startswith(plain := _name(request)) else None
        if match is not None and token:
            found.append(Presented(token, match[1] or ""))
    return found


def write(request: Request, response: Response, tokens: Tokens) -> None:
    """Let the client store a refresh token until it expires."""
    for name in _names(request, tokens.board):
        response.set_cookie(
            name,
            tokens.refresh,
            max_age=tokens.refresh_max_age,
            path="/",
            secure=_name(request) == HOST_NAME,
            httponly=True,
            samesite="strict",
        )


def forget(request: Request, response: Response, board: UUID) -> None:
    """Let the client delete its refresh token."""
    for name in _names(request, board):
        response.delete_cookie(name, path="/", secure=_name(request) == HOST_NAME, httponly=True, samesite="strict")
