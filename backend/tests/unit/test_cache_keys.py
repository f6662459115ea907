"""No process keeps what a client chose the length of: caches have keys that are ours, or short."""

from app.api import answers, compression
from app.api.answers import Answer, Answers
from app.services.feed import Position


def test_whether_a_client_takes_gzip_is_not_remembered_by_its_header():
    """It is told anew each time, which takes half a microsecond."""
    assert compression.accepts("gzip" + ", x" * 5000, "gzip")
    assert not hasattr(compression.accepts, "cache_info")


def test_an_answer_to_a_long_question_is_not_kept():
    """The same question can be asked in any length, as by a number with zeros in front."""
    kept, position = Answers(), Position(1, "00000000")
    short = ("/api/v1/statuses", b"limit=5", None)
    long = ("/api/v1/statuses", b"limit=" + b"0" * answers.LONGEST_QUERY + b"5", None)
    for question in (short, long):
        kept.keep(position, question, Answer([], b"{}"))

    assert list(kept.known) == [short]
