"""The demo's history: who posts what and when, over the last working week until now. Doesn't use the database."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle, islice
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from app.models.reference import ReferenceKind, ReferenceState
from app.models.status import Category
from app.places import Place
from app.services.demo.cast import CAST, REFERENCES, Person

DAYS: Final = 5
SATURDAY: Final = 5

# When the lines of a day are posted, by their author's clock: from this time, within this many minutes.
HOURS: Final = ((time(8, 40), 90), (time(11, 30), 120), (time(15, 0), 150))

CATEGORIES: Final = {
    "p": Category.PLANNING,
    "i": Category.IN_PROGRESS,
    "b": Category.BLOCKED,
    "d": Category.DONE,
}
LINE: Final = re.compile(r"(?P<category>[pibd])(?P<ends>!?) (?P<message>.+?)(?: => (?P<edited>.+))?")
REFERENCE: Final = re.compile(r"(\w+)/(\w+)#(\d+) (\w+) (.+)")
KINDS: Final = {
    "pull": (ReferenceKind.PULL_REQUEST, ReferenceState.OPEN),
    "draft": (ReferenceKind.PULL_REQUEST, ReferenceState.DRAFT),
    "issue": (ReferenceKind.ISSUE, ReferenceState.OPEN),
    "discussion": (ReferenceKind.DISCUSSION, ReferenceState.OPEN),
}

# Beyond the cast, there are as many of these people as a measurement needs.
FIRST_NAMES: Final = "Alma Boris Cem Dana Edda Femi Gita Hugo Irma Jomo Kira Luca Mina Nils Olga Paul Rosa Sven"
LAST_NAMES: Final = "Berg Costa Diaz Endo Fuchs Grau Hall Ito Jung Kaya Lund Mora Novak Osei Pohl Ruiz Sato Voss"


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody posts. It may `end` what it mentions. `edited` is its text after an edit."""

    category: Category
    message: str
    ends: bool = False
    edited: str | None = None


@dataclass(frozen=True, slots=True)
class Saying:
    """Somebody posts a line at a certain time."""

    person: Person
    at: datetime
    line: Line
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Imagined:
    """An issue, pull request or discussion that exists only on this board."""

    place: Place
    kind: ReferenceKind
    state: ReferenceState
    title: str


def parse_line(line: str) -> Line:
    """Return a line as `cast.py` writes it."""
    match = LINE.fullmatch(line)
    assert match is not None, line
    return Line(CATEGORIES[match["category"]], match["message"], bool(match["ends"]), match["edited"])


def parse_reference(line: str) -> Imagined:
    """Return a reference as `cast.py` writes it."""
    match = REFERENCE.fullmatch(line)
    assert match is not None, line
    kind, state = KINDS[match[4]]
    return Imagined(Place(match[1], match[2], int(match[3])), kind, state, match[5])


def references() -> list[Imagined]:
    """Return the references of the week, as they are before it begins."""
    return [parse_reference(line) for line in REFERENCES.strip().splitlines()]


def people(count: int = len(CAST)) -> list[Person]:
    """Return this many people: the cast first, then others who post the cast's lines."""
    first_names, last_names = FIRST_NAMES.split(), LAST_NAMES.split()
    others = []
    for n in range(len(CAST), count):
        first = first_names[n % len(first_names)]
        last = last_names[n // len(first_names) % len(last_names)]
        others.append(Person(f"{first.lower()}-{n}", f"{first} {last}", "UTC", CAST[n % len(CAST)].week))
    return [*CAST, *others][:count]


def _working_days(today: date) -> list[date]:
    """Return today, whatever day it is, and the working days before it, oldest first."""
    days = [today]
    while len(days) < DAYS:
        day = days[-1] - timedelta(days=1)
        while day.weekday() >= SATURDAY:
            day -= timedelta(days=1)
        days.append(day)
    return days[::-1]


def _moments(person: Person, now: datetime, random: Random) -> Iterator[datetime]:
    zone = ZoneInfo(person.time_zone)
    for day in _working_days(now.astimezone(zone).date()):
        for begin, minutes in HOURS:
            local = datetime.combine(day, begin, zone) + timedelta(seconds=random.randrange(minutes * 60))
            yield local.astimezone(UTC)


def _saying(person: Person, at: datetime, line: Line, now: datetime, random: Random) -> Saying:
    edited_at = at + timedelta(seconds=random.randrange(30, 600))
    return Saying(person, at, line, edited_at if line.edited and edited_at < now else None)


def week(now: datetime) -> list[Saying]:
    """Return what the cast has posted in the last four working days and today, oldest first. Depends only on `now`."""
    said = []
    for person in CAST:
        random = Random(person.name)  # noqa: S311 -- no secret
        lines = (parse_line(line) for line in person.week)
        for at, line in zip(_moments(person, now, random), lines, strict=True):
            if at < now:
                said.append(_saying(person, at, line, now, random))
    return sorted(said, key=lambda saying: saying.at)


def crowd(cast: Sequence[Person], count: int, now: datetime) -> list[Saying]:
    """Return this many statuses by all of these people, evenly spread from midnight in UTC until now, oldest first."""
    random = Random(count)  # noqa: S311 -- no secret
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [parse_line(line) for person in CAST for line in person.week]
    random.shuffle(lines)
    step = (now - midnight) / (count + 1)
    authors = islice(cycle(random.sample(cast, len(cast))), count)
    return [
        Saying(person, midnight + step * (n + 1), Line(line.category, line.message))
        for n, (person, line) in enumerate(zip(authors, cycle(lines), strict=False))
    ]
