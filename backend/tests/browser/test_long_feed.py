"""A feed that was scrolled through: the browser's own search, paper and keys have all of it."""

from playwright.async_api import Page, expect

from tests.browser.actions import entries
from tests.browser.board import Board, Member
from tests.browser.windows import OpenWindow, Window

MANY = 150

FILL = """
    INSERT INTO statuses (author_id, message, category, created_at)
    SELECT min(users.id), 'Number ' || n || '.', 'done', now() - n * interval '3 hours'
    FROM users, generate_series(1, $1) AS n GROUP BY n
"""

# Keeps back what the observers of places are told, as a busy browser does.
HOLD = """
    window.held = new Map();
    window.letGo = () => {
        for (const [callback, entries] of held) callback(entries);
        held.clear();
    };
    window.IntersectionObserver = class extends IntersectionObserver {
        constructor(callback, options) {
            super((entries) => held.set(callback, [...(held.get(callback) ?? []), ...entries]), options);
        }
    };
"""
# What the page has yet to hear last of whether the end of the feed is in sight.
NEWEST = "[...held.values()].flat().at(-1)?.isIntersecting"

# Whether the browser would draw it, if it were in the window.
IS_DRAWN = "(rows) => rows.every((row) => row.checkVisibility({ contentVisibilityAuto: true }))"
ARE_DRAWN = f"({IS_DRAWN})([...document.querySelectorAll('.status[id]')])"


async def scrolled_through(board: Board, window: Window, member: Member) -> Page:
    """Have many statuses of many days, one of them posted just now, and read them all in a window."""
    await board.query(FILL, MANY)
    await member.post("Number 0.")
    await window.go("/?view=feed")
    await expect(entries(window.page).first).to_be_visible()
    while await entries(window.page).count() <= MANY:
        await window.page.mouse.wheel(0, 4000)
        await window.page.wait_for_timeout(50)
    return window.page


async def test_the_browsers_own_search_finds_every_line(board: Board, window: Window, ada: Member):
    """Wherever one has scrolled, what was read is found."""
    page = await scrolled_through(board, window, ada)
    found = {}
    for place in ("0", "document.body.scrollHeight"):
        for number in (1, MANY // 2, MANY):
            await page.evaluate(f"scrollTo(0, {place}); getSelection().empty()")
            found[place, number] = await page.evaluate("text => find(text, false, false, true)", f"Number {number}.")

    assert all(found.values()), found


async def test_paper_has_every_line(board: Board, window: Window, ada: Member):
    """Whether it was scrolled by, is in the window or far below; nothing is there that can only be pressed."""
    page = await scrolled_through(board, window, ada)
    assert not await page.evaluate(ARE_DRAWN)
    await page.emulate_media(media="print")

    await page.wait_for_function(ARE_DRAWN)
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_paper_has_everyone(board: Board, open_one: OpenWindow):
    """Also the rows of a long table that are out of sight, and the side of the board below the window's end."""
    await board.demo("--people", "60", "--statuses", "120")
    window = await open_one(board.demo_member("ada"), viewport={"width": 1280, "height": 400})
    await window.go()
    rows = window.page.get_by_role("table").get_by_role("row")
    await expect(rows.last).to_be_attached()
    await window.page.emulate_media(media="print")
    side = window.page.locator(".side")

    assert await rows.evaluate_all(IS_DRAWN)
    assert await side.evaluate("(side) => side.scrollHeight <= side.clientHeight")


async def test_every_line_stands_in_its_place(board: Board, window: Window, ada: Member):
    """Each once, newest first, under one heading a day; also what comes while one reads."""
    page = await scrolled_through(board, window, ada)
    await page.evaluate("scrollTo(0, 0)")
    await ada.post("Newest")
    await expect(entries(page)).to_have_count(MANY + 2)
    texts = await entries(page).locator(".message").all_text_contents()
    days = await page.locator(".day").all_text_contents()

    assert texts == ["Newest", *(f"Number {n}." for n in range(MANY + 1))]
    assert MANY // 8 < len(days) == len(set(days))


async def test_keys_go_on_where_one_reads(board: Board, window: Window, ada: Member):
    """`j` takes the first line that is seen, however many are above it."""
    page = await scrolled_through(board, window, ada)
    await page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    await page.locator("body").press("j")
    chosen = page.locator(".status:focus")

    await expect(chosen).to_be_in_viewport()
    top = await chosen.evaluate("(row) => row.getBoundingClientRect().top")
    assert 0 < top < 200


async def test_the_feed_goes_on_where_the_end_comes_quickly(board: Board, window: Window, ada: Member):
    """Its end was out of sight and comes into sight before the page hears of either."""
    page = window.page
    await board.query(FILL, MANY)
    await ada.post("Number 0.")
    await page.add_init_script(HOLD)
    await window.go("/?view=feed")
    await expect(entries(page)).to_have_count(50)
    await page.wait_for_function(f"{NEWEST} === false")
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await page.wait_for_function(f"{NEWEST} === true")
    await page.evaluate("letGo()")

    await expect(entries(page)).to_have_count(100)
