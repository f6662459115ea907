"""The page at `/`, and its files: read and compressed once, at addresses that name their content.

If any file of the page changes, all files get new addresses. So browsers cache them for ever, and files that are loaded
together fit together. The page's head names all modules, so that a browser fetches them at once, instead of one import
after the other, and an open page never asks for a module of an older version later.
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

# What the page may do: run its own modules, show its own styles and pictures, and call its own board. Swagger UI also
# sets inline styles, and draws icons from data: URLs.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# Only these types are served, not what an editor leaves behind.
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


# Comments and indentation are only for people who read the sources, and would be a sixth of the transfer. Each line
# keeps its number, so that browsers report the right ones. No string spans lines (a test checks that), so none is
# changed.
FOR_READERS: Final = {
    ".js": re.compile(r"(?ms)^[ \t]*/\*\*.*?\*/|^[ \t]+(?://[^\n]*)?|^//[^\n]*"),
    ".css": re.compile(r"(?ms)/\*.*?\*/|^[ \t]+"),
}


def lean(content: bytes, suffix: str) -> bytes:
    """Return a file as it is sent: the same lines, without comments and indentation."""
    if suffix not in FOR_READERS:
        return content
    return FOR_READERS[suffix].sub(lambda match: "\n" * match[0].count("\n"), content.decode()).encode()


@dataclass(frozen=True)
class Document:
    """Content to be sent, uncompressed and compressed."""

    content: bytes
    media_type: str
    # Weak, because all forms have the same one (RFC 9110, section 8.8.3).
    etag: str

    @classmethod
    def of(cls, content: bytes, suffix: str) -> Self:
        """Make a document from a file's content."""
        return cls(content, TYPES[suffix], f'W/"{sha256(content).hexdigest()[:32]}"')

    @cached_property
    def compressed(self) -> dict[str, bytes]:
        """The content by coding, the smallest first. Made once, at the first use."""
        return {"br": brotli.compress(self.content), "gzip": gzip.compress(self.content, compresslevel=9, mtime=0)}

    def answer(self, request: Request, **headers: str) -> Response:
        """Return the answer to a request: 304 if the browser already has the content."""
        headers |= {"ETag": self.etag, "Vary": "Accept-Encoding"}
        if etags.matches(request.headers.get("if-none-match"), self.etag):
            return Response(status_code=304, headers=headers)
        for coding, compressed in self.compressed.items():
            if accepts(request.headers.get("accept-encoding", ""), coding) and len(compressed) < len(self.content):
                return Response(compressed, headers=headers | {"Content-Encoding": coding}, media_type=self.media_type)
        return Response(self.content, headers=headers, media_type=self.media_type)


def modules(page: str, files: Mapping[str, bytes]) -> list[str]:
    """Return the modules that a page runs, and those that they import, each once.

    Modules that are imported later, by a call, are left out.
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
        folder: where they are, in any depth.
        origin: the board's own. The page shows it if its socket is refused because of another origin.
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
        """Compress everything before the first request, for all processes that are forked from this one."""
        for document in (self._page, self._docs, *self._files.values()):
            document.compressed  # noqa: B018 -- it is kept

    async def page(self, request: Request) -> Response:
        """Answer `/`."""
        return self._page.answer(request, **{"Cache-Control": ASK_FIRST, "Content-Security-Policy": PAGE_POLICY})

    async def docs(self, request: Request) -> Response:
        """Answer `/docs`."""
        return self._docs.answer(request, **{"Cache-Control": ASK_FIRST, "Content-Security-Policy": DOCS_POLICY})

    async def file(self, request: Request) -> Response:
        """Answer with a file.

        While a board is being upgraded, a page of one version may ask a process of the other version. It gets that
        version's file, which usually fits, and must not cache it under the wrong address.

        Raises:
            HTTPException: no file has this name (404).
        """
        path: str = request.path_params["path"]
        version, _, name = path.partition("/")
        if not VERSION.fullmatch(version):
            version, name = "", path
        if name not in self._files:
            raise HTTPException(404)
        cache = FOR_EVER if version == self.version else ASK_FIRST
        return self._files[name].answer(request, **{"Cache-Control": cache})
