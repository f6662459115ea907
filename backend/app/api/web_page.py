"""The page at `/`, and its files: read once and compressed once, at addresses that name their content.

A file's address changes with any file of the page, so browsers keep it for ever, and what they load together fits
together. All modules are named in the page's head: a browser fetches them at once, rather than one import after the
other, and an open page asks for none of an older version later on.
"""

import gzip
import html
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import brotli
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.api import etags
from app.api.compression import accepts

WEB: Final = Path(__file__).resolve().parents[1] / "web"

# What the page may do: run its own modules, show its own style and pictures, and call the board that it comes from.
# Swagger UI also sets styles where it stands, and draws icons from data: URLs.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# What is served; a file of another type, such as one that an editor left behind, is not.
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_FIRST: Final = "no-cache"

VERSION: Final = re.compile(r"[0-9a-f]{16}")
SCRIPT: Final = re.compile(r'<script\b(?=[^>]*\btype="module")[^>]*\bsrc="/web/([^"]+)"')
IMPORT: Final = re.compile(r"""\b(?:from|import)\s*["'](\.{1,2}/[^"']+)["']""")
ORIGIN: Final = re.compile(r'(<meta name="statusboard-origin" content=")[^"]*"')


# Comments and indentation are for who reads the sources, and a sixth of what would travel. Each line stays the line it
# is, so that a browser names the right ones; no text spans lines (a test holds that), so none is touched.
FOR_READERS: Final = {
    ".js": re.compile(r"(?ms)^[ \t]*/\*\*.*?\*/|^[ \t]+(?://[^\n]*)?|^//[^\n]*"),
    ".css": re.compile(r"(?ms)/\*.*?\*/|^[ \t]+"),
}


def lean(content: bytes, suffix: str) -> bytes:
    """Return a file as it is sent: line for line the same, without what only its readers need."""
    if suffix not in FOR_READERS:
        return content
    return FOR_READERS[suffix].sub(lambda match: "\n" * match[0].count("\n"), content.decode()).encode()


@dataclass(frozen=True)
class Document:
    """Something to be answered, as it is and compressed."""

    content: bytes
    media_type: str
    # Weak, since all forms have the same one (RFC 9110, section 8.8.3).
    etag: str

    @classmethod
    def of(cls, content: bytes, suffix: str) -> Self:
        """Make one of a file's content."""
        return cls(content, TYPES[suffix], f'W/"{sha256(content).hexdigest()[:32]}"')

    @cached_property
    def compressed(self) -> dict[str, bytes]:
        """By the codings that clients name, the smallest first; made once, when it is first looked at."""
        return {"br": brotli.compress(self.content), "gzip": gzip.compress(self.content, compresslevel=9, mtime=0)}

    def answer(self, request: Request, **headers: str) -> Response:
        """Return the answer to a request: 304 where the browser has it already."""
        headers |= {"ETag": self.etag, "Vary": "Accept-Encoding"}
        if etags.matches(request.headers.get("if-none-match"), self.etag):
            return Response(status_code=304, headers=headers)
        for coding, compressed in self.compressed.items():
            if accepts(request.headers.get("accept-encoding", ""), coding) and len(compressed) < len(self.content):
                return Response(compressed, headers=headers | {"Content-Encoding": coding}, media_type=self.media_type)
        return Response(self.content, headers=headers, media_type=self.media_type)


def modules(page: str, files: Mapping[str, bytes]) -> list[str]:
    """Return the modules that a page runs and those that they import, each once, as far as they are among the files.

    What a module imports by a call, once it needs it, is not among them.
    """
    found = [name for name in SCRIPT.findall(page) if name in files]
    for importer in found:
        for target in IMPORT.findall(files[importer].decode()):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(importer), target))
            if name in files and name not in found:
                found.append(name)
    return found


def _version(files: Mapping[str, bytes]) -> str:
    summary = sha256()
    for name, content in files.items():
        summary.update(f"{name}\0{len(content)}\0".encode())
        summary.update(content)
    return summary.hexdigest()[:16]


class WebPage:
    """The page, the page of the API's documentation, and the files of both.

    Args:
        folder: where they are; those in folders below it count too.
        origin: the board's own, which the page tells where its socket is refused for another.
    """

    def __init__(self, folder: Path = WEB, *, origin: str) -> None:
        paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
        read = {name: lean(path.read_bytes(), path.suffix) for name, path in paths.items() if path.suffix in TYPES}
        files = {name: content for name, content in read.items() if not name.endswith(".html")}
        self.version = _version(files)
        self._files = {name: Document.of(content, paths[name].suffix) for name, content in files.items()}
        page = ORIGIN.sub(rf'\g<1>{html.escape(origin)}"', read["index.html"].decode())
        links = "".join(f'<link rel="modulepreload" href="/web/{name}">\n' for name in modules(page, files))
        self._page = self._document(page.replace("</head>", f"{links}</head>"))
        self._docs = self._document(read["docs.html"].decode())

    def _document(self, page: str) -> Document:
        return Document.of(page.replace('"/web/', f'"/web/{self.version}/').encode(), ".html")

    def compress(self) -> None:
        """Compress everything ahead of the first request: for all processes that are forked from this one."""
        for document in (self._page, self._docs, *self._files.values()):
            document.compressed  # noqa: B018 -- it is kept

    async def page(self, request: Request) -> Response:
        """Answer `/`."""
        return self._page.answer(request, **{"Cache-Control": ASK_FIRST, "Content-Security-Policy": PAGE_POLICY})

    async def docs(self, request: Request) -> Response:
        """Answer `/docs`."""
        return self._docs.answer(request, **{"Cache-Control": ASK_FIRST, "Content-Security-Policy": DOCS_POLICY})

    async def file(self, request: Request) -> Response:
        """Answer a file.

        While a board is upgraded, a page of one version may ask a process of the other. It gets the file as it is
        there, which mostly fits, and keeps it under no address that names another content.

        Raises:
            HTTPException: there is none of this name (404).
        """
        path: str = request.path_params["path"]
        version, _, name = path.partition("/")
        if not VERSION.fullmatch(version):
            version, name = "", path
        if name not in self._files:
            raise HTTPException(404)
        cache = FOR_EVER if version == self.version else ASK_FIRST
        return self._files[name].answer(request, **{"Cache-Control": cache})
