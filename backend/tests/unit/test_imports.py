"""Who may import whom, as DESIGN.md draws it: read from the source, so that an import inside a function counts too."""

import ast
import importlib
import re
from collections import defaultdict
from enum import Enum
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

APP: Final = Path(__file__).resolve().parents[2] / "app"

# For each room, the rooms that it may import beside itself. `app` is `app/__init__.py`, which holds the version.
MAY_IMPORT: Final[dict[str, set[str]]] = {
    # main, cli -> worker, api -> services -> models -> database -> config
    "main": {"app", "api", "services", "errors", "database", "config"},
    "cli": {
        *("app", "services", "schemas", "models", "errors", "database", "config"),
        *("worker", "server", "migrations", "embedded", "logs", "places", "refusals", "secret_files"),
    },
    "worker": {"services", "errors", "database", "config"},
    "api": {"app", "services", "schemas", "models", "errors", "database", "config", "logs"},
    "services": {
        *("schemas", "models", "errors", "database", "config"),
        *("migrations", "app", "advisory_locks", "places"),
    },
    "models": {"database", "places"},
    "database": {"config"},
    "config": {"addresses", "database_url", "secret_files"},
    "database_url": {"addresses"},
    # Beside the line.
    "schemas": {"models", "config"},
    "migrations": {"models", "database", "config", "errors", "advisory_locks"},
    "server": {"api", "config", "logs", "addresses"},
    # Leaves.
    **{
        leaf: set()
        for leaf in (
            *("addresses", "advisory_locks", "app", "embedded", "errors"),
            *("logs", "places", "refusals", "secret_files"),
        )
    },
}

# What speaks HTTP.
FRAMEWORK: Final = {"fastapi", "starlette", "uvicorn", "fastapi_offline"}
SPEAKS_HTTP: Final = {"main", "api", "server", "cli"}


def modules() -> list[tuple[str, Path]]:
    """Return every module of the app with its dotted name."""
    found = []
    for path in sorted(APP.rglob("*.py")):
        parts = path.relative_to(APP.parent).with_suffix("").parts
        found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


def imports(path: Path) -> list[tuple[str, str | None]]:
    """Return what a module imports: modules, each with the name that is taken from it or None for the whole."""
    found: list[tuple[str, str | None]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            assert node.module is not None
            found += [(node.module, alias.name) for alias in node.names]
    return found


def room(module: str, name: str | None = None) -> str | None:
    """Return the room of the app that an import goes to, or None where it leaves the app."""
    first, _, rest = module.partition(".")
    if first != "app":
        return None
    if rest:
        return rest.partition(".")[0]
    return name if name in MAY_IMPORT else "app"


def is_enum(module: str, name: str) -> bool:
    return issubclass(getattr(importlib.import_module(module), name), Enum)


MODULES: Final = modules()


def test_every_module_is_in_a_room():
    """A new one is drawn into the table, rather than left outside."""
    assert {room(name) for name, _ in MODULES} == MAY_IMPORT.keys()


@pytest.mark.parametrize("of", MAY_IMPORT)
def test_a_room_imports_what_it_may_and_nothing_else(of):
    """Both ways: what the table allows and nobody does any more is taken out of it."""
    imported = defaultdict(set)
    for importer, path in MODULES:
        if room(importer) == of:
            for module, name in imports(path):
                imported[room(module, name)].add(importer)
    others = {to: by for to, by in imported.items() if to not in {None, of}}

    assert {to: by for to, by in others.items() if to not in MAY_IMPORT[of]} == {}
    assert others.keys() == MAY_IMPORT[of]


def test_no_modules_import_each_other():
    """Neither two of them nor a longer circle, imports inside a function and for types alone included."""
    names = {name for name, _ in MODULES}
    graph: dict[str, set[str]] = {importer: set() for importer, _ in MODULES}
    for importer, path in MODULES:
        for module, name in imports(path):
            whole = f"{module}.{name}"
            graph[importer].add(whole if whole in names else module)

    TopologicalSorter(graph).prepare()  # or a CycleError, which names them


# Within services, a package may import those behind it, and the files beside the packages.
PACKAGES: Final = ("demo", "github", "statuses", "identity", "feed")
# Knows every table whose rows are thrown away some day.
KNOWS_ALL: Final = "app.services.housekeeping"


def package(module: str) -> str:
    """Return the package of services that a module is in, or an empty string for a file beside them."""
    parts = module.split(".")
    return parts[2] if len(parts) > 3 or parts[-1] in PACKAGES else ""


def test_services_import_in_one_direction():
    """From what few need to what many need, so that a package can be read without those above it."""
    order = (*PACKAGES, "")
    wrong = [
        (importer, module)
        for importer, path in MODULES
        if importer.startswith("app.services.") and importer != KNOWS_ALL
        for module, name in imports(path)
        if module.startswith("app.services")
        for imported in [f"{module}.{name}" if f"{module}.{name}" in dict(MODULES) else module]
        if order.index(package(imported)) < order.index(package(importer))
    ]

    assert wrong == []


def test_only_what_speaks_http_imports_its_framework():
    """Services know no requests and no status codes, so they can be called from a command as well."""
    wrong = {
        importer
        for importer, path in MODULES
        for module, _ in imports(path)
        if module.partition(".")[0] in FRAMEWORK and room(importer) not in SPEAKS_HTTP
    }

    assert wrong == set()


def test_routes_are_imported_by_their_table_alone():
    """Neither by each other nor by a middleware: what two of them need is a service, or a dependency."""
    importers = {
        importer
        for importer, path in MODULES
        for module, name in imports(path)
        if f"{module}.{name}".startswith("app.api.routes")
    }

    assert importers == {"app.api.router"}


def test_schemas_import_nothing_of_models_but_enums():
    """So that an answer can be made of anything, and no query hides in it."""
    wrong = [
        (importer, module, name)
        for importer, path in MODULES
        if room(importer) == "schemas"
        for module, name in imports(path)
        if room(module) == "models" and not (name and is_enum(module, name))
    ]

    assert wrong == []


# As an attribute (`db.commit()`), and as the first word of a text that is run (`connection.execute("BEGIN")`).
IN_SQL: Final = re.compile(
    r"\s*(BEGIN|START TRANSACTION|COMMIT|END|ROLLBACK|ABORT)\b(?! TO\b)\s*(;|$|TRANSACTION|ISOLATION|READ)"
)


def begins_or_ends_transactions(source: str) -> bool:
    """Tell whether a module does so, in a call, or in the words of SQL."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}:
            return True
        # A function of ours that is called `begin` is given a session.
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "begin" and not node.args:
            return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and IN_SQL.match(node.value):
            return True
    return False


def test_no_service_begins_or_ends_a_transaction_by_itself():
    """`services/transactions.py` does it for all of them, and Alembic for itself."""
    committing = {importer for importer, path in MODULES if begins_or_ends_transactions(path.read_text())}

    assert committing == {"app.services.transactions", "app.migrations.upgrade"}


@pytest.mark.parametrize(
    "line",
    [
        *("await db.commit()", "await db.rollback()", "db.begin()", "x.execute('BEGIN')", 'x.execute("COMMIT;")'),
        *('x.execute(f"ROLLBACK")', 'END = "\\n  COMMIT\\n"', 'x.execute("A" if y else "ROLLBACK")'),
        *("x.execute('START TRANSACTION READ ONLY')", "x.execute('BEGIN ISOLATION LEVEL SERIALIZABLE')"),
    ],
)
def test_a_transaction_by_itself_would_be_found(line):
    """Whichever way it is written."""
    assert begins_or_ends_transactions(f"async def service(db, x, y):\n    {line}")


def test_there_are_no_rooms_for_odds_and_ends():
    """A module is named for what it holds."""
    assert not [name for name, _ in MODULES if name.split(".")[-1] in {"utils", "helpers", "common", "misc", "crud"}]
