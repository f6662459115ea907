"""A clock that is wrong, is set or was asleep, and a laptop that travels: times, days, and what can be edited."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.actions import act, box, entry, now
from tests.browser.board import Board, Member
from tests.browser.windows import UNREACHABLE, OpenWindow, Window, taken

DAY = timedelta(days=1)


async def expect_just_said(page: Page, text: str) -> None:
    """Expect a status of Ada's to be of today and fresh, and that she can still edit it."""
    row = entry(page, text)
    await expect(row).to_be_visible()
    await expect(now(page)).to_contain_text(text)
    await expect(now(page).locator(".doing")).not_to_have_attribute("data-old", "")
    await expect(now(page).locator("time")).to_have_text("now")
    await expect(page.get_by_role("heading", name="Today")).to_be_visible()
    await row.get_by_role("button", name="Details").click()
    await expect(row.get_by_role("button", name="Edit", exact=True)).to_be_visible()


async def opened(open_one: OpenWindow, member: Member, at: datetime) -> Window:
    """Open the board on a computer whose clock says something else."""
    window = await open_one(member)
    await window.page.clock.install(time=at)
    await window.go()
    await expect(box(window.page)).to_be_visible()
    return window


@pytest.mark.parametrize("wrong", [timedelta(minutes=20), timedelta(minutes=-20), 2 * DAY, -2 * DAY], ids=str)
async def test_a_clock_that_is_wrong(open_one: OpenWindow, ada: Member, wrong: timedelta):
    """Ahead or behind, by minutes or by days."""
    window = await opened(open_one, ada, datetime.now(UTC) + wrong)
    await ada.post("Just said")

    await expect_just_said(window.page, "Just said")


async def test_a_token_made_by_a_wrong_clock_lasts_as_long_as_it_says(open_one: OpenWindow, ada: Member):
    """The 30 days of a new API token are the board's days."""
    window = await opened(open_one, ada, datetime.now(UTC) - 40 * DAY)
    await window.go("/?view=tokens")
    await window.page.get_by_label("What is it for?").fill("deploys")
    await window.page.get_by_label("How long is it valid?").select_option("30")
    await window.page.get_by_role("button", name="Create token").click()
    await expect(window.page.get_by_text("“deploys” is ready")).to_be_visible()

    async with ada.client() as client:
        (token,) = (await client.get("/tokens")).json()["items"]
    left = datetime.fromisoformat(token["expires_at"]) - datetime.now(UTC)
    assert abs(left - 30 * DAY) < timedelta(minutes=5)


@pytest.mark.parametrize("jump", [timedelta(hours=5), timedelta(hours=-5)], ids=str)
async def test_a_clock_that_is_set(open_one: OpenWindow, ada: Member, jump: timedelta):
    """While the page is open, and without another answer of the board's."""
    window = await opened(open_one, ada, datetime.now(UTC))
    await window.page.clock.set_system_time(datetime.now(UTC) + jump)
    await ada.post("Just said")

    await expect_just_said(window.page, "Just said")


async def test_a_night_that_the_page_has_slept(open_one: OpenWindow, ada: Member):
    """Its own clock may stand still meanwhile: awake, it asks the board what day it is."""
    window = await opened(open_one, ada, datetime.now(UTC))
    # Time that is run for it passes faster than a socket is opened.
    window.tolerate(UNREACHABLE)
    page = window.page
    await ada.post("Said yesterday")
    await expect(now(page)).to_contain_text("Said yesterday")

    async def tomorrow(route: Route) -> None:
        answer = await taken(route)
        answer["headers"]["date"] = format_datetime(datetime.now(UTC) + DAY, usegmt=True)
        await route.fulfill(**answer)

    await page.route("**/api/v1/**", tomorrow)
    await page.clock.set_system_time(datetime.now(UTC) + DAY)
    async with page.expect_response("**/api/v1/statuses?*"):
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await window.let_through()
    await page.clock.run_for(35_000)

    await expect(now(page)).not_to_contain_text("Said yesterday")
    await expect(page.get_by_role("heading", name="Yesterday")).to_be_visible()


async def test_a_laptop_that_travels(board: Board, open_one: OpenWindow, ada: Member):
    """To another time zone and another language, with the page open: all times and days are the reader's new ones."""
    window = await open_one(ada, timezone_id=None, locale=None)
    system = await window.context.new_cdp_session(window.page)
    await system.send("Emulation.setTimezoneOverride", {"timezoneId": "Pacific/Kiritimati"})
    await system.send("Emulation.setUserAgentOverride", {"userAgent": "A browser", "acceptLanguage": "en-GB"})
    told = await ada.post("Said at noon")
    noon = "2026-01-15T12:00:00Z"
    await board.query("UPDATE statuses SET created_at = $1 WHERE id = $2", datetime.fromisoformat(noon), told["id"])
    await window.go("/?author=ada&day=2026-01-16")
    row = entry(window.page, "Said at noon")
    await expect(row.locator("time")).to_have_text("02:00")
    await system.send("Emulation.setTimezoneOverride", {"timezoneId": "America/New_York"})
    await system.send("Emulation.setUserAgentOverride", {"userAgent": "A browser", "acceptLanguage": "en-US"})
    await window.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(window.page.get_by_text("No matches.")).to_be_visible()
    await window.page.get_by_label("Day").fill("2026-01-15")

    await expect(row.locator("time")).to_have_text(re.compile(r"7:00.AM"))
    await expect(row.locator("time")).to_have_attribute("title", re.compile(r"January 15.*7:00.AM"))
    await expect(window.page.get_by_role("heading", name="Thursday, January 15")).to_be_visible()


async def test_a_line_that_is_being_edited_stays_on_a_journey(open_one: OpenWindow, ada: Member):
    """What is shown is made anew only once nothing is being typed there."""
    window = await open_one(ada, timezone_id=None)
    page = window.page
    system = await window.context.new_cdp_session(page)
    await system.send("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Rome"})
    await ada.post("Just said")
    await window.go()
    before = await entry(page, "Just said").locator("time").inner_text()
    await act(page, "Just said", "Edit")
    await page.get_by_role("textbox", name="Your status").fill("Half a sen")
    await system.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.get_by_role("textbox", name="Your status")).to_have_value("Half a sen")
    await page.get_by_role("button", name="Cancel").click()
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    await expect(entry(page, "Just said").locator("time")).not_to_have_text(before)
