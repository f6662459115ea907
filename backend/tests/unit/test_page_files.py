"""How the page's files become what is served: their version, what is named in the page's head, what is not served."""

import posixpath
import re
from pathlib import Path

import pytest

from app.api.web_page import ORIGIN, SCRIPT, TYPES, WEB, WebPage, accepts, lean, modules

INDEX = '<head><link rel="icon" href="/web/icon.svg"></head><script type="module" src="/web/main.js"></script>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small page of three modules, of which one is in a folder."""
    (tmp_path / "views").mkdir()
    for name, content in {
        "index.html": INDEX,
        "docs.html": '<script src="/web/docs.js"></script>',
        "docs.js": "SwaggerUIBundle({})",
        "icon.svg": "<svg/>",
        "main.js": 'import { feed } from "./views/feed.js";',
        "views/feed.js": 'export { h } from "../dom.js"; import("./later.js"); import "./nothing.js"; import "react";',
        "later.js": "",
        "dom.js": 'import "./main.js";',
        "main.js~": "what an editor left behind",
    }.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def version(folder: Path) -> str:
    return WebPage(folder, origin="http://board.test").version


def test_any_change_of_any_file_is_another_version(folder: Path):
    """What is loaded together fits together; what is not served counts for nothing."""
    before = version(folder)

    (folder / "main.js~").write_text("more")
    assert version(folder) == before
    (folder / "views/feed.js").write_text("")
    changed = version(folder)
    (folder / "dom.js").rename(folder / "tree.js")
    renamed = version(folder)

    assert len({before, changed, renamed}) == 3


def test_the_modules_are_those_that_are_reached_from_the_page(folder: Path):
    """In circles and over folders too, and nothing that is not there, that comes later, or that only `/docs` runs."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.js")}

    assert modules(INDEX, files) == ["main.js", "views/feed.js", "dom.js"]


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("gzip;q=0.05", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("br", False),
        ("x-gzipped, x-gzip", False),
        ("", False),
    ],
)
def test_whoever_takes_gzip_says_so(header: str, takes: bool):
    """And may refuse it by a weight of nothing."""
    assert accepts(header, "gzip") == takes


@pytest.mark.parametrize(
    ("suffix", "written", "sent"),
    [
        (".js", "// What it is.\n\nf();\n", "\n\nf();\n"),
        (".js", "if (a) {\n  // Why.\n  f(); // here\n}\n", "if (a) {\n\nf(); // here\n}\n"),
        (".js", "/** Two\n * lines. */\nf();\n", "\n\nf();\n"),
        (".js", 'const a = "http://b"; /* c */\n', 'const a = "http://b"; /* c */\n'),
        (".css", "/* What\n   it is. */\na {\n  color: red;\n}\n", "\n\na {\ncolor: red;\n}\n"),
        (".svg", "<svg>\n  <g/>\n</svg>\n", "<svg>\n  <g/>\n</svg>\n"),
    ],
)
def test_what_is_for_readers_does_not_travel(suffix: str, written: str, sent: str):
    """Comments and indentation stay here; the lines keep their numbers."""
    assert lean(written.encode(), suffix).decode() == sent


def test_no_text_of_the_page_spans_lines():
    """Or its indentation would be lost on the way."""
    for path in WEB.rglob("*.js"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line.count("`") % 2 == 0, f"{path.name}: {line}"


def test_every_file_of_the_page_is_served():
    """Each has a type, and each module that is imported is there."""
    names = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*") if path.is_file()}
    files = {name: (WEB / name).read_bytes() for name in names}
    page = files["index.html"].decode()

    assert {Path(name).suffix for name in names} <= TYPES.keys()
    assert {name for name in names if name.endswith(".js")} >= {
        posixpath.normpath(f"{posixpath.dirname(importer)}/{target}".lstrip("/"))
        for importer in names
        if importer.endswith(".js")
        for target in re.findall(r"""\b(?:from|import)\b\s*\(?["'](\.{1,2}/[^"']+)["']""", files[importer].decode())
    }
    assert set(SCRIPT.findall(page)) | set(re.findall(r'"/web/([^"]+)"', page)) <= names


def test_the_page_is_told_the_boards_origin():
    """It shows it where its socket is refused."""
    assert len(ORIGIN.findall((WEB / "index.html").read_text())) == 1
