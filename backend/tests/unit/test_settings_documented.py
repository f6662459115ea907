"""docs/settings.md, README, .env.example, compose.yaml and Settings name the same variables, with the same defaults."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from app.config import PLACEHOLDER_SECRET, Settings

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLES = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SCAFFOLD = (
    "DATABASE_URL",
    "JWT_SECRET",
    "JWT_ACCESS_EXPIRE_MINUTES",
    "JWT_REFRESH_EXPIRE_DAYS",
    "CORS_ORIGINS",
    "WS_INITIAL_HOURS",
    "GITHUB_TOKEN",
    "LOG_LEVEL",
)


def rows(document: str, columns: int) -> list[list[str]]:
    """Return the rows of a document's tables with that many columns whose first cell is a variable."""
    lines = [line.strip("| ").split(" | ") for line in document.splitlines() if re.match(r"\| `[A-Z_]+` \|", line)]
    return [row for row in lines if len(row) == columns]


def example() -> dict[str, str]:
    """Return the variables of .env.example, set and commented out, with their values."""
    return dict(re.findall(r"(?m)^#?([A-Z_]+)=(.*)$", EXAMPLE))


def type_name(field: FieldInfo) -> str:
    annotation = field.annotation
    if get_origin(annotation) is Literal:
        return "str"
    (plain,) = {kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)}
    return plain.__name__


def written_default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "none" if field.default is None else f"`{field.default}`"


def described(names: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return name, type and default of these settings, as a table shows them."""
    fields = {name: Settings.model_fields[name] for name in names}
    return [(f"`{name}`", f"`{type_name(field)}`", written_default(field)) for name, field in fields.items()]


def test_the_settings_page_has_every_setting():
    """Name, type and default of each, in the order of the class."""
    documented = [(name, kind, default) for name, kind, default, _ in rows(TABLES, 4)]

    assert documented == described(Settings.model_fields)


def test_the_readme_has_the_scaffolds_settings():
    """These eight and no others; the settings page has the rest."""
    documented = [(name, kind, default) for name, kind, default, _ in rows(README, 4)]

    assert documented == described(SCAFFOLD)


def test_the_example_has_every_setting_with_its_default():
    """A line that is taken out of its comment changes nothing until it is edited."""
    settings = {
        name: PLACEHOLDER_SECRET if field.is_required() else str(field.default or "")
        for name, field in Settings.model_fields.items()
    }

    assert example() == settings | compose_defaults()


def test_the_example_sets_the_placeholder_and_nothing_else():
    """README's first command replaces it, wherever it stands."""
    assert re.findall(r"(?m)^[^#\n].*", EXAMPLE) == [f"JWT_SECRET={PLACEHOLDER_SECRET}"]
    assert EXAMPLE.count(PLACEHOLDER_SECRET) == 1


def compose_defaults() -> dict[str, str]:
    """Return the variables that only compose.yaml reads, with their defaults."""
    found = dict(re.findall(r"\$\{([A-Z_]+):-([^${}]*)\}", COMPOSE))
    return {name: default for name, default in found.items() if name not in Settings.model_fields}


def test_the_settings_page_has_every_variable_of_compose():
    """Those that compose.yaml reads and the board itself does not, and no others."""
    read = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))

    assert read - Settings.model_fields.keys() == compose_defaults().keys()
    assert {(name, default) for name, default, _ in rows(TABLES, 3)} == {
        (f"`{name}`", f"`{default}`") for name, default in compose_defaults().items()
    }


def test_the_port_of_the_image_is_the_settings_default():
    """compose.yaml repeats it, since it must know which port to publish."""
    assert set(re.findall(r"\$\{PORT:-(\d+)\}", COMPOSE)) == {str(Settings.model_fields["PORT"].default)}
