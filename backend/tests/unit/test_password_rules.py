"""Which passwords are refused, and which must not be."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.identity.password_rules import COMMON, REPEATS, TELLING, why_refused

PHRASE = "purple marmalade dishwasher lantern"


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Passw0rd12345",
        "P@$$w0rd!!!!",
        "ppaasswwoorrdd",
        "drowssap1234",
        "MyPassword123!",
        "thisismypassword",
        "ｐａｓｓｗｏｒｄ１２３４",  # noqa: RUF001 -- full-width, as an input method may leave them
        "letmein12345",
        "Welcome12345",
        "Summer2026!!",
        "iloveyou2026",
        "michaeljackson",
        "monkey dragon shadow",
        "passw0rd31121990",
        "qwertyuiop12",
        "1qaz2wsx3edc4rfv",
        "q1w2e3r4t5y6",
        "123qweasdzxc",
        "йцукенгшщзхъ",
        "пароль123456",  # noqa: RUF001
        "123456789012",
        "0987654321qwerty",
        "112233445566",
        "010203040506",
        "abcdefghijklm",
        "correct horse battery staple",
        "CorrectHorseBatteryStaple1",
        "to be or not to be",
        "qwerty" * 20 + "zzz1",
    ],
)
def test_what_many_people_would_think_of_is_refused(password):
    assert why_refused(password, username="ada") == COMMON


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaa",
        "1" * 127 + "x",
        "abcabcabcabc",
        "abcdeabcdeab",
        "k9#fQ2!xk9#fQ2!x",
        "letmein letmein",
        "ababbabaabab",
        " " * 12,
        "-_. " * 5,
    ],
)
def test_repeating_a_short_piece_makes_no_long_password(password):
    assert why_refused(password) == REPEATS


@pytest.mark.parametrize(
    "password",
    [
        "statusboard1",
        "Status-Board-2026",
        "lovelace-1815",
        "AdaLovelace1815",
        "ada.lovelace!",
        "ada lovelace's status board",
    ],
)
def test_the_username_and_the_name_of_the_board_are_worth_nothing(password):
    assert why_refused(password, username="Ada_Lovelace") == TELLING


def test_a_username_is_nobody_elses_concern():
    """Ada may not use what Bob may."""
    password = "lovelace-1815"

    assert why_refused(password, username="bob") is None


@pytest.mark.parametrize(
    "password",
    [
        PHRASE,
        "velvet radio marmalade",
        "adaptive giraffes whistle",
        "password manager from mars",
        "we all live in a yellow submarine",
        "my dog ate the homework",
        "dragon monkey shadow master",
        "the status board of team seven",
        "ada likes walnut bread",
        "kX9#mQ2$vL7p",
        "xkqjzvbwmtrp",
        "829471605382",
        "3f9a1c77e2b04d58",
        "мама мыла раму вчера",
        "我们昨天在北京吃了很好吃的饺子",
        "いろはにほへとちりぬるを",
        "אני אוהב לשתות קפה בבוקר",
        "मेरा भारत महान है आज",
        "🐙🌵🎻🚲🍕🦉🧊🪁🎲🛶🧭🪀",
    ],
)
def test_what_nobody_would_think_of_is_accepted(password):
    assert why_refused(password, username="ada") is None


def test_random_passwords_are_accepted():
    """What a password manager makes."""
    choices = random.Random(1).choices
    passwords = ["".join(choices(string.ascii_letters + string.digits, k=20)) for _ in range(200)]

    assert [password for password in passwords if why_refused(password, username="ada")] == []


@given(st.text(min_size=12, max_size=128), st.text(max_size=50))
def test_any_password_and_any_username_get_an_answer(password, username):
    assert why_refused(password, username=username) in {None, COMMON, REPEATS, TELLING}


@given(st.text(max_size=90))
def test_a_phrase_is_not_spoiled_by_what_follows_it(rest):
    """Longer is never worse, as far as the password is read."""
    assert why_refused(f"{PHRASE} {rest}") is None


def test_the_sentences_are_single_and_give_nothing_away():
    for sentence in (COMMON, REPEATS, TELLING):
        assert sentence.count(".") == 1
        assert sentence.endswith(".")
