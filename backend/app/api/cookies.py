"""The refresh cookie: readable by the server alone, sent to nobody else.

A host's boards, on whatever ports, share one jar. So the same token is also set under a name of this board's own; the
version before knows the plain one alone.
"""

import re
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from app.services.identity.sessions import BOARD_LETTERS, Presented, Tokens, board_name

PLAIN_NAME: Final = "statusboard_refresh"
# A browser accepts this name over https only, with Secure, Path=/ and no Domain: no other host can have set it.
HOST_NAME: Final = "__Host-statusboard_refresh"
BOARD: Final = re.compile(f"(?:-([0-9a-f]{{{BOARD_LETTERS}}}))?")


def _name(request: Request) -> str:
    return HOST_NAME if request.scope["scheme"] == "https" else PLAIN_NAME


def _names(request: Request, board: UUID) -> tuple[str, str]:
    name = _name(request)
    return name, f"{name}-{board_name(board)}"


def read(request: Request) -> list[Presented]:
    """Return the refresh tokens that the client sent, also several of one name."""
    found = []
    for pair in ";".join(request.headers.getlist("cookie")).split(";"):
        name, _, token = pair.strip().partition("=")
        match = BOARD.fullmatch(name.removeprefix(plain)) if name.startswith(plain := _name(request)) else None
        if match is not None and token:
            found.append(Presented(token, match[1] or ""))
    return found


def write(request: Request, response: Response, tokens: Tokens) -> None:
    """Have the client keep a refresh token for as long as it lives."""
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
    """Have the client forget its refresh token."""
    for name in _names(request, board):
        response.delete_cookie(name, path="/", secure=_name(request) == HOST_NAME, httponly=True, samesite="strict")
