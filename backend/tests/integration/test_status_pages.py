"""Pages that are given again: `GET /statuses` below SQLAlchemy, its bytes, its `ETag`, and when it is made anew."""

import httpx
import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import settings
from app.models import Reference, Status
from app.models.reference import ReferenceKind, ReferenceState
from app.schemas.statuses import StatusPage, StatusRead
from app.services.feed import log as feed_log
from app.services.github import changes
from app.services.github.findings import Found
from app.services.statuses import reading
from app.services.transactions import transaction
from tests.answers import ids
from tests.deployed import replica
from tests.personas import PASSWORD, Persona, new_member

PATH = "/api/v1/statuses"

MESSAGES = [
    'quotes " and \\ and / and \u2028 and \u2029 and <script>&amp;',
    "tab\tand\nnewline",
    "\N{OCTOPUS} \N{COMBINING ACUTE ACCENT}\N{LATIN SMALL LETTER E WITH ACUTE} \u200d \ufeff \uffff",
    "Reviewed Octo/Engine#87, blocked on octo/api#12 and octo/api#13",
    "octo/api#12 again",
    "x" * 500,
]
STATES = [("pull_request", "merged", 'The "parse" tree\\', None), ("discussion", None, None, "octo/other#3")]

# At the end of each transaction: whoever changed what a page shows has moved the log in that same transaction.
WATCH = """
    CREATE FUNCTION must_move_the_log() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT xmin::text::bigint FROM feed_head) <> txid_current() % 4294967296 THEN
            RAISE EXCEPTION '% of % left the log where it was', TG_OP, TG_TABLE_NAME;
        END IF;
        RETURN NULL;
    END $$;
"""
SHOWN = {
    "statuses": "INSERT OR DELETE OR UPDATE OF id, author_id, message, category, created_at, edited_at",
    "status_references": "INSERT OR DELETE OR UPDATE",
    "users": "INSERT OR DELETE OR UPDATE OF id, username, display_name, kind, role, time_zone, disabled",
    "github_references": "UPDATE OF owner, repo, number, kind, title, state, moved_to",
}


@transaction
async def close(db: AsyncSession, reference_id: int) -> None:
    """Have GitHub say that a reference is closed."""
    reference = await db.get_one(Reference, reference_id)
    place = reference.place
    found = Found(place, ReferenceKind.ISSUE, "A title", ReferenceState.CLOSED, private=False, changed_at=None)
    await feed_log.append_all(db, await changes.record(db, [(reference_id, found)]))


async def test_the_bytes_are_what_the_schema_says(ada: Persona, bob: Persona, db: AsyncSession):
    """Read by the schema and written by it they are the same, and so are the statuses that the models give."""
    for number, message in enumerate(MESSAGES):
        await (ada, bob)[number % 2].post(message, ("planning", "blocked")[number % 2])
    await ada.client.patch(f"{PATH}/{(await ada.post('first'))['id']}", json={"message": "second octo/api#12"})
    for number, (kind, state, title, moved_to) in zip((87, 13), STATES, strict=True):
        changed = update(Reference).where(Reference.number == number)
        await db.execute(changed.values(kind=kind, state=state, title=title, moved_to=moved_to))
    whole_second = text("UPDATE statuses SET created_at = date_trunc('second', created_at) WHERE id % 2 = 0")
    await db.execute(whole_second)
    await db.commit()
    newest = reading.select_statuses().order_by(Status.created_at.desc(), Status.id.desc())
    models = await reading.read_statuses(db, newest)

    for limit in (2, 100):
        page = (await ada.client.get(PATH, params={"limit": limit})).content

        assert StatusPage.model_validate_json(page).model_dump_json().encode() == page
        assert StatusPage.model_validate_json(page).items == models[:limit]


async def test_a_posts_bytes_are_what_the_schema_says(ada: Persona, db: AsyncSession):
    """PostgreSQL puts its id and its moment into the JSON, for the answer and for the log alike."""
    for message in MESSAGES:
        posted = (await ada.client.post(PATH, json={"message": message})).content
        logged = await db.scalar(text("SELECT payload FROM feed_events ORDER BY seq DESC LIMIT 1"))

        assert StatusRead.model_validate_json(posted).model_dump_json().encode() == posted
        assert logged == posted.decode()
        assert StatusRead.model_validate_json(posted).message == message


async def test_a_page_has_a_tag_and_need_not_be_sent_twice(ada: Persona, bob: Persona):
    """While the log stands still, the tag does; a post moves both."""
    await ada.post("one")
    first = await bob.client.get(PATH)
    tag = first.headers["ETag"]
    others = [await bob.client.get(PATH, params=params) for params in ({"limit": 1}, {"author": "ada"})]
    known = [tag.removeprefix("W/"), f'"x", {tag}', "*", tag]
    unchanged = [await bob.client.get(PATH, headers={"If-None-Match": value}) for value in known]
    changed = await bob.client.get(PATH, headers={"If-None-Match": '"x"'})
    await ada.post("two")
    moved = await bob.client.get(PATH, headers={"If-None-Match": tag})

    assert (await ada.client.get(PATH)).headers["ETag"] == moved.headers["ETag"]
    assert tag.startswith(f'W/"{first.json()["position"]}')
    assert len({tag, *(other.headers["ETag"] for other in others)}) == 3
    assert [(answer.status_code, answer.content, answer.headers["ETag"]) for answer in unchanged] == [
        (304, b"", tag) for _ in known
    ]
    assert (changed.status_code, changed.content) == (200, first.content)
    assert moved.status_code == 200
    assert len(moved.json()["items"]) == 2


async def test_a_reader_sees_its_own_post_at_once_in_any_process(database_url: str, ada: Persona):
    """What a process has made is of one position, and it looks where the log stands with each request."""
    environment = {"DATABASE_URL": database_url, "JWT_SECRET": settings.JWT_SECRET}
    async with replica(environment) as elsewhere, elsewhere.client(ada.token) as client:
        for number in range(20):
            await client.get("/statuses")
            await ada.client.get(PATH)
            here, there = await ada.post(f"here {number}"), (await client.get("/statuses")).json()["items"][0]
            response = await client.post("/statuses", json={"message": f"there {number}"})

            assert there == here
            assert (await ada.client.get(PATH)).json()["items"][0] == response.json()


async def test_whatever_a_page_shows_moves_the_log(ada: Persona, bob: Persona, client: httpx.AsyncClient, db):
    """Every writer does it in the transaction that changes it: PostgreSQL is asked at the end of each."""
    await db.execute(text(WATCH))
    for table, events in SHOWN.items():
        await db.execute(
            text(
                f"CREATE CONSTRAINT TRIGGER watch AFTER {events} ON {table} DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION must_move_the_log()"
            )
        )
    await db.commit()
    invite = (await ada.client.post("/api/v1/invites", json={})).json()["code"]
    account = {"username": "carol", "display_name": "Carol", "password": PASSWORD, "invite": invite}

    positions = [(await ada.client.get(PATH)).json()["position"]]

    async def moved(response: httpx.Response | None = None) -> None:
        assert response is None or response.is_success, response.text
        positions.append((await ada.client.get(PATH)).json()["position"])

    await moved(await client.post("/api/v1/auth/register", json=account))
    plain = await bob.client.post(PATH, json={"message": "one"}, headers={"Idempotency-Key": "k"})
    await moved(plain)
    linked = await bob.client.post(PATH, json={"message": "blocked on octo/api#12", "category": "blocked"})
    await moved(linked)
    await moved(await bob.client.patch(f"{PATH}/{linked.json()['id']}", json={"message": "blocked on octo/api#13"}))
    await moved(await bob.client.patch("/api/v1/users/me", json={"display_name": "Robert"}))
    await moved(await ada.client.patch("/api/v1/users/bob", json={"role": "admin"}))
    reference = (await db.scalars(text("SELECT id FROM github_references WHERE number = 13"))).one()
    await close(db, reference)
    await moved()
    await moved(await bob.client.delete(f"{PATH}/{plain.json()['id']}"))
    await moved(await ada.client.patch("/api/v1/users/bob", json={"disabled": True}))

    assert len(set(positions)) == len(positions)


async def test_the_watch_above_notices(ada: Persona, db: AsyncSession):
    """A change that no event tells of is refused by it."""
    await db.execute(text(WATCH))
    await db.execute(
        text(
            f"CREATE CONSTRAINT TRIGGER watch AFTER {SHOWN['users']} ON users DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION must_move_the_log()"
        )
    )
    await db.commit()

    with pytest.raises(Exception, match="left the log where it was"):
        await new_member("dave")


async def test_a_page_of_an_empty_board_is_kept_too(ada: Persona):
    """And goes when something is said."""
    assert ids(await ada.client.get(PATH)) == []

    status = await ada.post("one")

    assert ids(await ada.client.get(PATH)) == [status["id"]]
