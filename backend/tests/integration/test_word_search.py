"""Search finds what people type, whatever the database's locale."""

from collections.abc import AsyncIterator
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from app.errors import QueryRefused
from app.services.statuses import indexing, listing, terms, word_search
from app.services.statuses.search_words import SearchWords
from tests.answers import refused
from tests.databases import PREFIX
from tests.personas import Persona
from tests.status_lines import STATUS_LINES

PATH = "/api/v1/statuses"
# `statusboard up` makes its database with the first.
LOCALES = {"C": "LOCALE 'C'", "C.UTF-8": "LOCALE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"}
FITS = text("SELECT CAST(:terms AS text)::tsvector @@ CAST(:wanted AS text)::tsquery")
FIT_ALL = text("""
    SELECT n FROM unnest(CAST(:terms AS text[]), CAST(:wanted AS text[])) WITH ORDINALITY AS pair (terms, wanted, n)
    WHERE terms::tsvector @@ wanted::tsquery ORDER BY n
""")


async def found(reader: Persona, q: str) -> list[str]:
    """Return the messages that a search brings."""
    response = await reader.client.get(PATH, params={"q": q})
    assert response.status_code == 200, response.text
    return [status["message"] for status in response.json()["items"]]


@pytest.fixture(scope="module", params=LOCALES)
async def connection(request: pytest.FixtureRequest, postgres_engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection to a database of each locale."""
    name = f"{PREFIX}_locale"
    made = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {LOCALES[request.param]}"
    engine = create_async_engine(postgres_engine.url.set(database=name), isolation_level="AUTOCOMMIT")
    async with postgres_engine.connect() as server:
        await server.execute(text(made))
        async with engine.connect() as connection:
            yield connection
        await engine.dispose()
        await server.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


async def test_lines_as_people_post_them(connection: AsyncConnection):
    """Each is found by what finds it, and by nothing that doesn't."""
    pairs = [(line, q, True) for line in STATUS_LINES for q in line.hits]
    pairs += [(line, q, False) for line in STATUS_LINES for q in line.misses]
    values = {
        "terms": [terms.as_tsvector(line.message) for line, _, _ in pairs],
        "wanted": [SearchWords.parse(q).as_tsquery() for _, q, _ in pairs],
    }
    fitting = set(await connection.scalars(FIT_ALL, values))
    wrong = [(line.message, q) for n, (line, q, hit) in enumerate(pairs, 1) if (n in fitting) is not hit]

    assert wrong == []
    assert len(STATUS_LINES) >= 200


LETTERS = sorted(set("".join(line.message for line in STATUS_LINES)))
MESSAGES = st.one_of(
    st.sampled_from([line.message for line in STATUS_LINES]), st.text(LETTERS, max_size=60), st.text(max_size=30)
)
CANONICAL = st.sampled_from(["NFC", "NFD"])
FORMS = st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"])
CASES = st.sampled_from([str.upper, str.lower, str.title, str.swapcase])
# The same ones in each run.
EXAMPLES = settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def fits(connection: AsyncConnection, message: str, q: str) -> bool:
    """Tell whether PostgreSQL finds a message by a search."""
    values = {"terms": terms.as_tsvector(message), "wanted": SearchWords.parse(q).as_tsquery()}
    return await connection.scalar(FITS, values) is True


@EXAMPLES
@given(message=MESSAGES, canonical=CANONICAL, form=FORMS, change_case=CASES, data=st.data())
async def test_any_word_of_a_message_finds_it(
    connection: AsyncConnection, *, message, canonical, form, change_case, data
):
    """In any normal form and case, by the board's own idea of a word."""
    found = terms.of_text(message)
    if not found:
        return
    term = data.draw(st.sampled_from(found))
    word = message[term.start : term.end]

    assert await fits(connection, normalize(canonical, message), change_case(normalize(form, word)))
    assert await fits(connection, normalize(canonical, change_case(message)), normalize(form, word))


@EXAMPLES
@given(words=st.lists(st.from_regex("[A-Za-z0-9]{2,9}", fullmatch=True), min_size=1, max_size=5), data=st.data())
async def test_words_between_any_signs_find_a_message(connection: AsyncConnection, *, words, data):
    """By an idea of words that isn't the board's: letters and digits of ASCII, and signs between them."""
    signs = st.text(" -/#.,:;!?()[]<>{}\"'“”—…_*&|@=\\~\n", min_size=1, max_size=3)
    message = "".join(word + data.draw(signs) for word in words)

    for word in words:
        assert await fits(connection, message, word.swapcase())
    assert await fits(connection, message, f'"{" ".join(words)}"')


@EXAMPLES
@given(q=st.text(max_size=200), message=MESSAGES)
async def test_whatever_is_typed_is_a_search_or_refused(connection: AsyncConnection, *, q, message):
    """PostgreSQL reads all that the board makes of it, and finds what the board marks."""
    try:
        searched = SearchWords.parse(q)
    except QueryRefused:
        return
    is_found = await fits(connection, message, q)

    if len(searched.alternatives) == len(searched.alternatives[0]) == 1 and not searched.alternatives[0][0].is_excluded:
        assert is_found is bool(searched.find(message))


@pytest.mark.parametrize(
    ("message", "q"),
    [
        ("Прод упал, чиним", "прод"),
        ("Working on PROJ-4711 today", "4711"),
        ("Learning C++ today", "C++"),
        ("修复了登录页面的缓存问题", "缓存"),
        ("서버를 다시 시작했습니다", "서버"),
        ("Fed the 🐙", "🐙"),
    ],
)
async def test_a_post_is_found_at_once(ada: Persona, bob: Persona, message, q):
    """By everyone; what has no such word isn't."""
    await bob.post("Plan C# is on")
    await ada.post(message)

    assert await found(bob, q) == [message]


async def test_an_edited_status_is_found_by_what_it_says_now(ada: Persona):
    """Also where only the case of a letter changes, so that its terms stay the same."""
    status = await ada.post("прод упал")
    for message in ("Прод упал", "Сервер упал"):
        await ada.client.patch(f"{PATH}/{status['id']}", json={"message": message})

        assert await found(ada, message.split()[0].upper()) == [message]
    assert await found(ada, "прод") == []


async def test_a_page_is_filled_from_the_newest_or_from_all(ada: Persona, monkeypatch):
    """With few statuses looked at one by one, all pages together have everything that fits, newest first."""
    monkeypatch.setattr(word_search, "LOOKED_AT", 3)
    listing.statement.cache_clear()
    try:
        for n in range(8):
            await ada.post(f"number {n}, {'even' if n % 2 == 0 else 'odd'}")
        for q, expected in [("number", "76543210"), ("even", "6420"), ("odd", "7531"), ("even or odd", "76543210")]:
            numbers, cursor = "", None
            while cursor is not None or not numbers:
                query = {"q": q, "limit": "2"} | ({"cursor": cursor} if cursor else {})
                page = (await ada.client.get(PATH, params=query)).json()
                numbers += "".join(status["message"][7] for status in page["items"])
                cursor = page["next_cursor"]
            assert numbers == expected
    finally:
        listing.statement.cache_clear()


@pytest.mark.parametrize("q", ["", " ", "!?", '""', "→", "-", "a " * 100, "漢" * 200])
async def test_what_cant_be_searched_for_is_refused(ada: Persona, q):
    """As a 422 with a sentence."""
    response = await ada.client.get(PATH, params={"q": q})

    assert response.status_code == 422
    if q:
        assert "search" in refused(response, 422, "query_refused")["detail"]


async def test_a_search_says_where_the_words_are(ada: Persona):
    """In code points of the message as answered; other lists don't."""
    message = "👩‍💻 Cafe\u0301 déployé: octo/api#12"
    status = await ada.post(message)
    response = await ada.client.get(PATH, params={"q": "octo/api#12 cafe -moon depl"})
    [item] = response.json()["items"]
    [plain] = (await ada.client.get(PATH)).json()["items"]

    assert [item["message"][start:end] for start, end in item["matches"]] == ["Cafe\u0301", "déployé", "octo/api#12"]
    assert plain == status == {name: value for name, value in item.items() if name != "matches"}


async def test_what_a_search_found_is_not_repeated(ada: Persona, db: AsyncSession):
    """The worker may index a status at any moment, without the log moving."""
    await ada.post("Прод упал")
    await db.execute(text("UPDATE statuses SET terms = NULL, message = 'Тест упал'"))
    await db.commit()
    first = await ada.client.get(PATH, params={"q": "тест упал"})
    await indexing.index_all(db)
    second = await ada.client.get(PATH, params={"q": "тест упал"})

    assert "ETag" not in first.headers
    assert [status["message"] for status in second.json()["items"]] == ["Тест упал"]
