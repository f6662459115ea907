"""What each kind of text takes, says when it refuses, and says of itself in JSON Schema."""

import re
import sys
import unicodedata
from typing import Annotated

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from app.schemas.text import (
    STORABLE,
    DisplayName,
    Message,
    Password,
    TimeZone,
    TokenName,
    Username,
    time_zones,
)

KINDS = {
    "text": TypeAdapter(Annotated[str, STORABLE]),
    "message": TypeAdapter(Message),
    "username": TypeAdapter(Username),
    "display name": TypeAdapter(DisplayName),
    "password": TypeAdapter(Password),
    "time zone": TypeAdapter(TimeZone),
    "token name": TypeAdapter(TokenName),
}
NAMES = ["display name", "token name"]

# Thai, Hindi, Hebrew with its points, Vietnamese without a composed form, Arabic with its vowels, and a keycap.
MARKED = ["ผึ้งที่", "श्रीकृष्णा", "שָׁלוֹם", "ệ\u0331", "مُحَمَّدٌ", "1\u20e3", "x" + "\u0301" * 5]
# Shown as nothing at all, though most of them are no white space to Python.
NOTHING = (
    " \t\u00a0\u00ad\u034f\u115f\u2003\u200b\u200d\u200f\u2060\u2066\u2800\u3000\u3164\ufe0f\ufeff\uffa0\U000e0020"
)
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


def refusal(kind, value):
    """The type of the first error."""
    with pytest.raises(ValidationError) as caught:
        KINDS[kind].validate_python(value)
    return caught.value.errors()[0]["type"]


def accepts(kind, value):
    try:
        KINDS[kind].validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_nul_is_refused_everywhere(kind):
    assert refusal(kind, "Europe/Berlin\0") == "text_nul"


@pytest.mark.parametrize("kind", KINDS)
def test_a_lone_surrogate_is_refused_everywhere(kind):
    assert refusal(kind, "Europe/Berlin\ud800") == "text_surrogate"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [None, 12, True, ["Europe/Berlin"], {"a": 1}, 1.5])
def test_what_is_no_text_is_refused_everywhere(kind, value):
    assert refusal(kind, value) == "string_type"


def test_a_refusal_is_a_sentence_for_people():
    with pytest.raises(ValidationError) as caught:
        KINDS["message"].validate_python("\u200b")

    assert caught.value.errors()[0]["msg"] == "This must not be blank."


def test_a_length_beside_the_rule_is_counted_in_characters():
    short = TypeAdapter(Annotated[str, Field(max_length=2), STORABLE])

    assert short.validate_python("🚀🚀") == "🚀🚀"
    assert short.json_schema() == {"type": "string", "maxLength": 2, "pattern": r"^[^\u0000]*$"}
    with pytest.raises(ValidationError, match="String should have at most 2 characters"):
        short.validate_python("abc")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("x", id="one character"),
        pytest.param("🚀" * 500, id="500 astral characters"),
        pytest.param("  indented\n\tand more \n", id="kept as written"),
        pytest.param("שלום \u202bעולם\u202c \u200f", id="right-to-left text with its marks"),  # noqa: RUF001
        pytest.param(FAMILY, id="emoji joined by ZWJ"),
        pytest.param("e\u0301", id="a combining accent"),
        pytest.param("\u200b.\u200b", id="one visible character"),
        pytest.param("\U0001fadc", id="an emoji that may be newer than this Python"),
        pytest.param("\u2028x\u2029", id="Unicode's own line breaks are no control characters"),
    ],
)
def test_a_message_is_taken_as_it_is(message):
    assert KINDS["message"].validate_python(message) == message


def test_a_line_break_of_windows_is_a_newline():
    """It counts as one character, and says what a newline says."""
    assert KINDS["message"].validate_python("one\r\n\r\ntwo\n") == "one\n\ntwo\n"
    assert KINDS["message"].validate_python("x\r\n" * 250) == "x\n" * 250


@pytest.mark.parametrize(
    ("message", "error"),
    [
        pytest.param("", "string_too_short", id="empty"),
        pytest.param("x" * 501, "string_too_long", id="501 characters"),
        pytest.param("🚀" * 501, "string_too_long", id="501 astral characters"),
        pytest.param(" \n\t ", "text_blank", id="white space"),
        *(pytest.param(sign * 3, "text_blank", id=f"U+{ord(sign):04X}") for sign in NOTHING),
        pytest.param("a\x1bb", "text_control_character", id="escape"),
        pytest.param("a\rb", "text_control_character", id="carriage return"),
        pytest.param("a\r\r\nb", "text_control_character", id="a carriage return before a line break of Windows"),
        pytest.param("\r\n \r\n", "text_blank", id="line breaks of Windows"),
        pytest.param("x\r\n" * 251, "string_too_long", id="502 characters with line breaks of Windows"),
        pytest.param("a\x7fb", "text_control_character", id="delete"),
        pytest.param("a\x85b", "text_control_character", id="a control of C1"),
    ],
)
def test_a_message_is_refused(message, error):
    assert refusal("message", message) == error


def test_what_unicode_calls_invisible_is_blank():
    """Of all characters, those without ink; but Arabic, Egyptian and other signs among the format controls have ink."""
    with_ink = set("\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd") | set(map(chr, range(0x600, 0x606)))
    with_ink |= set(map(chr, range(0x13430, 0x13440)))
    characters = (character for character in map(chr, range(sys.maxunicode + 1)) if character not in with_ink)
    invisible = [c for c in characters if unicodedata.category(c) in {"Cf", "Zs", "Zl", "Zp"}]

    assert [f"{ord(c):x}" for c in invisible if accepts("message", c)] == []


@pytest.mark.parametrize("name", ["ada", "A-1", "___", "x" * 50])
def test_a_username_is_taken(name):
    assert KINDS["username"].validate_python(name) == name


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("ab", "string_too_short"),
        ("x" * 51, "string_too_long"),
        ("ada lovelace", "username_characters"),
        ("ada\n", "username_characters"),
        (" ada", "username_characters"),
        ("adá", "username_characters"),
        ("аda", "username_characters"),  # noqa: RUF001 -- a Cyrillic letter
        ("ada.l", "username_characters"),
        ("ada１", "username_characters"),  # noqa: RUF001 -- a full-width digit
    ],
)
def test_a_username_is_refused(name, error):
    assert refusal("username", name) == error


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("name", ["A", "Ada Lovelace", "عائشة", "李", FAMILY, "🚀" * 80, "می\u200cخواهم", *MARKED])  # noqa: RUF001
def test_a_name_is_taken(kind, name):
    assert KINDS[kind].validate_python(name) == name


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param(" Ada\u3000 Lovelace \u00a0", "Ada Lovelace", id="one space of each kind between words"),
        pytest.param("Ａｄａ ﬁ ①", "Ada fi 1", id="compatible forms"),  # noqa: RUF001
        pytest.param("e\u0301", "é", id="an accent that combines"),
        pytest.param("e\u200b\u0301", "é", id="an accent behind nothing"),
        pytest.param("می\u200cخ", "می\u200cخ", id="a joiner that Persian needs"),
        pytest.param("A\u200cd\u200da\u200d", "Ada", id="joiners that join nothing"),
        pytest.param(
            "\u2764\ufe0f\u200d\U0001f525\ufe0f", "\u2764\ufe0f\u200d\U0001f525\ufe0f", id="an emoji's joiners"
        ),
        pytest.param("A\ufe0fda\U0001f525\u200d", "Ada\U0001f525", id="an emoji's joiners elsewhere"),
        *(
            pytest.param(f"Ad{sign}a", "Ada", id=f"U+{ord(sign):04X}")
            for sign in NOTHING
            if not sign.isspace() and sign != "\u2066"
        ),
    ],
)
def test_a_name_is_normalised(kind, given, kept):
    """Two names that look the same are the same: NFKC, one space between words, and nothing that can't be seen."""
    assert KINDS[kind].validate_python(given) == kept


@pytest.mark.parametrize("kind", NAMES)
@example(value="\U0001f000\u200d\u2800")
@example(value="\u0645\u200d\u061c")
@given(value=st.text(max_size=80) | st.text(st.sampled_from(f"{NOTHING}Aé e\u0301می\u2764\U0001f525Ⓜﷺ"), max_size=40))
def test_a_name_that_is_kept_stays_as_it_is(kind, value):
    """So it can be sent back as it was read. It has at most 80 characters, however it was written."""
    assume(accepts(kind, value))
    kept = KINDS[kind].validate_python(value)

    assert KINDS[kind].validate_python(kept) == kept
    assert len(kept) <= 80


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "string_too_short"),
        ("x" * 81, "string_too_long"),
        ("x" + " " * 80, "string_too_long"),
        ("ﷺ" * 5, "string_too_long"),
        ("   ", "text_blank"),
        ("\u3164\u2800", "text_blank"),
        ("Ada\n", "text_control_character"),
        ("Ada\tL", "text_control_character"),
        ("Ada\u2028L", "text_control_character"),
        ("\u0301Ada", "text_combining_marks"),
        (" \u0301Ada", "text_combining_marks"),
        ("\u200b\u0e49Ada", "text_combining_marks"),
        ("\u0903Ada", "text_combining_marks"),
        ("a" + "\u0301" * 60, "text_combining_marks"),
        ("x" + "\u0301" * 6, "text_combining_marks"),
        ("x" + "\u0301\u20dd" * 3, "text_combining_marks"),
        ("\u0e01" + "\u0e49" * 70, "text_combining_marks"),
        ("Ada \u0628" + "\u064e\u200d" * 6 + "\u0628", "text_combining_marks"),
        ("\u0915" + "\u0902\u0902\u0903" * 3, "text_combining_marks"),
        ("x" + "\u0301\u200b" * 6, "text_combining_marks"),
        *((f"Ada{sign}", "text_bidi_override") for sign in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
    ],
)
def test_a_name_is_refused(kind, name, error):
    assert refusal(kind, name) == error


@pytest.mark.parametrize("password", ["x" * 12, "🚀" * 128, " spaces are kept ", "tab\tand\nnewline"])
def test_a_password_is_taken_as_it_is(password):
    assert KINDS["password"].validate_python(password) == password


def test_a_password_has_12_to_128_characters():
    assert refusal("password", "x" * 11) == "string_too_short"
    assert refusal("password", "x" * 129) == "string_too_long"


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "Asia/Calcutta", "America/Argentina/Buenos_Aires", "Etc/GMT+5"]
)
def test_a_time_zone_is_taken(name):
    assert KINDS["time zone"].validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Atlantis",
        "europe/berlin",
        " UTC",
        "+02:00",
        "posixrules",
        "posix/UTC",
        "right/UTC",
        "localtime",
        "Factory",
        "zone.tab",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe",
        "Europe/",
        "C:\\UTC",
    ],
)
def test_a_time_zone_is_refused(name):
    assert refusal("time zone", name) == "time_zone_unknown"


def test_every_time_zone_fits_its_own_description():
    assert len(time_zones()) > 400
    for name in time_zones():
        assert accepts("time zone", name)
        assert described("time zone", name)


def described(kind, value):
    """Whether the JSON Schema allows this text, read by Python."""
    schema = KINDS[kind].json_schema()
    pattern = schema["pattern"].removesuffix("$") + r"\Z"
    fits = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    return fits and re.search(pattern, value) is not None


# Common characters, and those at which rules begin and end.
CHARACTERS = st.sampled_from([*NOTHING, *"aZ9_-/+é\n\r\0\x1f \x7f\x9f\u2028\u2029\u202a\u202e\u2069\u206a字🚀\uffff"])
WINDOWS = st.lists(st.sampled_from(["\r\n", "\r", "\n", "x"]), max_size=70).map("".join)
TEXTS = WINDOWS | st.text(max_size=140) | st.text(CHARACTERS, max_size=140) | st.text("aZ9_-/+ ", max_size=140)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "time zone"])
@given(value=TEXTS)
def test_the_schema_says_what_is_accepted(kind, value):
    """It leaves out blanks beyond 16 bits, a name's limit on marks, and that normalising may lengthen it."""
    assume("\U000e0020" not in value)
    assume(kind not in NAMES or not any(unicodedata.category(character).startswith("M") for character in value))
    assume(kind not in NAMES or len(unicodedata.normalize("NFKC", value)) <= len(value))

    assert accepts(kind, value) == described(kind, value)


@pytest.mark.parametrize("kind", KINDS)
@given(value=TEXTS)
def test_rust_reads_the_patterns_as_python_does(kind, value):
    pattern = KINDS[kind].json_schema()["pattern"]
    rust = TypeAdapter(Annotated[str, Field(pattern=pattern)])

    try:
        rust.validate_python(value)
    except ValidationError:
        fits = False
    else:
        fits = True

    assert fits == (re.search(pattern.removesuffix("$") + r"\Z", value) is not None)


@pytest.mark.parametrize("kind", KINDS)
@given(value=st.text(st.characters()) | st.none() | st.integers() | st.binary())
def test_bad_input_raises_nothing_but_a_validation_error(kind, value):
    assert accepts(kind, value) in {True, False}
