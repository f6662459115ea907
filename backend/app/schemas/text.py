"""The kinds of text that clients send.

Each kind has a check that refuses with a sentence, and a description for JSON Schema. The patterns are for the
description. ECMA 262, pydantic's Rust and Python read them in the same way. What a pattern can't say is beside its
type. Lengths are counted in code points, before anything is stripped.

A length goes between `str` and the rule, so that pydantic counts characters in its message: `Annotated[str,
Field(max_length=200), STORABLE]`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final, LiteralString
from unicodedata import category, normalize
from zoneinfo import available_timezones

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

# Unicode's category Cc, without newline and tab and with them.
_CONTROLS: Final = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f"
_CONTROLS_AND_BREAKS: Final = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"

# These change the direction of the text around them, and a name appears amid other people's text. Messages may contain
# them, because they are shown on their own. The marks for Arabic and Hebrew (U+200E, U+200F, U+061C) affect only
# themselves.
_BIDI_OVERRIDES: Final = r"\u202a-\u202e\u2066-\u2069"

# Invisible characters: controls, white space, Unicode's Default_Ignorable_Code_Point, and two blanks that count as
# letters or symbols, of Braille (U+2800) and of Hangul (U+3164 and related ones). In a pattern, only those that fit in
# 16 bits.
_INVISIBLE: Final = (
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    r"\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
_UNSEEN: Final = rf"{_INVISIBLE}\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
_VISIBLE: Final = re.compile(rf"[^{_UNSEEN}]")

# Joiners matter in scripts from Arabic to Sinhala, and within an emoji, so they stay there, even in names. A joiner
# beside a removed character joins nothing, and is removed too.
_JOINING: Final = rf"(?![{_UNSEEN}])[\u0600-\u0dff]"
_EMOJI: Final = rf"(?![{_UNSEEN}])[\u2190-\u2bff\U0001f000-\U0001faff]"
_JOINED_OR_UNSEEN: Final = re.compile(
    rf"({_JOINING}[\u200c\u200d](?={_JOINING})|{_EMOJI}\ufe0f?\u200d(?={_EMOJI})|{_EMOJI}\ufe0f)|(?!\s)[{_UNSEEN}]"
)
_LONGEST_NAME: Final = 80

# Marks are drawn onto the letter before them. Many of them would cover the lines above and below a name. Five are
# enough for pointed Hebrew.
_MOST_MARKS: Final = 5
_JOINERS: Final = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class _Rule:
    """A check, and its description in JSON Schema."""

    check: Callable[[str], str]
    pattern: str
    format: str | None = None

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described = handler(schema)
        described["pattern"] = self.pattern
        if self.format:
            described["format"] = self.format
        return described


@dataclass(frozen=True, slots=True)
class _Storable:
    """Refuses what PostgreSQL and UTF-8 can't store, before any other check."""

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_storable, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # For JSON Schema a lone surrogate isn't a character, so it can't be described.
        return {"pattern": r"^[^\u0000]*$"} | handler(schema)


def _storable(value: object) -> object:
    if isinstance(value, str):
        if "\0" in value:
            raise PydanticCustomError("text_nul", "Text must not contain the character NUL (U+0000).")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise PydanticCustomError("text_surrogate", "Text must not contain lone surrogates.") from error
    return value


@dataclass(frozen=True, slots=True)
class _LineBreaks:
    """Turns a Windows line break into a newline, before anything is counted."""

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_with_newlines, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema)


def _with_newlines(value: object) -> object:
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _refuse_found(characters: str, code: LiteralString, sentence: LiteralString) -> Callable[[str], None]:
    found = re.compile(f"[{characters}]").search

    def refuse(value: str) -> None:
        if found(value):
            raise PydanticCustomError(code, sentence)

    return refuse


_refuse_controls = _refuse_found(
    _CONTROLS, "text_control_character", "Control characters other than newline and tab are not allowed."
)
_refuse_breaks = _refuse_found(
    _CONTROLS_AND_BREAKS, "text_control_character", "This must be one line without control characters."
)
_refuse_overrides = _refuse_found(
    _BIDI_OVERRIDES, "text_bidi_override", "Characters that override the direction of text are not allowed here."
)


def _refuse_blank(value: str) -> None:
    if not _VISIBLE.search(value):
        raise PydanticCustomError("text_blank", "This must not be blank.")


def _check_message(value: str) -> str:
    _refuse_controls(value)
    _refuse_blank(value)
    return value


def _refuse_piled_marks(name: str) -> None:
    """Refuse a mark without a letter, and more than `_MOST_MARKS` on one. Marks that take space (Mc) don't count."""
    marks = 0
    for position, character in enumerate(name):
        kind = category(character)
        if kind in {"Mn", "Me"}:
            marks += 1
        elif kind != "Mc" and character not in _JOINERS:
            marks = 0
        if marks > _MOST_MARKS or (position == 0 and kind.startswith("M")):
            raise PydanticCustomError(
                "text_combining_marks",
                "A name can't begin with a combining mark, or have more than 5 of them on one letter.",
            )


def _check_name(value: str) -> str:
    """Return the name in a form in which most equal-looking names are equal, without a table of similar characters."""
    _refuse_breaks(value)
    _refuse_overrides(value)
    _refuse_blank(value)
    seen = _JOINED_OR_UNSEEN.sub(lambda match: match[1] or "", normalize("NFKC", value))
    name = " ".join(normalize("NFKC", seen).split())
    _refuse_piled_marks(name)
    if len(name) > _LONGEST_NAME:  # NFKC may turn one character into up to 18
        raise PydanticKnownError("string_too_long", {"max_length": _LONGEST_NAME})
    return name


def _check_username(value: str) -> str:
    if not re.fullmatch("[a-zA-Z0-9_-]*", value):
        raise PydanticCustomError("username_characters", "A username can contain only a-z, A-Z, 0-9, _ and -.")
    return value


@cache
def time_zones() -> frozenset[str]:
    """The time zones that this machine or the tzdata package knows. Reading them takes about 30 ms, once.

    Without `localtime`, which differs from machine to machine, and `Factory`, which means that none is set.
    """
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _check_time_zone(value: str) -> str:
    if value not in time_zones():
        raise PydanticCustomError(
            "time_zone_unknown", "This isn't a time zone of the IANA database, such as Europe/Berlin."
        )
    return value


STORABLE: Final = _Storable()

# A status's text, stored as it was written, except for Windows line breaks. A carriage return alone isn't a line break.
Message = Annotated[
    str,
    Field(min_length=1, max_length=500, examples=["Reviewed octo/engine#87, blocked on octo/api#12"]),
    _Rule(_check_message, rf"^(?:\r\n|[^{_CONTROLS}])*[^{_INVISIBLE}](?:\r\n|[^{_CONTROLS}])*$"),
    _LineBreaks(),
    STORABLE,
]

Username = Annotated[
    str,
    Field(min_length=3, max_length=50, examples=["ada"]),
    _Rule(_check_username, "^[a-zA-Z0-9_-]+$"),
    STORABLE,
]

_NAME: Final = _Rule(
    _check_name,
    rf"^[^{_CONTROLS_AND_BREAKS}{_BIDI_OVERRIDES}]*[^{_INVISIBLE}][^{_CONTROLS_AND_BREAKS}{_BIDI_OVERRIDES}]*$",
)

# Names are stored as `_check_name` normalises them.
DisplayName = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME, examples=["Ada Lovelace"]), _NAME, STORABLE]
TokenName = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME, examples=["Nightly build"]), _NAME, STORABLE]

# `services/identity/password_rules.py` checks whether it is easily guessed. A schema can't describe that.
Password = Annotated[str, Field(min_length=12, max_length=128, json_schema_extra={"format": "password"}), STORABLE]

# The schema doesn't list the names, because they differ between machines and change over the years.
TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64, examples=["UTC", "Europe/Berlin"]),
    _Rule(_check_time_zone, "^[A-Za-z][A-Za-z0-9_+/-]*$", format="iana-time-zone"),
    STORABLE,
]
