"""What is posted is stored, each once: whatever it says, and whatever becomes of the requests and their answers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from playwright.async_api import BrowserContext, Error, Locator, Page, Route, expect

from tests.browser.actions import act, box, entries, entry, log_in, log_out, post
from tests.browser.board import Board, Member
from tests.browser.windows import REFUSED, UNREACHABLE, Window, close, taken

STATUSES = "**/api/v1/statuses"


def on_its_way(page: Page) -> Locator:
    """What is not confirmed yet."""
    return page.locator("li.status.pending")


async def stored(board: Board) -> list[str]:
    """Return what the board has, in the order in which it was posted."""
    return [row["message"] for row in await board.query("SELECT message FROM statuses ORDER BY created_at, id")]


async def on_posting(where: Page | BrowserContext, answer: Callable[[Route], Awaitable[None]]) -> None:
    """Have posts, and nothing else, answered by a function."""

    async def route_one(route: Route) -> None:
        await (answer(route) if route.request.method == "POST" else route.fallback())

    await where.route(STATUSES, route_one)


async def hold_answers(page: Page) -> asyncio.Event:
    """Have the board get what is posted, and keep its answers back until the event is set."""
    goes_on = asyncio.Event()

    async def answer(route: Route) -> None:
        response = await taken(route)
        await goes_on.wait()
        await route.fulfill(**response)

    await on_posting(page, answer)
    return goes_on


async def test_the_same_words_three_times_are_three_statuses(board: Board, window: Window):
    """Also while answers are slow and the feed is faster; nothing is shown twice meanwhile."""
    page = window.page
    goes_on = await hold_answers(page)
    for _ in range(3):
        await post(page, "Lunch")
    await expect(entry(page, "Lunch")).to_have_count(1)
    await expect(on_its_way(page)).to_have_count(2)
    goes_on.set()

    await expect(on_its_way(page)).to_have_count(0)
    await expect(entry(page, "Lunch")).to_have_count(3)
    assert await stored(board) == ["Lunch"] * 3


async def test_what_was_said_elsewhere_takes_nothing_away(board: Board, window: Window, ada: Member):
    """The same words of the same person, from another place, while two posts of them can't be sent."""
    window.tolerate(UNREACHABLE)
    page = window.page
    await on_posting(page, lambda route: route.abort())
    for _ in range(2):
        await post(page, "Lunch")
    await ada.post("Lunch")
    await expect(entry(page, "Lunch")).to_have_count(1)
    await expect(on_its_way(page)).to_have_count(2)
    await window.let_through()
    await page.evaluate("dispatchEvent(new Event('online'))")

    await expect(on_its_way(page)).to_have_count(0)
    await expect(entry(page, "Lunch")).to_have_count(3)
    assert await stored(board) == ["Lunch"] * 3


async def test_a_lost_answer_and_the_same_words_again(board: Board, window: Window):
    """The first is sent again with its key, the second is another status; a reload in between changes nothing."""
    window.tolerate(UNREACHABLE)
    page = window.page
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))

    async def lose(route: Route) -> None:
        await route.fetch()
        with suppress(Error):  # the reload was faster
            await route.abort()

    await on_posting(page, lose)
    for _ in range(2):
        await post(page, "Lunch")
    await expect(entry(page, "Lunch")).to_have_count(1)
    await page.reload()
    await expect(on_its_way(page)).to_have_count(2)
    await window.let_through()
    await page.evaluate("dispatchEvent(new Event('online'))")

    await expect(on_its_way(page)).to_have_count(0)
    await expect(entry(page, "Lunch")).to_have_count(2)
    assert await stored(board) == ["Lunch"] * 2


async def test_a_tab_that_was_duplicated_posts_nothing_twice(board: Board, window: Window):
    """It has the same posts with the same keys."""
    window.tolerate(UNREACHABLE)
    page = window.page
    await on_posting(window.context, lambda route: route.abort())
    for _ in range(2):
        await post(page, "Lunch")
    async with window.context.expect_page() as opened:
        await page.evaluate("open('/')")  # gets a copy of what this tab keeps
    twin = await opened.value
    await expect(on_its_way(twin)).to_have_count(2)
    await window.let_through()
    for each in (page, twin):
        await each.evaluate("dispatchEvent(new Event('online'))")

    for each in (page, twin):
        await expect(on_its_way(each)).to_have_count(0)
        await expect(entry(each, "Lunch")).to_have_count(2)
    assert await stored(board) == ["Lunch"] * 2


async def test_what_waits_outlives_the_session(board: Board, window: Window):
    """It is sent once the same person has logged in again."""
    window.tolerate(UNREACHABLE)
    page = window.page
    await on_posting(page, lambda route: route.abort())
    for _ in range(2):
        await post(page, "Lunch")
    other = await window.context.new_page()
    await other.goto(window.url)
    await log_out(other)
    await close(other)
    await expect(page.get_by_role("dialog", name="Your session has ended")).to_be_visible()
    await window.let_through()
    await log_in(page, "ada")

    await expect(on_its_way(page)).to_have_count(0)
    assert await stored(board) == ["Lunch"] * 2


async def test_a_deletion_is_undone_beside_the_same_words(board: Board, window: Window):
    """What comes back is a status of its own, and what was on its way stays on its way."""
    page = window.page
    await post(page, "Lunch")
    await expect(on_its_way(page)).to_have_count(0)
    await act(page, "Lunch", "Delete")
    await expect(entries(page)).to_have_count(0)
    goes_on = await hold_answers(page)
    await post(page, "Lunch")
    await page.get_by_role("button", name="Undo").click()
    goes_on.set()

    await expect(on_its_way(page)).to_have_count(0)
    await expect(entry(page, "Lunch")).to_have_count(2)
    assert await stored(board) == ["Lunch"] * 2


async def test_a_refused_status_comes_back_above_what_is_written(window: Window):
    """Neither of them is lost."""
    window.tolerate(REFUSED)
    page = window.page
    problem = {"status": 422, "code": "invalid_request", "detail": "The board did not like it."}
    goes_on = asyncio.Event()

    async def refuse(route: Route) -> None:
        await goes_on.wait()
        await route.fulfill(status=422, json=problem, content_type="application/problem+json")

    await on_posting(page, refuse)
    await post(page, "Too wild")
    await box(page).fill("The next one")
    goes_on.set()
    await page.get_by_role("button", name="Edit again").click()

    await expect(box(page)).to_have_value("Too wild\nThe next one")
    await expect(on_its_way(page)).to_have_count(0)
