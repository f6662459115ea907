"""What people type into the search becomes a query, or a sentence that says why not."""

import pytest

from app.errors import QueryRefused
from app.services.statuses.search_words import MOST_TERMS, SearchWords


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("deploy", "('deploy':*)"),
        ("up deploy", "('up') & ('deploy':*)"),
        ("go up", "('go') & ('up')"),
        ("octo/api#12", "('octo' <1> 'api' <1> '12')"),
        ("PROJ-4711", "('proj' <1> '4711':*)"),
        ('"two words"', "('two' <1> 'words')"),
        ("“two words”", "('two' <1> 'words')"),
        ('say "it is', "('say') & ('it' <1> 'is')"),
        ('צה"ל', "('צה' <1> 'ל')"),
        ("a or B OR c", "('a') | ('b') | ('c')"),
        ("a b or c", "('a') & ('b') | ('c')"),
        ("or", "('or')"),
        ("a or", "('a') & ('or')"),
        ("a or →", "('a')"),
        ("a -bcd", "('a') & !('bcd')"),
        ('-octo/api#12 -"two words"', "!('octo' <1> 'api' <1> '12') & !('two' <1> 'words')"),
        ("--help", "('help':*)"),
        ("deploy →", "('deploy')"),
        ("缓存", "('缓存')"),
        ("修", "('修':*)"),
        ("🐙", "('🐙')"),
        ("x" * 200, f"('{'x' * 100}':*)"),
    ],
)
def test_what_is_searched_for(q, expected):
    """Words, compounds, phrases, alternatives and exclusions; the last word is also the beginning of a longer one."""
    assert SearchWords.parse(q).as_tsquery() == expected


@pytest.mark.parametrize("q", ["", " ", "!?", "→ -", "-" * 200, '"', '""', "\u0301" * 200, "-(" * 100])
def test_what_holds_nothing_to_search_for(q):
    """It's refused, and told what can be searched for."""
    with pytest.raises(QueryRefused, match="nothing to search for"):
        SearchWords.parse(q)


@pytest.mark.parametrize("word", ["a ", "漢", "-a ", "🐙"])
def test_as_many_words_as_may_be(word):
    """One more is refused, and told how many there may be."""
    full = word * MOST_TERMS + ("字" if word == "漢" else "")
    SearchWords.parse(full)
    with pytest.raises(QueryRefused, match=f"may have {MOST_TERMS}"):
        SearchWords.parse(full + word)


@pytest.mark.parametrize(
    ("q", "message", "expected"),
    [
        ("deploy", "Deploy, then redeploy: DEPLOYED", ["Deploy", "DEPLOYED"]),
        ("octo/api#12", "see octo/api#12, not octo/api#1", ["octo/api#12"]),
        ("api 12", "see octo/api#12", ["api", "12"]),
        ('"deploy done"', "deploy—done", ["deploy—done"]),
        ("cafe", "un cafe\u0301, deux thés", ["cafe\u0301"]),
        ("café or caf", "un cafe\u0301, deux cafés", ["cafe\u0301", "cafés"]),
        ("缓存问题", "修复了缓存问题。缓存", ["缓存问题"]),
        ("缓", "修复了缓存", ["缓"]),
        ("了API", "修复了API缓存", ["了API"]),
        ("缓存 存问", "缓存问题", ["缓存问"]),
        ("1.2", "v1.2.3", ["1.2"]),
        ("🐙 x", "👩🏽\u200d💻🐙x", ["🐙", "x"]),
        ("👩", "👩🏽\u200d💻 codes", ["👩🏽\u200d💻"]),
        ("deploy -done", "deploy", ["deploy"]),
        ("-done", "deploy", []),
        ("ﬁx", "a fix", ["fix"]),
    ],
)
def test_where_the_words_are(q, message, expected):
    """Whole words and phrases, in order; what overlaps is one."""
    assert [message[start:end] for start, end in SearchWords.parse(q).find(message)] == expected
