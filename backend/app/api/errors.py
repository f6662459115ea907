"""How each error is answered: the only table of status codes and close codes, and the only format."""

import logging
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

from app import errors
from app.schemas.problems import FieldError, Problem, ValidationProblem

log = logging.getLogger(__name__)

# The nearest parent class in the table counts.
STATUS_CODES: Final[dict[type[errors.BoardError], HTTPStatus]] = {
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Unprocessable: HTTPStatus.UNPROCESSABLE_CONTENT,
    errors.WrongHost: HTTPStatus.MISDIRECTED_REQUEST,
    errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

# Close codes of the live feed.
MALFORMED: Final = 4400
UNAUTHENTICATED: Final = 4401
ACCOUNT_DISABLED: Final = 4403
TOO_SLOW: Final = 4409
RESTART: Final = 1012
TRY_AGAIN_LATER: Final = 1013

CLOSE_CODES: Final[dict[type[errors.BoardError], int]] = {
    errors.AccountDisabled: ACCOUNT_DISABLED,
    errors.Unauthenticated: UNAUTHENTICATED,
    errors.Forbidden: UNAUTHENTICATED,
    errors.Unavailable: TRY_AGAIN_LATER,
}

# What the server and the framework themselves refuse, with the board's codes.
FRAMEWORK_CODES: Final = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "body_too_large",
    431: "head_too_large",
}


# Only for the access log, because no client is left to get an answer. nginx uses the same number.
CLIENT_HUNG_UP: Final = 499

NO_JSON: Final = "application/json is required, with JSON in the body."

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _nearest[V](table: dict[type[errors.BoardError], V], error: errors.BoardError) -> V:
    return next(table[ancestor] for ancestor in type(error).__mro__ if ancestor in table)


def close_code(error: errors.BoardError) -> int:
    """Return the code with which the error closes a socket."""
    return _nearest(CLOSE_CODES, error)


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return the response for a problem."""
    return Response(
        problem.model_dump_json(),
        status_code=problem.status,
        headers=headers,
        media_type="application/problem+json",
    )


def problem(status: int, code: str, detail: str) -> Problem:
    """Return a problem with the status's phrase as its title."""
    return Problem(title=HTTPStatus(status).phrase, status=status, code=code, detail=detail)


def answer_to(error: errors.BoardError) -> Response:
    """Return the response for an error."""
    headers = {}
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.RateLimited | errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Unavailable):
        log.warning("%s (%s)", error, error.__cause__ or error.code)
    return answer(problem(_nearest(STATUS_CODES, error), error.code, error.text), headers)


async def _on_board_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.BoardError)
    return answer_to(error)


def crashed() -> Response:
    """Return the answer to an unexpected exception."""
    return answer(problem(500, "internal_error", "Something went wrong on the server. Its log has the details."))


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_HUNG_UP)


async def _on_crash(_request: Request, _error: Exception) -> Response:
    return crashed()  # BoardMiddleware logs it: see middleware.py


def _allowed(request: Request) -> str:
    """Return the methods of all routes at this path. Starlette's 405 names only those of the first one.

    HEAD works wherever GET does: see middleware.py.
    """

    def is_served(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(filter(is_served, METHODS)).replace("GET", "GET, HEAD")


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # FastAPI's answer to a body that breaks its JSON parser in some other way than by wrong syntax.
        return _unprocessable([FieldError(loc=["body"], msg="The body isn't JSON in UTF-8.", type="json_invalid")])
    code = FRAMEWORK_CODES.get(error.status_code, "error")
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (allowed := _allowed(request)):
        headers["Allow"] = allowed
    return answer(problem(error.status_code, code, error.detail), headers)


def _unprocessable(found: list[FieldError]) -> Response:
    first = found[0]
    where = ".".join(str(part) for part in first.loc[1:])
    body = ValidationProblem(
        title=HTTPStatus.UNPROCESSABLE_CONTENT.phrase,
        status=HTTPStatus.UNPROCESSABLE_CONTENT,
        code="invalid_request",
        detail=f"{where}: {first.msg}" if where else first.msg,
        errors=found,
    )
    return answer(body)


def unprocessable(msg: str, *where: str) -> Response:
    """Return the 422 for a request with a mistake outside of any field."""
    return _unprocessable([FieldError(loc=[*where], msg=msg, type="value_error")])


def printable(text: str) -> str:
    """Return the text with everything replaced that UTF-8 can't encode. A field's name may be any JSON string."""
    return text.encode("utf-8", "replace").decode()


async def _on_invalid_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes):
        # Its type wasn't JSON, so FastAPI hasn't tried to read it.
        return unprocessable(NO_JSON, "header", "Content-Type")
    found = [
        FieldError(
            loc=[part if isinstance(part, int) else printable(part)[:100] for part in item["loc"]],
            msg=printable(item["msg"]),
            type=item["type"],
        )
        for item in error.errors()
    ]
    return _unprocessable(found)


def register(app: FastAPI) -> None:
    """Let the app answer every error in this format."""
    app.add_exception_handler(errors.BoardError, _on_board_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_crash)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
