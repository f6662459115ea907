"""Finding statuses: `GET /statuses`, its filters, its pages and its position."""

import string
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import cursors
from tests.answers import ids, invalid, refused
from tests.personas import Persona
from tests.servers import Server, receive_until

PATH = "/api/v1/statuses"

MANY = text("""
    INSERT INTO statuses (author_id, message, category, created_at)
    SELECT :author, 'Status ' || n, 'done', now() - interval '1 hour' + (n / 3) * interval '1 microsecond'
    FROM generate_series(1, :count) AS n
""")


async def found(persona: Persona, **filters: object) -> list[int]:
    """Return the ids of the statuses that fit the filters."""
    return ids(await persona.client.get(PATH, params=filters))


async def test_newest_first(ada: Persona, bob: Persona):
    """Everyone's statuses are one list, the newest at its head."""
    posted = [await ada.post("one"), await bob.post("two"), await ada.post("three")]

    page = (await bob.client.get(PATH)).json()

    assert page["items"] == posted[::-1]
    assert page["next_cursor"] is None


async def test_an_empty_board_has_an_empty_list(ada: Persona):
    """Nothing said is no error."""
    page = (await ada.client.get(PATH)).json()

    assert page["items"] == []
    assert page["next_cursor"] is None
    assert page["position"].startswith("0-")


async def test_each_filter_alone(ada: Persona, bob: Persona):
    """Author and reference without regard to case, category, and words."""
    one = await ada.post("Reviewed Octo/Engine#87", "done")
    two = await bob.post("blocked on octo/api#12", "blocked")
    three = await bob.post("planning the offsite", "planning")

    assert await found(ada, author="BOB") == [three["id"], two["id"]]
    assert await found(ada, author="carol") == []
    assert await found(ada, category="blocked") == [two["id"]]
    assert await found(ada, reference="octo/ENGINE#87") == [one["id"]]
    assert await found(ada, reference="octo/engine#8") == []
    assert await found(ada, q="offsite") == [three["id"]]


async def test_filters_together_must_all_fit(ada: Persona, bob: Persona):
    """Each filter narrows what the others leave."""
    await ada.post("Reviewed octo/api#12", "done")
    wanted = await bob.post("blocked on octo/api#12", "blocked")
    await bob.post("blocked on octo/api#13", "blocked")
    everything = {"author": "bob", "category": "blocked", "reference": "octo/api#12", "q": "blocked"}
    window = {"since": wanted["created_at"], "until": "2999-01-01T00:00:00Z"}

    assert await found(ada, **everything, **window) == [wanted["id"]]
    assert await found(ada, **everything | {"author": "ada"}) == []


async def test_words_are_found_inside_references(ada: Persona):
    """`octo/api#12` is found by each of its parts and as a whole, in any case, and not by a piece of a word."""
    status = await ada.post("Blocked on octo/api#12: it's 3.5 times slower")

    for words in ["api", "OCTO", "12", "octo/api#12", "octo/api", '"octo/api#12"', "api blocked", "3.5", "slower"]:
        assert await found(ada, q=words) == [status["id"]], words
    for words in ["ap", "octo/engine", "13", '"api octo"', "blocked moon"]:
        assert await found(ada, q=words) == [], words


async def test_search_knows_quotes_minus_and_or(ada: Persona):
    """As people know it from search engines."""
    one = await ada.post("Cache the parse tree")
    two = await ada.post("Parse the cache tree of octo/api#12")

    assert await found(ada, q='"parse tree"') == [one["id"]]
    assert await found(ada, q="cache -octo") == [one["id"]]
    assert await found(ada, q="cache -octo/api#12") == [one["id"]]
    assert await found(ada, q='cache -"parse tree"') == [two["id"]]
    assert await found(ada, q="octo or 'parse") == [two["id"], one["id"]]
    for words in ["\N{OCTOPUS}", "or"]:
        assert await found(ada, q=words) == []


async def test_since_is_included_and_until_is_not(ada: Persona):
    """Two windows that meet share no status and lose none."""
    one, two, three = [(await ada.post(message)) for message in ("one", "two", "three")]
    cut = two["created_at"]
    elsewhere = (datetime.fromisoformat(cut) + timedelta(hours=2)).replace(tzinfo=None).isoformat() + "+02:00"

    assert await found(ada, since=cut) == [three["id"], two["id"]]
    assert await found(ada, until=cut) == [one["id"]]
    assert await found(ada, since=elsewhere) == [three["id"], two["id"]]
    assert await found(ada, since=three["created_at"], until=one["created_at"]) == []


async def test_filters_that_are_refused(ada: Persona):
    """A filter that can't fit anything is 422, and names itself."""
    refusals = {
        "author": ["", "x", "two words", "a\0b", "x" * 51],
        "category": ["", "Done", "in_progress"],
        "reference": ["", "octo", "octo/api", "octo/api#0", "octo/api#1x", "#12", "octo/api#1234567890", "a/b#1\n"],
        "q": ["", "x" * 201, "a\0b"],
        "since": ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "9999-12-31T00:00:00Z"],
        "limit": ["0", "101", "-1", "x", "", "1.5", str(2**70)],
        "cursor": ["", "x" * 201],
        "nonsense": ["1"],
    }
    for name, values in refusals.items():
        for value in values:
            response = await ada.client.get(PATH, params={name: value})

            if "\0" in value:
                refused(response, 422, "invalid_request")
            else:
                invalid(response, "query", name)


async def test_half_a_character_is_refused_in_a_query(ada: Persona):
    """What UTF-8 can't say is refused, and not replaced by something that nobody asked for."""
    for escaped in ["%ED%A0%80", "%FF", "%C3", "a%00b"]:
        response = await ada.client.get(f"{PATH}?q={escaped}")

        refused(response, 422, "invalid_request")


async def test_pages_have_no_gap_and_no_double_while_others_post(ada: Persona, db: AsyncSession):
    """250 statuses, many of the same microsecond, are walked in pages of 20 while newer ones are posted."""
    await db.execute(MANY, {"author": ada.user.id, "count": 250})
    await db.commit()
    everything = list(await db.scalars(text("SELECT id FROM statuses ORDER BY created_at DESC, id DESC")))

    walked: list[int] = []
    cursor = None
    while True:
        params = {"limit": 20} | ({} if cursor is None else {"cursor": cursor})
        page = (await ada.client.get(PATH, params=params)).json()
        walked += [status["id"] for status in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == 20
        await ada.post("Posted meanwhile")

    assert walked == everything


async def test_the_last_full_page_has_no_cursor(ada: Persona):
    """A client that follows cursors never meets an empty page."""
    for message in "abcd":
        await ada.post(message)

    first = (await ada.client.get(PATH, params={"limit": 2})).json()
    second = (await ada.client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert len(second["items"]) == 2
    assert second["next_cursor"] is None


async def test_a_damaged_cursor_is_refused(ada: Persona):
    """Every other character in every place is noticed, and so are a cut cursor and one of another list."""
    for message in "ab":
        await ada.post(message)
    cursor = (await ada.client.get(PATH, params={"limit": 1})).json()["next_cursor"]
    with pytest.raises(cursors.InvalidCursor):
        cursors.read(cursor[:-1], values=2)

    for place in range(len(cursor)):
        for other in string.ascii_letters + string.digits + "-_+/=. \N{OCTOPUS}":
            if other != cursor[place]:
                with pytest.raises(cursors.InvalidCursor):
                    cursors.read(cursor[:place] + other + cursor[place + 1 :], values=2)
    far_future = cursors.write(2**63 - 1, 1)
    for damaged in [cursor[:-1], cursor + "A", cursor[::-1], cursors.write(1), far_future, "\N{OCTOPUS}"]:
        refused(await ada.client.get(PATH, params={"cursor": damaged}), 422, "invalid_cursor")


async def test_the_position_is_where_the_feed_goes_on(server: Server, ada: Persona):
    """A client that listed and then follows from the list's position misses nothing and gets nothing twice."""
    await ada.post("before")
    position = (await ada.client.get(PATH)).json()["position"]
    after = await ada.post("after")
    async with server.follow(ada.token, position) as socket:
        messages = await receive_until(socket, "ready")

    assert [message["type"] for message in messages] == ["hello", "event", "ready"]
    assert messages[1]["data"] == after
