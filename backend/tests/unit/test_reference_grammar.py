"""The grammar of references: its cases are in tests/grammar.json, which the page is held to as well."""

import re
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.places import Place
from app.services.statuses.reference_grammar import AT_MOST, find
from tests.grammar import CASES, ENDLESS, SIGNS, Case


def names_in(message, **options):
    return [mention.name for mention in find(message, **options)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_a_message_names(case: Case):
    assert names_in(case.message, **case.options) == case.references


@pytest.mark.parametrize("message", ENDLESS, ids=lambda message: message[:20])
def test_what_is_long_is_read_once(message):
    """None would ever be done where what was read is read again and again."""
    assert names_in(message, repository="my/repo") is not None


def test_each_is_found_once_in_the_letters_in_which_it_was_first_written():
    assert names_in("Foo/Bar#1 foo/bar#1 foo/bar#2 FOO/BAR#1") == ["Foo/Bar#1", "foo/bar#2"]


def test_at_most_twenty_different_ones_are_found():
    message = " ".join(f"a/b#{number} A/B#{number}" for number in range(1, 31))

    assert names_in(message) == [f"a/b#{number}" for number in range(1, AT_MOST + 1)]


def test_a_mention_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Place("a", "b", 1).number = 2


MESSAGES = st.text() | st.lists(st.sampled_from(SIGNS), max_size=60).map("".join)


@given(MESSAGES)
def test_whatever_is_found_is_within_the_limits(message):
    found = find(message)

    assert len(found) <= AT_MOST
    assert len({mention.key for mention in found}) == len(found)
    for mention in found:
        assert re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*(_[A-Za-z0-9]+)?", mention.owner)
        assert len(mention.owner) <= 39
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,100}", mention.repo)
        assert not mention.repo.lower().endswith((".git", ".wiki"))
        assert 1 <= mention.number <= 999_999_999


@given(MESSAGES)
def test_whatever_is_found_is_found_again_where_it_is_written_alone(message):
    for mention in find(message):
        assert find(f"{mention.owner}/{mention.repo}#{mention.number}") == [mention]


@given(MESSAGES)
def test_nothing_is_found_in_code(message):
    assert find(f"`{message.replace('`', '').replace('\n', ' ')}`") == []


@given(MESSAGES)
def test_a_repository_takes_nothing_away(message):
    """What is found without bare numbers is found with them too, unless there are too many."""
    without, found = find(message), find(message, repository="my/repo")

    assert len(found) == AT_MOST or set(without) <= set(found)
