"""The grammar of references: each case has its reason as its id."""

import re
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.mentions import AT_MOST, Mention, find

OWNER_39 = "o" * 39
REPO_100 = "r" * 100


def case(reason, message, *names):
    return pytest.param(message, list(names), id=reason)


def names_in(message):
    return [f"{mention.owner}/{mention.repo}#{mention.number}" for mention in find(message)]


@pytest.mark.parametrize(
    ("message", "names"),
    [
        case("alone", "foo/bar#1", "foo/bar#1"),
        case("two in a sentence", "Reviewed octo/engine#87, blocked on octo/api#12", "octo/engine#87", "octo/api#12"),
        case("at the start of a line", "done\nfoo/bar#1\n", "foo/bar#1"),
        case("in parentheses", "(foo/bar#1)", "foo/bar#1"),
        case("in quotes, before a comma", '"foo/bar#1",', "foo/bar#1"),
        case("in brackets", "[foo/bar#1]", "foo/bar#1"),
        case("in Markdown emphasis", "**foo/bar#1** ~~foo/bar#2~~", "foo/bar#1", "foo/bar#2"),
        case("after a colon", "Fixes:foo/bar#1", "foo/bar#1"),
        case("after an equals sign, as CI writes", "issue=foo/bar#1", "foo/bar#1"),
        case("after an emoji with a variation selector", "⚠️foo/bar#1", "foo/bar#1"),
        case("a sentence ends after it", "See foo/bar#1.", "foo/bar#1"),
        case("an ellipsis after it", "foo/bar#1...", "foo/bar#1"),
        case("a comma after it", "foo/bar#1,foo/bar#2", "foo/bar#1", "foo/bar#2"),
        case("a hyphen after it, at a word boundary as on GitHub", "foo/bar#1- done", "foo/bar#1"),
        case("a range names its first, as on GitHub", "foo/bar#1-3", "foo/bar#1"),
        case("a slash after it, at a word boundary as on GitHub", "foo/bar#1/2", "foo/bar#1"),
        case("an apostrophe after it", "foo/bar#1's author", "foo/bar#1"),
        case("right-to-left text and marks around it", "ראה \u2067foo/bar#1\u2069 בבקשה", "foo/bar#1"),
        case("astral characters around it", "🚀" * 200 + "foo/bar#1" + "🚀" * 200, "foo/bar#1"),
        case("Chinese writes on without a space", "请看foo/bar#12吧", "foo/bar#12"),
        case("Japanese writes on without a space", "サーバーfoo/bar#12を", "foo/bar#12"),
        case("Korean puts a particle after it", "foo/bar#12를", "foo/bar#12"),
        case("repository names may have dots and underscores", "foo/.b_a-r.js#1", "foo/.b_a-r.js#1"),
        case("a repository may be named .github", "foo/.github#1", "foo/.github#1"),
        case("git and wiki may be names without a dot", "foo/git#1 foo/wiki#1", "foo/git#1", "foo/wiki#1"),
        case("an owner of one character", "f/b#1", "f/b#1"),
        case("an owner with single hyphens", "a-b-c/x#1", "a-b-c/x#1"),
        case("an owner of 39", f"{OWNER_39}/x#1", f"{OWNER_39}/x#1"),
        case("a managed user", "mona_octo/x#1", "mona_octo/x#1"),
        case("a managed user with a hyphen", "mona-lisa_octo/x#1", "mona-lisa_octo/x#1"),
        case("a repository of 100", f"x/{REPO_100}#1", f"x/{REPO_100}#1"),
        case("nine digits", "x/y#999999999", "x/y#999999999"),
        case("case is kept", "Foo/Bar#1", "Foo/Bar#1"),
        case("after git@github.com:", "git@github.com:foo/bar#1", "foo/bar#1"),
    ],
)
def test_it_is_a_reference(message, names):
    assert names_in(message) == names


@pytest.mark.parametrize(
    ("message", "names"),
    [
        case("empty", ""),
        case("no owner", "bar#1 and #2"),
        case("no number", "foo/bar# foo/bar"),
        case("three parts", "foo/bar/baz#1"),
        case("a path", "./foo/bar#1 ../bar#1 ~/bar#1 $HOME/bar#1"),
        case("a path of Windows", r"C:\foo/bar#1"),
        case("an owner can't begin with a hyphen", "-foo/bar#1"),
        case("an owner can't end with one", "foo-/x#1"),
        case("an owner can't have two together", "foo--bar/x#1"),
        case("a hyphen before the shortcode", "mona-_octo/x#1"),
        case("two shortcodes", "mona_octo_x/y#1"),
        case("a hyphen in the shortcode", "mona_oc-to/y#1"),
        case("only a shortcode", "_octo/x#1"),
        case("an owner of 40", f"o{OWNER_39}/x#1"),
        case("a managed user of 40", f"{'o' * 35}_octo/x#1"),
        case("a repository of 101", f"x/r{REPO_100}#1"),
        case("an owner has no dot", "foo.bar/x#1"),
        case("a domain", "example.com/bar#1"),
        case("an email address", "me@foo.com/bar#1 me@foo/bar#1"),
        case("a team of an organisation", "@foo/bar#1"),
        case("a hashtag before it", "#foo/bar#1"),
        case("a Unicode letter makes another word", "éfoo/bar#1"),
        case("a combining accent makes another word", "e\u0301foo/bar#1"),
        case("a Cyrillic letter makes another word", "жfoo/bar#1 foo/bar#1ж"),
        case("a Unicode letter inside a name", "foo/bär#1"),
        case("an underscore before it", "x_/foo/bar#1 _foo/bar#1"),
        case("zero", "f/b#0"),
        case("leading zeros are another tracker's way, and would not be shown as written", "f/b#0012"),
        case("ten digits", "f/b#1234567890"),
        case("full-width digits", "f/b#１"),  # noqa: RUF001
        case("a full-width digit after it", "f/b#1２"),  # noqa: RUF001
        case("a full-width number sign", "f/b＃1"),  # noqa: RUF001
        case("Arabic digits", "f/b#١"),  # noqa: RUF001
        case("a letter after the number", "foo/bar#1a"),
        case("an underscore after the number", "foo/bar#1_x"),
        case("a Unicode letter after the number", "foo/bar#1é"),
        case("an accent on the number", "foo/bar#1\u0301"),
        case("a negative number", "foo/bar#-1"),
        case("a space inside", "foo / bar#1 foo/bar #1"),
        case("a reserved name", "x/.#1 x/..#1"),
        case("a clone's address", "x/y.git#1 x/Y.GIT#1"),
        case("a wiki", "x/y.wiki#1 x/Y.Wiki#1"),
        case("nobody is called orgs", "orgs/foo#1"),
    ],
)
def test_it_is_no_reference(message, names):
    assert names_in(message) == names == []


@pytest.mark.parametrize(
    ("message", "names"),
    [
        case("an issue", "https://github.com/foo/bar/issues/12", "foo/bar#12"),
        case("a pull request", "https://github.com/foo/bar/pull/12", "foo/bar#12"),
        case("a discussion", "https://github.com/foo/bar/discussions/12", "foo/bar#12"),
        case("http", "http://github.com/foo/bar/pull/12", "foo/bar#12"),
        case("www", "https://www.github.com/foo/bar/pull/12", "foo/bar#12"),
        case("scheme and host without regard to case", "HTTPS://WWW.GitHub.COM/foo/bar/pull/12", "foo/bar#12"),
        case("a slash at the end", "https://github.com/foo/bar/pull/12/", "foo/bar#12"),
        case("a further path", "https://github.com/foo/bar/pull/12/files", "foo/bar#12"),
        case("a fragment", "https://github.com/foo/bar/issues/12#issuecomment-99", "foo/bar#12"),
        case("a query", "https://github.com/foo/bar/pull/12?w=1&x=a/b#3", "foo/bar#12"),
        case("all of it", "https://github.com/foo/bar/pull/12/files/a..b?w=1#diff-0R1", "foo/bar#12"),
        case("the patch", "https://github.com/foo/bar/pull/12.patch", "foo/bar#12"),
        case("a full stop", "https://github.com/foo/bar/pull/12.", "foo/bar#12"),
        case("a comma and another", "https://github.com/a/b/pull/1,c/d#2", "a/b#1", "c/d#2"),
        case("angle brackets", "<https://github.com/foo/bar/pull/12>", "foo/bar#12"),
        case("parentheses", "(https://github.com/foo/bar/pull/12)", "foo/bar#12"),
        case("a Markdown link", "[a/b#1](https://github.com/c/d/pull/2)", "a/b#1", "c/d#2"),
        case("Japanese after it", "https://github.com/a/b/pull/1を見て、c/d#2", "a/b#1", "c/d#2"),
        case("Japanese after its fragment", "https://github.com/a/b/pull/1#xを見て、c/d#2", "a/b#1", "c/d#2"),
        case("a colon before it", "see:https://github.com/a/b/pull/1", "a/b#1"),
        case("a managed user", "https://github.com/mona_octo/x/issues/1", "mona_octo/x#1"),
        case("the same as the short form", "foo/bar#12 https://github.com/FOO/bar/pull/12", "foo/bar#12"),
        case("a list of issues", "https://github.com/foo/bar/issues https://github.com/foo/bar/issues?q=a/b#1"),
        case("a commit", "https://github.com/foo/bar/commit/12"),
        case("another word for it", "https://github.com/foo/bar/pulls/12 https://github.com/foo/bar/Issues/12"),
        case("a letter after the number", "https://github.com/foo/bar/issues/12a"),
        case("zero", "https://github.com/foo/bar/issues/0"),
        case("leading zeros", "https://github.com/foo/bar/issues/012"),
        case("ten digits", "https://github.com/foo/bar/issues/1234567890"),
        case("a clone's address", "https://github.com/foo/bar.git/issues/1"),
        case("a discussion of an organisation", "https://github.com/orgs/foo/discussions/12"),
        case("another host", "https://gitlab.com/foo/bar/issues/12"),
        case("a host that ends alike", "https://notgithub.com/foo/bar/issues/1 https://x.github.com/foo/bar/issues/1"),
        case("a host that begins alike", "https://github.com.evil.example/foo/bar/issues/1"),
        case("a user's name before the host", "https://github.com@evil.example/foo/bar/issues/1"),
        case("a port", "https://github.com:443/foo/bar/issues/1"),
        case("another scheme", "ftp://github.com/foo/bar/issues/1 git+https://github.com/foo/bar/issues/1"),
        case("no scheme", "github.com/foo/bar/issues/1"),
        case("the short form with the host", "github.com/foo/bar#1 https://github.com/foo/bar#1"),
        case("a short form at the end of another URL", "https://example.com/foo/bar#1"),
        case("a short form in another URL", "https://example.com/?x=foo/bar#1 https://example.com/#foo/bar#1"),
        case("a short form after other scripts in a URL", "https://ja.example/日本/foo/bar#1"),
        case("a URL in another URL", "https://web.example/https://github.com/foo/bar/issues/1"),
    ],
)
def test_urls(message, names):
    assert names_in(message) == names


@pytest.mark.parametrize(
    ("message", "names"),
    [
        case("one backtick", "`foo/bar#1`"),
        case("text and code", "a/b#1 `c/d#2` e/f#3", "a/b#1", "e/f#3"),
        case("a URL", "`https://github.com/foo/bar/pull/12`"),
        case("two backticks with one inside", "``a/b#1 ` c/d#2``"),
        case("a fence", "```\na/b#1\n\nc/d#2\n```\ne/f#3", "e/f#3"),
        case("a fence with code inside", "```\n`a/b#1` c/d#2\n``` e/f#3", "e/f#3"),
        case("a span over two lines", "`a/b#1\nc/d#2`"),
        case("a backtick that is never closed is a backtick", "it`s a/b#1", "a/b#1"),
        case("a fence that is never closed is three backticks", "```\na/b#1", "a/b#1"),
        case("one does not close two", "``a/b#1`", "a/b#1"),
        case("two do not close one", "`a/b#1``", "a/b#1"),
        case("one that opens nothing hides no later span", "`` a/b#1 `c/d#2` e/f#3", "a/b#1", "e/f#3"),
        case("the third is left over", "`a/b#1` c/d#2 ` e/f#3", "c/d#2", "e/f#3"),
        case("a span ends with its paragraph", "it`s\n \na/b#1 isn`t", "a/b#1"),
        case("a backslash escapes nothing", r"\`a/b#1\`"),
        case("code beside it parts words", "`x`a/b#1`y`", "a/b#1"),
        case("code inside it", "foo/`bar`#1 foo/bar#`1`"),
        case("empty code", "`` ` a/b#1", "a/b#1"),
    ],
)
def test_code(message, names):
    assert names_in(message) == names


def test_each_is_found_once_in_the_letters_in_which_it_was_first_written():
    assert names_in("Foo/Bar#1 foo/bar#1 foo/bar#2 FOO/BAR#1") == ["Foo/Bar#1", "foo/bar#2"]


def test_at_most_twenty_different_ones_are_found():
    message = " ".join(f"a/b#{number} A/B#{number}" for number in range(1, 31))

    assert names_in(message) == [f"a/b#{number}" for number in range(1, AT_MOST + 1)]


def test_a_mention_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Mention("a", "b", 1).number = 2


# Text that has the grammar's own signs close together, so that they meet.
_PIECES = (
    "a B 9 0 - _ . / # : @ ` `` ``` ? ( ) , é 看 \u0301 \ufe0f \ud800 \0 .git orgs foo/bar #12 foo/bar#12 "
    "http:// https://github.com/ www. /issues/ /pull/ /discussions/"
)
PIECES = st.sampled_from([*_PIECES.split(), " ", "\n", "\n\n"])
MESSAGES = st.text() | st.lists(PIECES, max_size=60).map("".join)


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


BARE = [
    case("alone", "#12", "my/repo#12"),
    case("as GitHub writes it in commits", "Fixes GH-12, gh-13", "my/repo#12", "my/repo#13"),
    case("in parentheses, before a full stop", "(#12) see #13.", "my/repo#12", "my/repo#13"),
    case("beside one with its repository", "octo/api#12 #12", "octo/api#12", "my/repo#12"),
    case("each once, whatever it is called", "#12 MY/Repo#12 GH-12", "my/repo#12"),
    case("in a script without spaces", "看#12吧", "my/repo#12"),
    case("two thirds", "#12/13", "my/repo#12"),
    case("a word before it", "C#12 foo#12 é#12"),
    case("a word in it", "#12a #12_x GH-12a AGH-12"),
    case("a character of HTML", "&#12;"),
    case("an address's fragment", "https://example.com/#12"),
    case("a path", "docs/#12"),
    case("no number", "#0 #012 #1234567890 GH- #"),
    case("in code", "`#12` `GH-12`"),
    case("twice", "##12"),
]


@pytest.mark.parametrize(("message", "names"), BARE)
def test_bare_numbers_of_one_repository(message, names):
    assert [mention.name for mention in find(message, repository="my/repo")] == names


def test_bare_numbers_mean_nothing_without_a_repository():
    assert find("#12 GH-12") == []


def test_addresses_of_another_github():
    message = "https://ghe.example.com:8443/o/r/issues/1 https://github.com/o/r/issues/2 o/r#3"

    assert [mention.name for mention in find(message, host="ghe.example.com:8443")] == ["o/r#1", "o/r#3"]


@given(MESSAGES)
def test_a_repository_takes_nothing_away(message):
    """What is found without bare numbers is found with them too, unless there are too many."""
    without, found = find(message), find(message, repository="my/repo")

    assert len(found) == AT_MOST or set(without) <= set(found)
