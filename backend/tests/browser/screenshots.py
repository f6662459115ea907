"""Pictures of every view: in light and dark, on a desk and on the narrowest phone.

    uv run --directory backend --group browser python tests/browser/screenshots.py FOLDER [--readme]

They are of the demo, at the moment at which they are made. With `--readme` those of the README are renewed, too.
"""

import argparse
import asyncio
import itertools
import sys
from pathlib import Path
from typing import Final

import click
from playwright.async_api import Browser, async_playwright

BACKEND: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(BACKEND))

from tests import conftest  # noqa: E402, F401 -- the tests' settings, before anything of the app is imported
from tests.browser import board as boards  # noqa: E402
from tests.browser.board import Board  # noqa: E402
from tests.browser.conftest import find_chromium  # noqa: E402
from tests.browser.views import VIEWS, View, settled  # noqa: E402
from tests.browser.windows import DESKTOP, PHONE, close, open_window  # noqa: E402

IMAGES: Final = BACKEND.parent / "docs" / "images"
WALL: Final = {"width": 1920, "height": 1080}
README: Final = {"board-light": "board-light", "board-dark": "board-dark"}


async def picture(browser: Browser, board: Board, view: View, scheme: str, size: str) -> bytes:
    """Return a picture of a view."""
    viewport = PHONE if size == "320px" else WALL if view.name == "wall" else DESKTOP
    member = board.demo_member("ada") if view.is_for_members else None
    window = await open_window(browser, board, member, viewport=viewport, color_scheme=scheme, device_scale_factor=2)
    await window.go(view.address)
    await settled(window.page)
    await view.prepare(window)
    image = await window.page.screenshot(full_page=size == "320px")
    await window.close()
    return image


async def main(folder: Path, *, for_readme: bool) -> None:
    """Make them all."""
    async with async_playwright() as playwright, boards.running() as board:
        browser = await playwright.chromium.launch(executable_path=find_chromium(playwright), args=["--no-sandbox"])
        await board.demo()
        for view, scheme, size in itertools.product(VIEWS, ("light", "dark"), ("wide", "320px")):
            name = f"{view.name}-{scheme}" + ("" if size == "wide" else f"-{size}")
            image = await picture(browser, board, view, scheme, size)
            (folder / f"{name}.png").write_bytes(image)
            click.echo(name)
            if for_readme and name in README:
                (IMAGES / f"{README[name]}.png").write_bytes(image)
        await close(browser)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readme", action="store_true")
    given = parser.parse_args()
    for directory in (given.folder, IMAGES):
        directory.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(given.folder, for_readme=given.readme))
