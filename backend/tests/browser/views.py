"""Every view of the page, in a state worth looking at: what is tested for everyone's access, and what is pictured."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page, expect

from tests.browser.actions import box, entries, log_out, make_invite
from tests.browser.windows import UNREACHABLE, Window, close

type Preparation = Callable[[Window], Awaitable[None]]


async def _nothing(_window: Window) -> None:
    """Leave the view as it opens."""


async def _open_first(window: Window) -> None:
    await entries(window.page).first.get_by_role("button", name="Details").click()


async def _write(window: Window) -> None:
    await box(window.page).fill("Waiting for octo/web#218, see https://example.com/plan")
    await window.page.keyboard.press("Alt+3")


async def _open_keys(window: Window) -> None:
    await window.page.keyboard.press("Escape")
    await window.page.locator("body").press("?")
    await expect(window.page.get_by_role("dialog", name="Keys")).to_be_visible()


async def _end_session(window: Window) -> None:
    window.tolerate("Failed to load resource")
    other = await window.context.new_page()
    await other.goto(window.url)
    await log_out(other)
    await close(other)
    await expect(window.page.get_by_role("dialog", name="Your session has ended")).to_be_visible()


async def _go_away(window: Window) -> None:
    window.tolerate(UNREACHABLE)
    await window.context.set_offline(True)
    await window.page.evaluate("dispatchEvent(new Event('online'))")
    await expect(window.page.get_by_text("Not connected since")).to_be_visible(timeout=20_000)


async def _make_invite(window: Window) -> None:
    await make_invite(window.page)
    await expect(window.page.get_by_label("The invite link")).to_be_visible()


@dataclass(frozen=True)
class View:
    """A view: its name, its address, whether it is for those who have logged in, and what is done before one looks."""

    name: str
    address: str
    prepare: Preparation = _nothing
    is_for_members: bool = True


VIEWS: Final = (
    View("board", "/"),
    View("board-opened", "/", _open_first),
    View("writing", "/", _write),
    View("keys", "/", _open_keys),
    View("away", "/", _go_away),
    View("session-ended", "/", _end_session),
    View("feed", "/?view=feed"),
    View("filtered", "/?category=blocked"),
    View("nothing-found", "/?q=unheard"),
    View("person", "/?person=demo-ada"),
    View("reference", "/?reference=octo/api%23418"),
    View("wall", "/?wall"),
    View("members", "/?view=members", _make_invite),
    View("settings", "/?view=settings"),
    View("tokens", "/?view=tokens"),
    View("login", "/", is_for_members=False),
    View("invited", "/#invite=a-code-that-somebody-sent", is_for_members=False),
    View("reset", "/#reset=a-code-that-somebody-sent", is_for_members=False),
)


async def settled(page: Page) -> None:
    """Wait until the page shows what it is to show, and nothing of it moves any more."""
    await expect(page.locator("main")).to_be_visible()
    await page.wait_for_load_state("networkidle")
    await page.evaluate("document.fonts.ready")
    await page.evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished))")
