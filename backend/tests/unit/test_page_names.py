"""Which names look alike on the page, in Node where there is one; tests/browser/test_names.py sees it on a board."""

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest

from app.api.web_page import WEB

NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="There is no Node here.")

ALIKE = {
    "Cyrillic": ("Ada", "\u0410d\u0430"),
    "all Cyrillic": ("Cope", "\u0421\u043e\u0440\u0435"),
    "small for capital Cyrillic": ("BEKTOP", "\u0432\u0435\u043a\u0442\u043e\u0440"),
    "Greek capitals": ("NIKY HOT", "\u039d\u0399\u039a\u03a5 \u0397\u039f\u03a4"),
    "small Greek": ("Nova", "N\u03bf\u03bd\u03b1"),
    "Armenian": ("Noah", "N\u0585a\u0570"),
    "full width": ("Ada", "\uff21\uff44\uff41"),
    "mathematical": ("Ada", "\U0001d400\U0001d41d\U0001d41a"),
    "case": ("Ada Lovelace", "ADA lovelace"),
    "capital I and small l": ("Ian", "lan"),
    "digits and a bar": ("Oli", "0|1"),
    "r and n": ("Bernd", "Bemd"),
    "accents": ("José Núñez", "Jose\u0301 Nunez"),
    "a dot on a dotless i": ("Ida", "\u0131\u0307da"),
    "zero width": ("Ada", "A\u200bd\u2060a\ufeff"),
    "invisible letters": ("Ada", "A\u3164d\u115fa\u2800"),
    "directions and tags": ("Ada", "\u202eAda\U000e0061"),
    "spaces": ("Ada Lovelace", "Ada\u00a0\u2003Lovelace"),
    "no space": ("Ada Lovelace", "AdaLovelace"),
    "dashes and apostrophes": ("Anne-Marie O'Neil", "Anne\u2010Marie O\u2019Neil"),
    "a full stop": ("Ada", "Ada."),
}
DIFFERENT = [
    *(
        "Ada",
        "Adam",
        "Bob",
        "Cleo",
        "Ivan",
        "Иван",
        "Ганна",
        "Łukasz",
        "Öz",
        "Žiga",
        "Ζωή",
        "Ada 🦊",
        "Ada 🐻",
        "Ann 2",
    ),
    *("李雷", "韩梅梅", "さき", "ざき", "राम", "रमा", "سارة", "שרה"),
]


def page(script: str, given: object) -> list:
    """Run a script of the page's names over what is `given`, and return what it makes of it."""
    source = f"""
        import {{ text }} from "node:stream/consumers";
        import {{ Names, skeleton }} from {json.dumps((WEB / "names.js").as_uri())};
        console.log(JSON.stringify(({script})(JSON.parse(await text(process.stdin)))));
    """
    command = [str(NODE), "--input-type=module", "--eval", source]
    result = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)  # noqa: S603
    return json.loads(result.stdout)


@pytest.fixture
def named() -> Callable[..., list[str]]:
    """Tell in their order who is called what, and return what is shown of everyone then."""

    def shown(*people: tuple[str, str]) -> list[str]:
        told = [{"username": username, "display_name": name} for username, name in people]
        script = """(told) => {
            const names = new Names();
            for (const person of told) names.set(person);
            return [...new Set(told.map(({ username }) => username))].map((username) => names.of({ username }));
        }"""
        return page(script, told)

    return shown


def test_names_that_look_alike_have_one_skeleton():
    """By letters of other alphabets, forms, signs, case, and what can't be seen."""
    pairs = list(ALIKE.values())

    skeletons = page("(pairs) => pairs.map((pair) => pair.map(skeleton))", pairs)

    assert [name for name, (one, other) in zip(ALIKE, skeletons, strict=True) if one != other] == []


def test_names_that_differ_to_the_eye_have_skeletons_of_their_own():
    """In scripts that have no look-alikes too, and where only a sign or a vowel differs."""
    skeletons = page("(names) => names.map(skeleton)", DIFFERENT)

    assert len(set(skeletons)) == len(DIFFERENT)


def test_who_looks_like_another_has_the_username_behind_the_name(named: Callable[..., list[str]]):
    """Both have it, whoever was there first, and nobody else."""
    shown = named(("ada", "Ada"), ("bob", "Bob"), ("mallory", "\u0410da"))

    assert shown == ["Ada (@ada)", "Bob", "\u0410da (@mallory)"]


def test_the_username_goes_with_the_likeness(named: Callable[..., list[str]]):
    """Who has another name by now is like nobody."""
    shown = named(("ada", "Ada"), ("mallory", "\u0410da"), ("mallory", "Mal"), ("ada", "Ada L."), ("ada", "Ada"))

    assert shown == ["Ada", "Mal"]


@pytest.mark.parametrize("at", ["@", "\uff20", "\ufe6b"])
def test_no_name_passes_for_one_with_a_username(named: Callable[..., list[str]], at: str):
    """A name that has an @ is shown with the username, too."""
    assert named(("mallory", f"Ada ({at}ada)"), ("ada", "Ada")) == [f"Ada ({at}ada) (@mallory)", "Ada"]
