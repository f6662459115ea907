"""The page's types say of the API's answers what their schemas say."""

import re
from typing import Any, Final

import pytest
from pydantic import BaseModel

from app.api.web_page import WEB
from app.schemas.auth import SessionRead
from app.schemas.board import BoardRead
from app.schemas.invites import InviteCreated
from app.schemas.statuses import FoundStatus, ReferenceHistory, ReferenceRead, StatusPage
from app.schemas.tokens import TokenCreated
from app.schemas.users import UserRead

DECLARED: Final = (WEB.parents[1] / "page.d.ts").read_text(encoding="utf-8")

MODELS: Final[dict[str, type[BaseModel]]] = {
    "User": UserRead,
    "Reference": ReferenceRead,
    "Status": FoundStatus,  # with what only a search answers
    "StatusSlice": StatusPage,
    "ReferenceHistory": ReferenceHistory,
    "BoardState": BoardRead,
    "LoginSession": SessionRead,
    "Invite": InviteCreated,
    "ApiToken": TokenCreated,
}


def declared(name: str) -> dict[str, bool]:
    """Return the fields that an interface has, its parents' too, and whether each may be null."""
    found = re.search(
        rf"^interface {name}(?:<\w+>)?(?: extends (\w+)(?:<\w+>)?)? {{\n(.*?)^}}", DECLARED, re.MULTILINE | re.DOTALL
    )
    assert found is not None, name
    parent, body = found.groups()
    fields = re.findall(r"^  (\w+)\??: (.+);$", body, re.MULTILINE)
    return (declared(parent) if parent else {}) | {field: kind.endswith("| null") for field, kind in fields}


def may_be_null(schema: dict[str, Any]) -> bool:
    return {"type": "null"} in schema.get("anyOf", [])


@pytest.mark.parametrize("name", MODELS)
def test_the_page_knows_what_the_api_answers(name: str):
    """Every field that the page reads is there, and is null only where the page expects that."""
    answered = MODELS[name].model_json_schema(mode="serialization")["properties"]
    fields = declared(name)

    assert fields.keys() <= answered.keys()
    assert fields == {field: may_be_null(answered[field]) for field in fields}
