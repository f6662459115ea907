"""The problems that routes can answer, for the OpenAPI schema: one table, and references to it."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from app.schemas.health import NotReady
from app.schemas.problems import Problem, ValidationProblem

type Responses = dict[int | str, dict[str, Any]]

SCHEMA_PLACE: Final = "#/components/schemas/{model}"

DESCRIPTIONS: Final = {
    401: "The caller isn't authenticated.",
    403: "The caller isn't allowed to do that.",
    404: "It doesn't exist.",
    408: "The request didn't arrive in time.",
    409: "It conflicts with what is already there.",
    413: "The body is over 64 KiB.",
    422: "The request can be read, but isn't valid.",
    429: "Too many attempts.",
    503: "Temporarily unavailable. The same request can be sent again.",
}

HEADERS: Final = {
    401: ("WWW-Authenticate", {"type": "string"}),
    429: ("Retry-After", {"type": "integer", "minimum": 1}),
    503: ("Retry-After", {"type": "integer", "minimum": 1}),
}


def _response(status: int, model: type[Problem]) -> dict[str, Any]:
    schema = {"$ref": SCHEMA_PLACE.format(model=model.__name__)}
    described: dict[str, Any] = {
        "description": DESCRIPTIONS[status],
        "content": {"application/problem+json": {"schema": schema}},
    }
    if status in HEADERS:
        name, header = HEADERS[status]
        described["headers"] = {name: {"required": True, "schema": header}}
    return described


def problems(*statuses: int) -> Responses:
    """Return the `responses` of a route that can answer with problems of these status codes."""
    return {status: _response(status, ValidationProblem if status == 422 else Problem) for status in statuses}  # noqa: PLR2004


NOT_READY: Final[Responses] = {503: _response(503, NotReady)}


def describe(app: FastAPI) -> None:
    """Add the problems' schemas to the app's OpenAPI. FastAPI would describe them as plain JSON."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        models = [(model, "validation") for model in (Problem, ValidationProblem, NotReady)]
        _, definitions = models_json_schema(models, ref_template=SCHEMA_PLACE)  # type: ignore[arg-type]
        schema = plain()
        schema["components"]["schemas"] |= definitions["$defs"]
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
