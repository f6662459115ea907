"""What the demo's people keep posting: endless small scenes of two people, three at a time. No database is used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Final

from app.services.demo.cast import Person
from app.services.demo.week import Imagined, Line, parse_line, parse_reference

AT_ONCE: Final = 3
# New numbers, above those of the week.
FIRST_NUMBER: Final = 1000

# How the week's open stories end, once someone is there to see it.
ENDINGS: Final = """
hiro d! octo/mobile#79 is merged and octo/mobile#77 closed: photos are the right way up
bruno d! octo/infra#66 is live in all five regions
chiara d! octo/web#218 is merged. Every empty list now says what it's for
ada d! octo/api#423 is merged, so octo/api#421 is closed
"""

# Each line says which of the two people posts it, the first or the second.
SCENES: Final = (
    """
    0 p Next: {0}
    0 i {0} works on my machine. Now trying everyone else's
    0 b {0} needs a review
    1 i Reading {0}
    1 d! {0} is merged
    0 i Using {0} in the next step
    """,
    """
    0 i Looking into {0}
    0 i {0} happens on Mondays only => {0} happens on the first Monday of a month only
    1 i Helping with {0}: there is a calendar in it
    0 d! Found it, and {0} is closed. It was the calendar
    1 d Wrote down how we found it, for the next calendar
    """,
    """
    0 i Writing the tests first, for {0}
    1 b Can't continue before {0}
    0 i {0}: tests pass here, but not in CI
    0 d! All tests pass: {0} is merged
    1 i Continuing, now that {0} is there
    """,
    """
    0 p An hour for small things, starting with {0}
    0 d! {0} is done, and took nine minutes
    1 p That was fast. I have one, too
    0 d The small things are done for this week
    """,
    """
    1 i Answering three people who want {0}
    1 b They are waiting for {0}, and so am I
    0 i Oh, that's mine. Finishing {0} now
    0 d! {0} is done. Sorry for the wait!
    1 d Told all three
    """,
)

TOPICS: Final = (
    "octo/api#0 issue Names with an apostrophe are cut off",
    "octo/web#0 pull Remember which columns are shown",
    "octo/infra#0 pull Keep logs for thirty days, not for ever",
    "octo/docs#0 pull A page for people in a hurry",
    "octo/mobile#0 issue The keyboard covers the last line",
    "octo/api#0 pull Say which field is wrong",
    "octo/firmware#0 pull Sleep between two measurements",
    "octo/web#0 issue The print view leaves out the last column",
    "octo/infra#0 issue The disk alert goes off at 3 a.m.",
    "octo/api#0 pull Answer 304 if nothing has changed",
    "octo/mobile#0 pull Share a status from the camera",
    "octo/docs#0 issue Two pages disagree about time zones",
)


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody posts something. What they mention is already known."""

    person: Person
    line: Line
    speaks_of: Imagined | None = None


def endings(cast: Sequence[Person]) -> Iterator[Step]:
    """Yield the endings of the week's open stories, for the people who take part."""
    by_name = {person.name: person for person in cast}
    for line in ENDINGS.strip().splitlines():
        name, _, said = line.partition(" ")
        if name in by_name:
            yield Step(by_name[name], parse_line(said))


def _scene(scene: str, topic: str, pair: Sequence[Person], number: int) -> Iterator[Step]:
    imagined = parse_reference(topic.replace("#0", f"#{number}"))
    for line in scene.strip().splitlines():
        who, _, said = line.strip().partition(" ")
        yield Step(pair[int(who)], parse_line(said.format(imagined.place.name)), imagined)


def scenes(cast: Sequence[Person], random: Random) -> Iterator[Step]:
    """Yield steps without end, from three scenes at a time. Each person takes part in at most one of them."""
    topics, kinds = cycle(random.sample(TOPICS, len(TOPICS))), cycle(random.sample(SCENES, len(SCENES)))
    number = FIRST_NUMBER + random.randrange(1_000_000)
    playing: list[tuple[Iterator[Step], list[Person]]] = []
    while True:
        busy = {person.name for _, pair in playing for person in pair}
        free = [person for person in cast if person.name not in busy]
        if len(playing) < AT_ONCE and len(free) > 1:
            pair = random.sample(free, 2)
            number += random.randrange(1, 5)
            playing.append((_scene(next(kinds), next(topics), pair, number), pair))
        scene = random.choice(playing)
        step = next(scene[0], None)
        if step is None:
            playing.remove(scene)
        else:
            yield step
