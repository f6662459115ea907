"""Posting a status: `POST /statuses`, and reading it again."""

import json

import httpx

from app.main import app
from tests.answers import ids, invalid, refused
from tests.personas import Persona

PATH = "/api/v1/statuses"


async def post_json(persona: Persona, body: object) -> httpx.Response:
    """Post a body in ASCII, so that it may say what UTF-8 can't."""
    headers = {"Content-Type": "application/json"}
    return await persona.client.post(PATH, content=json.dumps(body), headers=headers)


async def test_a_status_is_answered_as_it_is_kept(ada: Persona):
    """The 201 has every field of a status and no more, and reading it again says the same."""
    response = await ada.client.post(PATH, json={"message": "Reviewed octo/engine#87", "category": "done"})
    posted = response.json()
    read = await ada.client.get(f"{PATH}/{posted['id']}")

    assert response.status_code == 201
    assert read.json() == posted
    assert isinstance(posted.pop("id"), int)
    assert posted.pop("created_at").endswith("Z")
    assert posted == {
        "author": {"username": "ada", "display_name": "Ada", "kind": "person"},
        "message": "Reviewed octo/engine#87",
        "category": "done",
        "references": [
            {
                "owner": "octo",
                "repo": "engine",
                "number": 87,
                "kind": "unknown",
                "title": None,
                "state": None,
                "moved_to": None,
                "url": "https://github.com/octo/engine/issues/87",
            }
        ],
        "edited_at": None,
    }


async def test_messages_are_kept_to_the_letter(ada: Persona):
    """Whatever people write comes back as they wrote it, at once and later."""
    messages = [
        "x",
        "\N{OCTOPUS}" * 500,
        "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER} " * 100,
        "\N{ARABIC LETTER ALEF}\N{RIGHT-TO-LEFT MARK} \N{RIGHT-TO-LEFT OVERRIDE}abc\N{POP DIRECTIONAL FORMATTING}",
        "first line\n\tsecond line",
        "  kept as it was typed  ",
        "e\N{COMBINING ACUTE ACCENT} is not made \N{LATIN SMALL LETTER E WITH ACUTE}",
        "<script>alert('&amp;')</script> \\ \" ' -- %00 \\u0000",
    ]

    posted = [await ada.post(message) for message in messages]
    read = (await ada.client.get(PATH)).json()["items"]

    assert [status["message"] for status in posted] == messages
    assert read == posted[::-1]


async def test_messages_that_are_refused(ada: Persona):
    """Each is 422 for a reason of its own, and nothing is posted."""
    refusals = [
        ("", "string_too_short"),
        (" \t\n ", "text_blank"),
        ("\N{ZERO WIDTH SPACE}\N{NO-BREAK SPACE}\N{BRAILLE PATTERN BLANK}", "text_blank"),
        ("\N{OCTOPUS}" * 501, "string_too_long"),
        ("before\0after", "text_nul"),
        ("a bell \a", "text_control_character"),
        ("carriage\rreturn", "text_control_character"),
        ("\x7f", "text_control_character"),
        ("next line \x85", "text_control_character"),
        ("half a character \ud800", "text_surrogate"),
        ("two halves in the wrong order \udc19\ud83d", "text_surrogate"),
        (None, "string_type"),
        (12, "string_type"),
        (["x"], "string_type"),
    ]

    responses = [await post_json(ada, {"message": message}) for message, _ in refusals]

    assert [invalid(response, "body", "message")["type"] for response in responses] == [kind for _, kind in refusals]
    assert ids(await ada.client.get(PATH)) == []


async def test_a_pair_of_surrogates_is_one_character(ada: Persona):
    """JSON may write an astral character as two escapes."""
    response = await post_json(ada, {"message": "\N{OCTOPUS}"})

    assert b"\\ud83d\\udc19" in response.request.content
    assert response.json()["message"] == "\N{OCTOPUS}"


async def test_there_are_four_categories(ada: Persona):
    """Each is kept, and who names none is in progress."""
    categories = ["planning", "in-progress", "blocked", "done"]

    posted = [await ada.post("Reading", category) for category in categories]
    unnamed = await post_json(ada, {"message": "Reading"})

    assert [status["category"] for status in posted] == categories
    assert unnamed.json()["category"] == "in-progress"


async def test_other_categories_are_refused(ada: Persona):
    """Anything but the four is 422, null too."""
    for category in ["", "Done", "in_progress", "blocked ", None, 1, []]:
        response = await post_json(ada, {"message": "Reading", "category": category})

        invalid(response, "body", "category")


async def test_unknown_fields_are_refused(ada: Persona):
    """A misspelt field is noticed, whatever its name is made of."""
    for field in ["mesage", "author", "created_at", "nul \0", "half \ud800", "x" * 1000]:
        response = await post_json(ada, {"message": "Reading", field: "x"})

        refused(response, 422, "invalid_request")


async def test_refusals_do_not_repeat_what_was_sent(ada: Persona):
    """An error may be logged where the text must not be."""
    response = await ada.client.post(PATH, json={"message": "a secret" * 100, "category": "another secret"})

    refused(response, 422, "invalid_request")
    assert "secret" not in response.text


async def test_posting_needs_a_token(client: httpx.AsyncClient):
    """Someone who is not logged in gets 401, and is told how to show a token."""
    response = await client.post(PATH, json={"message": "Reading"})

    refused(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_there_is_no_such_status(ada: Persona):
    """An id that nobody was given is 404."""
    for status_id in [1, 2**63 - 1]:
        response = await ada.client.get(f"{PATH}/{status_id}")

        refused(response, 404, "status_not_found")


async def test_what_is_no_id_is_422(ada: Persona):
    """An id is a number that PostgreSQL's bigint holds."""
    for status_id in ["0", "-1", str(2**63), "1" * 5000, "x", "1.5", "%00", "%ED%A0%80"]:
        response = await ada.client.get(f"{PATH}/{status_id}")

        invalid(response, "path", "status_id")


async def test_a_client_that_hangs_up_posts_nothing(ada: Persona):
    """Half a body is no post."""
    messages = iter(
        [
            {"type": "http.request", "body": b'{"message": "ha', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    headers = {"authorization": f"Bearer {ada.token}", "content-type": "application/json", "content-length": "20"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("board.test", 80),
    }
    sent = []

    async def receive() -> dict:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: dict) -> None:
        sent.append(message)

    await app(scope, receive, send)

    assert not any(message.get("status") == 201 for message in sent)
    assert json.loads((await ada.client.get(PATH)).content)["items"] == []
