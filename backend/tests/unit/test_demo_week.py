"""What the demo's people say, and when: by their own clocks, of things that exist, and within a status's limits."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

import pytest

from app.models.status import Category
from app.schemas.auth import Registration
from app.schemas.statuses import StatusCreate
from app.services.demo import live, week
from app.services.demo.cast import CAST
from app.services.demo.week import Saying
from app.services.statuses import reference_grammar

TUESDAY_EVENING = datetime(2026, 11, 24, 21, 30, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
MIDSUMMER = datetime(2027, 6, 21, 12, 0, tzinfo=UTC)
KNOWN = {imagined.place.key for imagined in week.references()}


@pytest.mark.parametrize("now", [TUESDAY_EVENING, SUNDAY])
def test_the_week_is_worked_by_each_ones_own_clock(now: datetime):
    """On working days and today, whatever day that is, within working hours, in order, and never ahead of time."""
    said = week.week(now)

    assert said == sorted(said, key=lambda saying: saying.at)
    assert said[-1].at < now
    for saying in said:
        local = saying.at.astimezone(ZoneInfo(saying.person.time_zone))
        assert 8 <= local.hour < 18
        assert local.weekday() < 5 or local.date() == now.astimezone(local.tzinfo).date()
    assert {saying.person.name for saying in said} == {person.name for person in CAST}
    assert set(Counter(saying.line.category for saying in said)) == set(Category)


def test_the_week_is_the_same_for_the_same_moment():
    """So that two pictures of it can be compared."""
    assert week.week(TUESDAY_EVENING) == week.week(TUESDAY_EVENING)


def test_edits_come_within_the_window():
    """Of 15 minutes, and not before they could have happened."""
    edited = [saying for saying in week.week(TUESDAY_EVENING) if saying.edited_at]

    assert edited
    assert all(saying.at < saying.edited_at < saying.at + timedelta(minutes=15) for saying in edited)


def test_everything_spoken_of_exists():
    """Each reference has a title, and ends at most once in a week."""
    lines = [week.parse_line(line) for person in CAST for line in person.week]
    named = {mention.key for line in lines for mention in reference_grammar.find(line.message)}
    ended = [mention.key for line in lines if line.ends for mention in reference_grammar.find(line.message)]

    assert named <= KNOWN
    assert len(ended) == len(set(ended))


def of_category(said: list[Saying], category: Category) -> list[Saying]:
    return [saying for saying in said if saying.line.category is category]


def spoken_of(said: list[Saying]) -> set[tuple[str, str, int]]:
    return {mention.key for saying in said for mention in reference_grammar.find(saying.line.message)}


def test_some_blockers_were_cleared():
    """Whoever looks sees what that is like."""
    said = week.week(TUESDAY_EVENING)

    assert spoken_of(of_category(said, Category.BLOCKED)) & spoken_of([s for s in said if s.line.ends])


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("day", [SUNDAY, TUESDAY_EVENING, MIDSUMMER])
def test_at_no_hour_is_everyone_free_to_go_on(day: datetime, hour: int):
    """Whenever somebody starts the demo, two people wait for something, though each keeps the hours of their zone."""
    said = week.week(day.replace(hour=hour))
    newest = {saying.person.name: saying for saying in said}
    over = spoken_of([saying for saying in said if saying.line.ends])
    blocked = of_category(list(newest.values()), Category.BLOCKED)

    assert len([saying for saying in blocked if spoken_of([saying]) - over]) > 1


def test_what_is_said_and_who_says_it_keep_the_boards_rules():
    """Names, labels, zones and messages are those that anyone could have."""
    for person in week.people(300):
        Registration(
            username=person.username,
            display_name=person.display_name,
            time_zone=person.time_zone,
            password="a harbour of quiet lanterns",
        )
        assert person.username.startswith("demo-")
        assert person.display_name.endswith(" (demo)")
        for line in map(week.parse_line, person.week):
            StatusCreate(message=line.message, category=line.category)
    assert len({person.username for person in week.people(300)}) == 300


def test_scenes_go_on_for_ever():
    """Nobody is in two at once, each is about something of its own that is ended once, and no placeholder is left."""
    steps = list(islice(live.scenes(CAST, Random(7)), 600))
    ended = Counter(step.speaks_of.place.name for step in steps if step.line.ends)

    assert set(ended.values()) == {1}
    assert len(ended) > 50
    assert len({step.person.name for step in steps}) == len(CAST)
    for step in steps:
        assert not set("{}") & set(step.line.message)
        assert {m.name for m in reference_grammar.find(step.line.message)} <= {step.speaks_of.place.name}


def test_the_week_ends_well():
    """What is still open then is tied up by those who were at it."""
    named = {m.key for step in live.endings(CAST) for m in reference_grammar.find(step.line.message)}

    assert named <= KNOWN
    assert [step.person.name for step in live.endings(CAST[:1])] == ["ada"]


def test_a_crowd_says_as_much_as_is_asked_for():
    """Everyone in turn, today alone: for measuring with a large board."""
    cast = week.people(200)
    said = week.crowd(cast, 500, TUESDAY_EVENING)

    assert len(said) == 500
    assert len({saying.person.username for saying in said}) == 200
    assert {saying.at.date() for saying in said} == {TUESDAY_EVENING.date()}
