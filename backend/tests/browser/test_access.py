"""The page is for everyone: by eye, by ear, by keyboard, large and small. In each view."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from tests.browser.actions import box, entries
from tests.browser.board import Board
from tests.browser.views import VIEWS, View, settled
from tests.browser.windows import DESKTOP, PHONE, OpenWindow, Window, opening

type Look = Callable[..., Awaitable[Window]]
type Seen = tuple[View, Window]

# At 200 % a window of 1280 by 800 has room for as much as one of this size.
ZOOMED = {"width": 640, "height": 400}

WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Elements that are seen, can be clicked, and are smaller than WCAG 2.5.8 has them, unless they have room around them:
# a circle of 24 px around their middle touches no other one.
SMALL = """
    (() => {
        const targets = [...document.querySelectorAll("button, input, select, textarea, summary")]
            .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
            .map((element) => (element.matches(".spoken") ? element.closest("label") : element))
            .filter((element) => element && !element.closest(".spoken"))
            .map((element) => ({ element, box: element.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && box.height > 0);
        const isNear = (one, other) => {
            const x = (one.left + one.right) / 2, y = (one.top + one.bottom) / 2;
            const dx = Math.max(other.left - x, 0, x - other.right), dy = Math.max(other.top - y, 0, y - other.bottom);
            return Math.hypot(dx, dy) < 12;
        };
        return targets
            .filter(({ box }) => box.width < 24 || box.height < 24)
            .filter((one) => targets.some((other) => other.element !== one.element && isNear(one.box, other.box)))
            .map(({ element }) => element.outerHTML.slice(0, 120));
    })()
"""
# Of all that is for the ear alone, or only drawn: how much of it is selected with everything around it.
COPIED_ALONG = """
    (() => {
        const isHidden = (element) => getComputedStyle(element).clipPath !== "none" || element.closest("[aria-hidden]");
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const hidden = [];
        while (texts.nextNode()) if (isHidden(texts.currentNode.parentElement)) hidden.push(texts.currentNode);
        const before = hidden.map((text) => text.data);
        for (const text of hidden) if (text.data.trim()) text.data = `\u2588${text.data}`;
        getSelection().selectAllChildren(document.body);
        const copied = getSelection().toString().match(/\u2588.*/g) ?? [];
        getSelection().removeAllRanges();
        hidden.forEach((text, index) => (text.data = before[index]));
        return copied;
    })()
"""
FOCUS = """
    (() => {
        const element = document.activeElement;
        const style = getComputedStyle(element);
        const { width, height, top, bottom } = element.getBoundingClientRect();
        return {
            tag: element.outerHTML.slice(0, 120),
            isBody: element === document.body,
            // Within a date, browsers mark the part that has the focus themselves.
            outline: element.type === "date" || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2),
            isSeen: width > 0 && height > 0 && bottom > 0 && top < innerHeight,
        };
    })()
"""


@pytest.fixture(scope="module")
async def used_board(_board: Board) -> Board:
    """A board in use, the same for all that only look at it."""
    await _board.clear()
    await _board.demo()
    return _board


@asynccontextmanager
async def looking(browser: Browser, board: Board) -> AsyncIterator[Look]:
    """Open views."""
    async with opening(browser, board) as open_one:

        async def look(view: View, **options: object) -> Window:
            member = board.demo_member("ada") if view.is_for_members else None
            window = await open_one(member, **options)
            await window.go(view.address)
            await settled(window.page)
            await view.prepare(window)
            return window

        yield look


@pytest.fixture
async def look(used_board: Board, browser: Browser) -> AsyncIterator[Look]:
    """Open a view."""
    async with looking(browser, used_board) as look:
        yield look


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: view.name)
async def seen(request: pytest.FixtureRequest, used_board: Board, browser: Browser) -> AsyncIterator[Seen]:
    """Each view in turn, and a window on it that all share who only look."""
    async with looking(browser, used_board) as look:
        yield request.param, await look(request.param)


async def test_axe_finds_nothing(seen: Seen):
    """No violation of any rule, neither of WCAG nor of good practice, in light and in dark."""
    _, window = seen
    reports = []
    for scheme in ("light", "dark"):
        await window.page.emulate_media(color_scheme=scheme)
        await settled(window.page)
        found = await Axe().run(window.page)
        if found.violations_count:
            reports.append(f"{scheme}: {found.generate_report()}")

    assert not reports, "\n".join(reports)


async def test_nothing_is_cut_off(seen: Seen):
    """At 320 px and at 200 % nobody has to scroll sideways, and what is clicked can be hit with a finger."""
    _, window = seen
    for size in (PHONE, ZOOMED):
        await window.page.set_viewport_size(size)
        await settled(window.page)

        assert await window.page.evaluate(WIDTH) <= 0, size
        assert await window.page.evaluate(SMALL) == [], size


async def test_what_is_not_seen_is_not_copied(seen: Seen):
    """Words for the ear alone, and letters that are only drawn, stay behind when what is around them is copied."""
    _, window = seen

    assert await window.page.evaluate(COPIED_ALONG) == []


async def test_the_focus_is_always_seen(seen: Seen):
    """Tab goes through the whole view; wherever it is, that is to be seen, and it is never lost."""
    view, window = seen
    await window.page.set_viewport_size(DESKTOP)
    stops = []
    for _ in range(40):
        await window.page.keyboard.press("Tab")
        stop = await window.page.evaluate(FOCUS)
        if stop["isBody"]:
            break
        stops.append(stop)

    assert stops or view.name == "keys"
    assert [stop for stop in stops if not (stop["outline"] and stop["isSeen"])] == []


async def test_everything_by_keyboard(look: Look):
    """Write, post, go through the list, open and close: without a mouse."""
    window = await look(VIEWS[0])
    page = window.page
    await page.locator("body").press("n")
    await expect(box(page)).to_be_focused()
    await page.keyboard.type("By hand")
    await page.keyboard.press("Enter")
    await expect(entries(page).first).to_contain_text("By hand")
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await expect(entries(page).first).to_be_focused()
    await page.keyboard.press("o")
    await expect(entries(page).first.get_by_role("button", name="Edit")).to_be_visible()


async def test_an_input_method_keeps_its_enter(look: Look):
    """While a word is being composed, Enter belongs to the input method."""
    window = await look(VIEWS[0])
    await box(window.page).focus()
    client = await window.context.new_cdp_session(window.page)
    await client.send("Input.imeSetComposition", {"text": "かな", "selectionStart": 2, "selectionEnd": 2})
    await box(window.page).evaluate(
        "box => box.dispatchEvent("
        "new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))"
    )

    await expect(entries(window.page).filter(has_text="かな")).to_have_count(0)


async def test_nothing_moves_for_whoever_asks_for_that(look: Look):
    """With reduced motion, nothing is animated and nothing scrolls smoothly."""
    window = await look(VIEWS[0], reduced_motion="reduce")
    await window.page.evaluate("addEventListener('animationstart', () => (window.moved = true), true)")
    await window.page.evaluate("addEventListener('transitionstart', () => (window.moved = true), true)")
    await box(window.page).fill("Calmly")
    await box(window.page).press("Enter")
    await expect(entries(window.page).first).to_contain_text("Calmly")

    assert await window.page.evaluate("window.moved") is None
    assert await window.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


async def test_with_forced_colours_it_can_be_read(look: Look):
    """In high contrast the states still differ, by shape and word."""
    window = await look(VIEWS[0], forced_colors="active")

    await expect(entries(window.page).first).to_be_visible()
    assert await window.page.evaluate(WIDTH) <= 0


async def test_without_scripts_it_says_what_it_needs(used_board: Board, open_one: OpenWindow):
    """And where else the board is to be had."""
    window = await open_one(java_script_enabled=False)
    await window.page.goto(used_board.url)

    await expect(window.page.locator("noscript p").first).to_be_visible()
    await expect(window.page.locator("#starting")).to_be_hidden()


async def test_an_old_browser_is_told(board: Board, open_one: OpenWindow):
    """One that does not understand the modules: it says which do."""
    window = await open_one()
    window.tolerate("SyntaxError", "Unexpected", "Failed to load")
    await window.page.route("**/main.js", lambda route: route.fulfill(body="this is no JavaScript to me"))
    await window.page.goto(board.url)

    await expect(window.page.get_by_text("could not start in this browser")).to_be_visible(timeout=20_000)
