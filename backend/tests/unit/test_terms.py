"""Text is folded and cut into terms in the same way however it's written."""

import sys
from unicodedata import category, normalize

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from app.services.statuses import terms
from tests.status_lines import STATUS_LINES

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
CASES = (str.upper, str.lower, str.title, str.casefold)
UNICODES_WORDS = regex.compile(r"\b", regex.WORD | regex.V1)
MESSAGES = [line.message for line in STATUS_LINES]
TEXTS = st.one_of(st.text(max_size=500), st.text(sorted(set("".join(MESSAGES))), max_size=100))
# In the scripts that people write in.
WRITTEN = st.one_of(st.sampled_from(MESSAGES), st.text(sorted(set("".join(MESSAGES))), max_size=100))


def lexemes(text: str) -> list[str]:
    """Return the terms of a text."""
    return [term.lexeme for term in terms.of_text(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PROJ-4711", "proj 4711"),
        ("octo/api#12", "octo api 12"),
        ("8080-8090", "8080 8090"),
        ("v1.2.3", "v1 v 1 2 3"),
        ("PROJ4711 10ms a1b2", "proj4711 proj 4711 10ms 10 ms a1b2"),
        ("snake_case/path.py", "snake case path py"),
        ("C++ C# C, C++17, C#12, a+b", "c++ c# c c++ 17 c 12 a b"),
        ("Notepad++ Disney+", "notepad++ notepad disney+ disney"),
        ("用C#写", "用 c# 写"),
        ("don't “flaky”…<b>", "don t flaky b"),
        ("Straße ΣΊΣΥΦΟΣ İstanbul \u0131ş\u0131k", "strasse σισυφοσ istanbul isik"),
        ("Ärger a\u0308 Łódź œuvre", "arger a lodz oeuvre"),
        ("\uff21\uff22\uff23 ﬁx x² 2½ Foo™ ٣", "abc fix x2 x 2 2 1 2 foo tm 3"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zero width"),
        ("修复API", "修复 复 api"),
        ("ﾃﾞﾌﾟﾛｲ", "デプ プロ ロイ イ"),
        ("서버를", "서버 버를 를"),
        ("น้ำ", "น้ ้ํ ํา า"),
        ("की कि", "की कि"),
        ("👩🏽\u200d💻❤\ufe0f🇩🇪🇫🇷1\ufe0f\u20e3", "👩 💻 ❤ 🇩🇪 🇫🇷 1"),
        ("→ ... ! \u0301", ""),
    ],
)
def test_what_a_text_is_cut_into(text, expected):
    """Each of the rules, and where it ends."""
    assert " ".join(lexemes(text)) == expected


def written_otherwise(character: str) -> set[str]:
    """Return a character in all forms and cases in which it is another text."""
    changed = {change(character) for change in CASES}
    return changed.union(*({normalize(form, text) for text in changed} for form in FORMS)) - {character}


def test_no_characters_form_or_case_matters():
    """Of all characters that Unicode has."""
    characters = [chr(code) for code in range(sys.maxunicode + 1) if category(chr(code)) not in {"Cn", "Co", "Cs"}]
    different = [c for c in characters for other in written_otherwise(c) if lexemes(other) != lexemes(c)]

    assert different == []


@given(TEXTS)
def test_terms_say_where_they_stand(text):
    """In order, within the text, and folding that piece of the text gives the term, or more where they're joined."""
    found = terms.of_text(text)

    assert [term.place for term in found] == sorted(term.place for term in found)
    for term in found:
        assert 0 <= term.start < term.end <= len(text)
        assert term.lexeme[0] in "".join(lexemes(text[term.start : term.end]))


@given(WRITTEN)
def test_terms_end_where_words_end(text):
    """No term crosses a word boundary of UAX #29, but for pairs, and no word with a letter or digit has none."""
    folded = terms._fold(text).text  # noqa: SLF001 -- boundaries are those of the folded text
    boundaries = {match.start() for match in UNICODES_WORDS.finditer(folded)}
    pieces = [piece for piece in terms._pieces(folded) if not piece.is_run]  # noqa: SLF001
    covered = {n for piece in terms._pieces(folded) for n in range(piece.start, piece.start + len(piece.text))}  # noqa: SLF001

    for piece in pieces:
        length = len(piece.kinds.rstrip("+#"))
        # To UAX #29, a mark without a letter before it is a word by itself. Here it is part of the word after it.
        marks = next((n for n, character in enumerate(piece.text) if category(character)[0] != "M"), length)
        assert not boundaries.intersection(range(piece.start + marks + 1, piece.start + length))
    assert {n for n, character in enumerate(folded) if character.isalnum()} <= covered


LONGEST_MESSAGES = [
    *("x" * 500, "\U00010400" * 500, "\ufdfa" * 500, "\ufdf2" * 500, "\u3316" * 500, "\u0390" * 500, "あ" * 500),
    *("x " * 250, "1a" * 250, "🐙" * 500, "a\u0301" * 250, "ǆ1" * 250),
]


@pytest.mark.parametrize("message", LONGEST_MESSAGES)
def test_no_message_is_too_much_for_a_tsvector(message):
    """PostgreSQL takes terms of up to 2046 bytes, in up to 16383 places."""
    found = terms.of_text(message)

    assert max(len(term.lexeme.encode()) for term in found) <= 2046
    assert found[-1].place <= 16383


def test_what_postgresql_reads():
    """Terms with their places, and phrases with the steps between them."""
    assert terms.as_tsvector("修复 API, api") == "'修复':1 '复':2 'api':3,4"
    assert terms.as_tsquery(terms.of_phrase("修复API", shortest_prefix=3)) == "'修复' <2> 'api':*"
    assert terms.as_tsquery(terms.of_phrase("修")) == "'修':*"
    assert terms.as_tsquery(terms.of_phrase("octo/api#12", shortest_prefix=3)) == "'octo' <1> 'api' <1> '12'"
