"""What the documents name exists: links, commands, services, targets, files and error codes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app import errors
from app.api.errors import FRAMEWORK_CODES
from app.cli import main

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def read(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?ms)^```.*?^```", "", read(document)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands() -> str:
    """Return all that documents and Makefile tell people to type."""
    code = [
        code for document in DOCUMENTS for code in re.findall(r"(?ms)^```sh\n(.*?)^```|(`[^`\n]+`)", read(document))
    ]
    return "\n".join(["".join(parts) for parts in code] + [MAKEFILE])


def leaves(error: type[errors.BoardError]) -> Iterator[type[errors.BoardError]]:
    for kind in error.__subclasses__():
        if kind.__subclasses__():
            yield from leaves(kind)
        else:
            yield kind


@every_document
def test_its_links_lead_somewhere(document):
    """Files exist, and their headings too."""
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", read(document)):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document

        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_is_short():
    """What is longer belongs into docs/."""
    assert len(read(ROOT / "README.md").splitlines()) < 150


def test_the_readme_leads_to_every_page():
    """A page that nothing leads to is not found."""
    for page in DOCUMENTS:
        link = page.relative_to(ROOT).as_posix()

        assert link == "README.md" or f"({link})" in read(ROOT / "README.md")


def test_every_command_of_the_board_exists():
    """Where `statusboard` is followed by a word, it is one of its commands."""
    assert isinstance(main, click.Group)
    named = set(re.findall(r"(?<![\w/=-])statusboard ([a-z][a-z-]*)(?=[\s`\]]|$)", commands()))

    assert named
    assert named <= main.commands.keys()


def test_every_service_of_compose_exists():
    """`docker compose exec` and its like name services."""
    services = set(re.findall(r"(?m)^  ([a-z-]+):$", "".join(read(path) for path in ROOT.glob("compose*.yaml"))))
    named = re.findall(
        r"docker compose (?:exec|run|logs|stop|pull|build)((?: --[\w-]+(?: \d+)?| -\w)*) ([a-z]+)", commands()
    )

    assert named
    assert {service for _, service in named} <= services


def test_no_command_destroys_what_may_be_the_only_copy():
    """A dump gets a new name, closed to other accounts; neither the board's database nor a volume of it is dropped."""
    typed = commands()
    written = re.findall(r"pg_dump [^>]*>+ ?([^\s)]+)", typed)
    dropped = re.findall(r"dropdb .*?([a-z_0-9]+)$", typed, re.MULTILINE) + re.findall(
        r"(?i)drop database (\w+)", typed
    )

    assert set(written) == {'"$dump.part"'}
    assert len(written) == typed.count("(umask 077; docker") + typed.count("(umask 077; postgresql")
    assert dropped
    assert all(re.fullmatch(r"restored|trial|before_\d{8}_\d{6}", name) for name in dropped)
    assert not re.findall(r"down (?:\S+ )*(?:--volumes|-v\b)", typed.replace("--profile tests down --volumes", ""))


def test_every_target_of_make_exists():
    """And each has its help text."""
    targets = set(re.findall(r"(?m)^([a-z-]+):.* ## \S", MAKEFILE))
    named = set(re.findall(r"(?<=\bmake )[a-z-]+", "\n".join(re.findall(r"`make [^`]+`", commands()))))

    assert named
    assert named <= targets
    assert set(re.findall(r"(?m)^([a-z-]+):", MAKEFILE)) == targets


def test_make_runs_what_the_readme_says():
    """Short names for the same commands."""
    readme = read(ROOT / "README.md")
    recipes = re.sub(r"\$\(RUN\)", "$(UV) run --directory backend", MAKEFILE).replace("$(UV)", ".uv/bin/uv")
    for target in ("up", "test", "run", "test-here", ".env", ".uv/bin/uv"):
        (recipe,) = re.findall(rf"(?m)^{re.escape(target)}:.*\n\t(.+)$", recipes)

        assert recipe.replace("$$", "$") in readme


def test_every_file_of_the_tests_exists():
    """Commands name files of the repository by their path in backend/."""
    named = re.findall(r"(?:pytest|python) ((?:\.\./)?[\w./]+/[\w./]+)", commands())

    assert named
    assert [path for path in named if not (ROOT / "backend" / path).exists()] == []


def test_every_error_code_is_documented():
    """Clients branch on them, so docs/api.md lists them all, and none that is not there."""
    own = {
        "unauthenticated",
        "forbidden",
        "internal_error",
        "invalid_request",
        "not_ready",
    }  # raised as they are, or made elsewhere
    codes = own | {error.code for error in leaves(errors.BoardError)} | set(FRAMEWORK_CODES.values())
    documented = set(re.findall(r"(?m)^\| \d{3} \| `(\w+)` \|", read(ROOT / "docs/api.md")))

    assert documented == codes


def test_every_dependency_has_its_reason():
    """CONTRIBUTING names each package of pyproject.toml and package.json, and no other."""
    project = read(ROOT / "backend/pyproject.toml")
    lists = re.findall(r"(?ms)^(?:dependencies|dev|browser|page|embedded|bench) = \[(.*?)\]$", project)
    packages = {re.split(r"[>=\[]", package)[0] for block in lists for package in re.findall(r'"([^"]+)"', block)}
    packages |= json.loads(read(ROOT / "backend/package.json"))["devDependencies"].keys()
    section = read(ROOT / "CONTRIBUTING.md").partition("## Dependencies")[2]
    rows = re.findall(r"(?m)^\| (`.+?) \|", section)

    assert {name for row in rows for name in re.findall(r"`([\w-]+)`", row)} == packages
