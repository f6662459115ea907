"""What an open page makes of a bad day: workers die, sockets freeze, the database restarts, the network is gone."""

import asyncio
import os
import signal

from playwright.async_api import expect

from tests.browser.actions import box, entries, entry, post
from tests.browser.board import Board, Member
from tests.browser.windows import UNREACHABLE, Window

TEN_MINUTES = 600_000  # milliseconds

# As the page goes, what waits in its tab becomes older.
AGE_THE_OUTBOX = """(milliseconds) => addEventListener("pagehide", () => {
    const items = JSON.parse(sessionStorage["statusboard.outbox"]);
    for (const item of items) item.created_at = new Date(Date.parse(item.created_at) - milliseconds).toISOString();
    sessionStorage["statusboard.outbox"] = JSON.stringify(items);
})"""


async def test_a_worker_is_killed(board: Board, window: Window, bob: Member):
    """The page goes on with another, and misses nothing."""
    window.tolerate(UNREACHABLE)
    await bob.post("Before")
    await expect(entry(window.page, "Before")).to_be_visible()
    for pid in board.replica.workers:
        os.kill(pid, signal.SIGKILL)
    await board.replica.until_ready(30)
    await bob.post("After")

    await expect(entry(window.page, "After")).to_be_visible()
    await expect(entry(window.page, "Before")).to_have_count(1)


async def test_a_restart_of_the_board(board: Board, window: Window, bob: Member):
    """It says that it is away, and comes back by itself; what was said meanwhile is counted."""
    window.tolerate(UNREACHABLE)
    await board.replica.stop()
    await expect(window.page.get_by_text("Not connected since")).to_be_visible()
    await board.replica.start()
    await bob.post("Back again")

    await expect(entry(window.page, "Back again")).to_be_visible(timeout=40_000)
    await expect(window.page.get_by_text("Not connected since")).to_have_count(0)


async def test_a_laptop_sleeps(board: Board, open_one, ada: Member, bob: Member):
    """For ten minutes: its socket is dead without a word. Awake, the page finds out by itself and catches up."""
    window = await open_one(ada)
    window.tolerate(UNREACHABLE)
    await window.page.clock.install()
    await window.go()
    await expect(box(window.page)).to_be_visible()
    await window.page.clock.run_for(1000)
    board.proxy.cut()
    await bob.post_many(6)
    board.proxy.mend()
    await window.page.clock.fast_forward(TEN_MINUTES)
    for _ in range(40):
        await window.page.clock.run_for(1000)
        await asyncio.sleep(0.1)

    await expect(entry(window.page, "Status 6")).to_be_visible()
    await expect(entries(window.page)).to_have_count(6)


async def test_a_frozen_path_is_noticed(board: Board, window: Window, bob: Member):
    """A network that has swallowed the socket, on a page that is being looked at."""
    window.tolerate(UNREACHABLE)
    board.proxy.cut()
    await bob.post("Into the void")
    board.proxy.mend()
    await window.page.evaluate("window.dispatchEvent(new Event('online'))")

    await expect(entry(window.page, "Into the void")).to_be_visible(timeout=20_000)


async def test_the_database_restarts(board: Board, window: Window, bob: Member):
    """Nobody has to reload anything, and nothing is posted twice."""
    window.tolerate(UNREACHABLE)
    await post(window.page, "Before")
    await expect(entry(window.page, "Before")).to_be_visible()
    await asyncio.to_thread(board.postgres.restart)
    await post(window.page, "During")
    await board.replica.until_ready(30)
    await bob.post("After")

    for text in ("Before", "During", "After"):
        await expect(entry(window.page, text)).to_have_count(1, timeout=40_000)
    assert len(await board.query("SELECT FROM statuses")) == 3


async def test_posting_while_away(board: Board, window: Window, second_window: Window):
    """What is posted without a network stands there as waiting, is sent later in its order, and once."""
    window.tolerate(UNREACHABLE)
    page = window.page
    await window.context.set_offline(True)
    board.proxy.drop()
    await expect(page.get_by_text("Not connected since")).to_be_visible()
    for text in ("First of all", "Second to that"):
        await post(page, text)
    await expect(page.get_by_text("Second to that").first).to_be_visible()
    await window.context.set_offline(False)
    second_window.tolerate(UNREACHABLE)

    await expect(entry(second_window.page, "Second to that")).to_have_count(1, timeout=40_000)
    assert [row["message"] for row in await board.query("SELECT message FROM statuses ORDER BY created_at")] == [
        "First of all",
        "Second to that",
    ]


async def test_a_page_that_can_not_be_fetched_is_asked_for_again(window: Window):
    """The account pages come once the board is there; who is cut off from them reads so, and goes on later."""
    window.tolerate(UNREACHABLE, "Failed to fetch dynamically imported module")
    page = window.page
    await page.route("**/account/views.js", lambda route: route.abort())
    await page.reload()
    await expect(box(page)).to_be_visible()
    await page.get_by_role("link", name="Settings").click()
    await expect(page.get_by_text("be reached right now")).to_be_visible()
    await window.let_through()
    await page.get_by_role("button", name="Try again").click()

    await expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()


async def test_what_waits_survives_a_reload(board: Board, window: Window):
    """It is kept in the tab, and sent once the board is there."""
    window.tolerate(UNREACHABLE)
    page = window.page
    await page.route("**/api/v1/statuses", lambda route: route.abort())
    await post(page, "Kept")
    await expect(page.get_by_text("Kept").first).to_be_visible()
    await expect(page.get_by_text("waiting", exact=True).first).to_be_visible()
    await window.let_through()
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.reload()

    await expect(entry(page, "Kept")).to_have_count(1, timeout=20_000)
    assert len(await board.query("SELECT FROM statuses")) == 1


async def test_what_has_waited_for_a_day_is_asked_about(board: Board, window: Window):
    """By then the board has forgotten its key, so a post whose answer was lost would be there twice."""
    window.tolerate(UNREACHABLE)
    page = window.page
    await page.route("**/api/v1/statuses", lambda route: route.abort())
    await post(page, "Yesterday's")
    await expect(page.get_by_text("waiting", exact=True).first).to_be_visible()
    await page.evaluate(AGE_THE_OUTBOX, 24 * 3600 * 1000)
    await page.unroute("**/api/v1/statuses")
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.reload()
    await expect(page.get_by_text("It waited for a day")).to_be_visible()
    await expect(box(page)).to_have_value("Yesterday's")
    before = await board.query("SELECT FROM statuses")
    await page.get_by_role("button", name="Post", exact=True).click()

    await expect(entry(page, "Yesterday's")).to_have_count(1, timeout=20_000)
    assert len(before) == 0
    assert len(await board.query("SELECT FROM statuses")) == 1


async def test_an_answer_that_is_lost_posts_nothing_twice(board: Board, window: Window):
    """The key of the first attempt makes the second one safe."""
    window.tolerate(UNREACHABLE)
    page = window.page
    lost = []

    async def lose(route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(await route.fetch())
            await route.abort()
        else:
            await route.fallback()

    await page.route("**/api/v1/statuses", lose)
    await post(page, "Only once")

    await expect(entry(page, "Only once")).to_have_count(1)
    await expect(page.get_by_text("waiting", exact=True)).to_have_count(0)
    assert lost[0].status == 201
    assert len(await board.query("SELECT FROM statuses")) == 1


async def test_a_restored_backup_is_told(board: Board, window: Window, ada: Member, bob: Member):
    """The history is another: what is shown is read anew, rather than mixed."""
    window.tolerate(UNREACHABLE)
    await bob.post("Lost in the fire")
    await expect(entry(window.page, "Lost in the fire")).to_be_visible()
    await board.run("""
        DELETE FROM statuses;
        UPDATE feed_head SET mark = 'fedcba98';
        UPDATE feed_events SET mark = 'fedcba98' WHERE seq = (SELECT seq FROM feed_head);
        NOTIFY statusboard_feed;
    """)

    await expect(entry(window.page, "Lost in the fire")).to_have_count(0, timeout=20_000)
    await bob.post("A new beginning")
    await expect(entry(window.page, "A new beginning")).to_be_visible()
