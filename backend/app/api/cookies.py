"""The refresh cookie: readable by the server alone, sent to nobody else."""

from fastapi import Request, Response

PLAIN_NAME = "statusboard_refresh"
# A browser accepts this name over https only, with Secure, Path=/ and no Domain: no other host can have set it.
HOST_NAME = "__Host-statusboard_refresh"


def _name(request: Request) -> str:
    return HOST_NAME if request.scope["scheme"] == "https" else PLAIN_NAME


def read(request: Request) -> str | None:
    """Return the refresh token that the client sent."""
    return request.cookies.get(_name(request))


def write(request: Request, response: Response, *, token: str, max_age: int) -> None:
    """Have the client keep a refresh token for `max_age` seconds."""
    name = _name(request)
    response.set_cookie(
        name, token, max_age=max_age, path="/", secure=name == HOST_NAME, httponly=True, samesite="strict"
    )


def forget(request: Request, response: Response) -> None:
    """Have the client forget its refresh token."""
    name = _name(request)
    response.delete_cookie(name, path="/", secure=name == HOST_NAME, httponly=True, samesite="strict")
