"""Every whole number and truth value in a path or a query of every route in the schema: each has one spelling."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from app.main import app
from tests.answers import invalid
from tests.personas import Persona

OTHER_PARTS = {"owner": "octo", "repo": "api", "username": "ada"}
ODD_NUMBERS = [
    *("1.0", "1.", "+1", "-1", "1_0", "1e1", "01", "00", " 1", "1 ", "\t1", "1\n", "0x1", "true", "", "1,0", "1;"),
    *("\N{ARABIC-INDIC DIGIT ONE}", "\N{FULLWIDTH DIGIT ONE}", "\N{SUPERSCRIPT ONE}", "1" * 30, "1" * 5000),
]
ODD_BOOLEANS = ["1", "0", "yes", "on", "t", "TRUE", "True", " true", "", "null"]


def parameters(kind: str) -> Iterator[Any]:
    """Yield method, path, and name and place of each parameter of a type that the schema names."""
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                kinds = parameter["schema"].get("anyOf", [parameter["schema"]])
                if parameter["in"] in {"path", "query"} and kind in {one.get("type") for one in kinds}:
                    name, place = parameter["name"], parameter["in"]
                    yield pytest.param(method, path, name, place, id=f"{method} {path} {name}")


async def ask(ada: Persona, method: str, path: str, name: str, value: str):
    """Ask with a value in a parameter's place, and with values that fit in all others."""
    query = f"?{name}={quote(value, safe='')}" if f"{{{name}}}" not in path else ""
    filled = path.format_map(OTHER_PARTS | {name: quote(value, safe="")} | ({} if not query else {"number": "1"}))
    body = {"json": {}} if method == "patch" else {}
    return await ada.client.request(method, f"{filled}{query}", **body)


@pytest.mark.parametrize(("method", "path", "name", "place"), [*parameters("integer")])
async def test_a_number_is_written_in_plain_digits(ada: Persona, method: str, path: str, name: str, place: str):
    """Without sign, fraction, blanks, leading zeros, or digits of other scripts; so one thing has one address."""
    for value in ODD_NUMBERS:
        response = await ask(ada, method, path, name, value)

        if value or place == "query":  # an empty part of a path is another path
            invalid(response, place, name)
    assert (await ask(ada, method, path, name, "7")).status_code in {200, 204, 404}


@pytest.mark.parametrize(("method", "path", "name", "place"), [*parameters("boolean")])
async def test_a_truth_value_is_true_or_false(ada: Persona, method: str, path: str, name: str, place: str):
    """As in JSON."""
    for value in ODD_BOOLEANS:
        invalid(await ask(ada, method, path, name, value), place, name)
    assert (await ask(ada, method, path, name, "true")).status_code == 200
