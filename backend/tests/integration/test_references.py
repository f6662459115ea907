"""References in statuses. What is one, and what is not, is told in `tests/unit/test_reference_grammar.py`."""

import asyncio
import random

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Reference
from tests.answers import ids
from tests.personas import Persona

PATH = "/api/v1/statuses"


async def count(db: AsyncSession) -> int:
    """Return how many references the board knows."""
    await db.rollback()
    return (await db.execute(select(func.count()).select_from(Reference))).scalar_one()


async def test_references_stand_in_the_order_written(ada: Persona):
    """Each once, at most 20, from short names and from addresses alike."""
    posted = await ada.post(
        "https://github.com/octo/api/pull/12/files, octo/engine#87, Octo/API#12 and `octo/code#1`, octo/api#3"
    )
    many = await ada.post(" ".join(f"o/r#{number}" for number in range(30, 1, -1)))

    assert [(reference["repo"], reference["number"]) for reference in posted["references"]] == [
        ("api", 12),
        ("engine", 87),
        ("api", 3),
    ]
    assert [reference["number"] for reference in many["references"]] == list(range(30, 10, -1))
    assert (await ada.client.get(PATH)).json()["items"] == [many, posted]


async def test_one_reference_for_all_who_speak_of_it(ada: Persona, bob: Persona, db: AsyncSession):
    """GitHub's names are without regard to case: there is one row, and the filter finds both statuses."""
    one = await ada.post("octo/api#12")
    two = await bob.post("OCTO/Api#12 again")

    assert await count(db) == 1
    assert ids(await ada.client.get(PATH, params={"reference": "oCTo/aPI#12"})) == [two["id"], one["id"]]


async def test_what_is_known_of_a_reference_is_shown_in_every_status(ada: Persona, db: AsyncSession):
    """Kind, title and state are the reference's own; its address says what it is."""
    posted = await ada.post("octo/engine#87 and octo/talk#3")
    for repo, kind in [("engine", "pull_request"), ("talk", "discussion")]:
        known = {"kind": kind, "title": "Cache the parse tree", "state": "merged"}
        await db.execute(update(Reference).where(Reference.repo == repo).values(known))
    await db.commit()

    engine, talk = (await ada.client.get(f"{PATH}/{posted['id']}")).json()["references"]

    assert engine == {
        "owner": "octo",
        "repo": "engine",
        "number": 87,
        "kind": "pull_request",
        "title": "Cache the parse tree",
        "state": "merged",
        "moved_to": None,
        "url": "https://github.com/octo/engine/pull/87",
    }
    assert talk["url"] == "https://github.com/octo/talk/discussions/3"


async def test_posts_with_the_same_new_references_at_once(ada: Persona, db: AsyncSession):
    """However they are ordered, none of twelve posts waits for another in a circle."""
    names = [f"octo/api#{number}" for number in range(1, 16)]
    messages = [" ".join(random.Random(seed).sample(names, len(names))) for seed in range(12)]

    posted = await asyncio.gather(*(ada.post(message) for message in messages))

    assert all(len(status["references"]) == 15 for status in posted)
    assert await count(db) == 15
