"""The board in use: two browsers, statuses that come, change and go, blockers that clear, and finding things again."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.actions import act, blocked, box, entries, entry, now, post
from tests.browser.board import Board, Member
from tests.browser.windows import REFUSED, Window


async def test_another_sees_what_is_posted(ada: Member, window: Window, second_window: Window):
    """At once, in the feed and among those who do something now; and it is said politely."""
    await post(window.page, "Reviewing octo/engine#87")

    await expect(entry(window.page, "Reviewing octo/engine#87")).to_be_visible()
    await expect(entry(second_window.page, "Reviewing octo/engine#87")).to_be_visible()
    await expect(now(second_window.page)).to_contain_text("Reviewing octo/engine#87")
    spoken = second_window.page.get_by_role("status").filter(has_text="1 new status")
    await expect(spoken).to_have_count(1, timeout=20_000)


async def test_an_edit_and_a_deletion_happen_in_place(window: Window, second_window: Window, bob: Member):
    """Where the status stands, on every board; what stands around it stays."""
    await bob.post("Below")
    await post(window.page, "Writing teh tests")
    await expect(entry(window.page, "Writing teh tests")).to_be_visible()
    await bob.post("Above")
    await expect(entries(second_window.page)).to_have_count(3)
    await act(window.page, "Writing teh tests", "Edit")
    await window.page.get_by_role("textbox", name="Your status").fill("Writing the tests")
    await window.page.get_by_role("button", name="Save").click()
    await expect(entry(second_window.page, "Writing the tests")).to_contain_text("edited")
    order = [re.search(r"Above|Writing the tests|Below", text)[0] for text in await texts(second_window)]
    await act(window.page, "Writing the tests", "Delete")
    await expect(entry(second_window.page, "Writing the tests")).to_have_count(0)

    assert order == ["Above", "Writing the tests", "Below"]


async def texts(window: Window) -> list[str]:
    """Return the statuses of the feed as they stand."""
    return await entries(window.page).all_inner_texts()


async def test_a_deletion_can_be_undone(window: Window, second_window: Window):
    """For a few seconds: it is said anew then."""
    page = window.page
    await post(page, "Not so fast")
    await act(page, "Not so fast", "Delete")
    await expect(entry(second_window.page, "Not so fast")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()

    await expect(entry(page, "Not so fast")).to_be_visible()
    await expect(entry(second_window.page, "Not so fast")).to_be_visible()


async def test_a_blocker_clears(board: Board, window: Window, second_window: Window):
    """It stands above with what it waits for; once that is merged, it says so to everyone, and that one may go on."""
    await board.imagine("octo/api#12", title="Cache the parse tree")
    await post(window.page, "/b Waiting for octo/api#12")
    for page in (window.page, second_window.page):
        await expect(blocked(page)).to_contain_text("octo/api#12")
        await expect(blocked(page)).to_contain_text("waits for")
    await board.merge("octo/api#12")

    await expect(blocked(window.page)).to_contain_text("octo/api#12 was merged. You can go on.")
    await expect(blocked(second_window.page)).to_contain_text("octo/api#12 was merged. Ada can go on.")


async def test_a_reference_is_a_badge(board: Board, window: Window, ada: Member):
    """With its kind, state and title in words; it leads to GitHub, and a change of it is seen at once."""
    await board.imagine("octo/api#12", title="Cache <b>the</b> parse tree", kind="issue")
    await ada.post("See octo/api#12")
    badge = entry(window.page, "See").get_by_role("link", name="octo/api#12")
    await expect(badge).to_have_accessible_name(re.compile(r"issue, open: Cache <b>the</b> parse tree"))
    await expect(badge).to_have_attribute("href", "https://github.com/octo/api/issues/12")
    await board.merge("octo/api#12")

    await expect(badge).to_have_accessible_name(re.compile("issue, closed"))


async def test_reading_further_down_nothing_moves(window: Window, bob: Member):
    """New ones are counted in a pill; only a click on it shows them, at the top."""
    page = window.page
    await bob.post_many(60)
    await window.go("/?view=feed")
    await expect(entry(page, "Status 60")).to_be_visible()
    await entry(page, "Status 25").scroll_into_view_if_needed()
    before = await entry(page, "Status 25").bounding_box()
    for n in range(3):
        await bob.post(f"Fresh {n}")
    pill = page.get_by_role("button", name="3 new")
    await expect(pill).to_be_visible()
    after = await entry(page, "Status 25").bounding_box()
    await pill.click()
    await expect(entry(page, "Fresh 2")).to_be_in_viewport()

    assert abs(before["y"] - after["y"]) < 1


async def test_older_ones_come_on_scrolling(window: Window, bob: Member):
    """By pages, to the very first, each once."""
    await bob.post_many(120)
    await window.go("/?view=feed")
    await expect(entry(window.page, "Status 120")).to_be_visible()
    while not await window.page.get_by_text("This is the beginning.").is_visible():
        await window.page.mouse.wheel(0, 4000)
        await window.page.wait_for_timeout(50)
    await expect(window.page.get_by_text("Status 1", exact=True).first).to_be_visible()


async def test_the_address_bar_holds_the_filter(window: Window, open_one, ada: Member, bob: Member):
    """Whoever opens the same address sees the same."""
    await ada.post("Fixing octo/api#12", "blocked")
    await ada.post("Fixed octo/api#13", "done")
    await bob.post("Waiting for octo/api#12", "blocked")
    shown = {}
    for query in (
        "author=ada",
        "category=blocked",
        "reference=octo/api%2312",
        "q=fixed",
        "author=ada&category=blocked",
    ):
        await window.go(f"/?{query}")
        await expect(entries(window.page).first).to_be_visible()
        shown[query] = len(await texts(window))
    other = await open_one(bob)
    await other.go(window.page.url)

    await expect(entries(other.page)).to_have_count(1)
    assert list(shown.values()) == [2, 2, 2, 1, 1]


async def test_a_filter_that_fits_nothing_says_so(window: Window, ada: Member):
    """And how to see everything again."""
    await ada.post("Something")
    await window.go("/?q=nothing")

    await expect(window.page.get_by_text("No matches.")).to_be_visible()


async def test_a_page_for_a_person_and_one_for_a_reference(window: Window, ada: Member, bob: Member):
    """Each with all that was said, by whoever or about it."""
    await ada.post("Fixing octo/api#12")
    await bob.post("Reading octo/api#12")
    await bob.post("Lunch")
    await window.go("/?person=bob")
    await expect(window.page.get_by_role("heading", name="Bob")).to_be_visible()
    await expect(entries(window.page)).to_have_count(2)
    await window.go("/?reference=octo/api%2312")

    await expect(entries(window.page)).to_have_count(2)


async def test_an_empty_board_has_one_line(window: Window):
    """And one example, that is nobody's status."""
    await expect(window.page.get_by_text("No statuses yet.")).to_be_visible()
    await post(window.page, "Reviewing octo/engine#87")
    await expect(window.page.get_by_text("No statuses yet.")).to_have_count(0)


@pytest.mark.parametrize(
    ("typed", "category"), [("/p", "planning"), ("/b", "blocked"), ("/d", "done"), ("", "in progress")]
)
async def test_the_category_is_typed(window: Window, typed: str, category: str):
    """At the start, and is no part of what is said."""
    await window.page.keyboard.press("n")
    await expect(box(window.page)).to_be_focused()
    await window.page.keyboard.type(f"{typed} the parser".strip())
    await window.page.keyboard.press("Enter")

    await expect(entry(window.page, "the parser")).to_contain_text(category)
    await expect(entries(window.page).filter(has_text=f"{typed} the parser" if typed else "/i")).to_have_count(0)


async def test_the_category_is_chosen_by_keys(window: Window):
    """Alt and a digit, at any time."""
    await box(window.page).fill("A release")
    await window.page.keyboard.press("Alt+4")
    await window.page.keyboard.press("Enter")

    await expect(entry(window.page, "A release")).to_contain_text("done")


async def test_a_refused_status_comes_back(window: Window):
    """Into the box, with the reason; it can be put right and sent."""
    window.tolerate(REFUSED)
    page = window.page
    problem = {"status": 422, "code": "invalid_request", "detail": "The board did not like it."}

    async def refuse(route) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        await route.fulfill(status=422, json=problem, content_type="application/problem+json")

    await page.route("**/api/v1/statuses", refuse)
    await post(page, "Too wild")
    await expect(page.get_by_text("The board did not like it.").first).to_be_visible()
    await window.let_through()

    await expect(entry(page, "Too wild").or_(box(page)).first).to_be_visible()


async def test_the_keys_are_listed_and_can_be_switched_off(window: Window):
    """`?` lists them; WCAG 2.1.4 asks for a switch, which holds after a reload."""
    page = window.page
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    await window.go("/?view=settings")
    await page.get_by_label(re.compile("[Ss]ingle.*keys")).uncheck()
    await window.go()
    await expect(box(page)).to_be_visible()
    await page.locator("body").press("n")

    await expect(box(page)).not_to_be_focused()


async def test_two_hundred_people_are_a_table(board: Board, open_one):
    """Of those active today, which can be searched."""
    await board.demo("--people", "200", "--statuses", "500")
    window = await open_one(board.demo_member("ada"))
    await window.go()
    table = window.page.get_by_role("table")
    await expect(table).to_be_visible()
    await window.page.get_by_label("Find a person").fill("mina b")

    await expect(table.get_by_role("row").filter(has_text="Mina Berg")).to_have_count(1)
    await expect(table.get_by_role("row").filter(has_text="Nils Berg")).to_have_count(0)
