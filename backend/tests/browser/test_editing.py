"""Editing the same status in two places: no edit undoes another, and what was typed is never lost."""

import asyncio
import json

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.actions import act, entry, now, post
from tests.browser.board import Member
from tests.browser.windows import REFUSED, Window, taken

STATUS = "**/api/v1/statuses/*"
FIRST = "as first written"
ELSEWHERE = "This was edited elsewhere in the meantime."


async def change(member: Member, status: dict, **changes: str) -> dict:
    """Edit a status from elsewhere."""
    async with member.client() as client:
        response = await client.patch(f"/statuses/{status['id']}", json=changes)
    assert response.status_code == 200, response.text
    return response.json()


async def read(member: Member, status: dict) -> tuple[str, str]:
    """Return what a status says now, and its category."""
    async with member.client() as client:
        found = (await client.get(f"/statuses/{status['id']}")).json()
    return found["message"], found["category"]


async def open_editor(page: Page, text: str = FIRST) -> tuple[Locator, Locator]:
    """Open the form of a status; return its text and its category."""
    await act(page, text, "Edit")
    form = page.locator(".status .edit")
    return form.get_by_role("textbox"), form.get_by_role("combobox")


async def save(page: Page) -> None:
    """Press the form's button."""
    await page.get_by_role("button", name="Save").click()


async def deaf(page: Page) -> None:
    """Have the page hear nothing from the feed from now on, as if its news came later."""
    await page.route_web_socket("**/api/v1/live", lambda _socket: None)
    await page.reload()


async def test_what_was_not_touched_follows(window: Window, ada: Member):
    """While the form is open: the category that was chosen is saved beside the text that came meanwhile."""
    status = await ada.post(FIRST)
    text, category = await open_editor(window.page)
    await category.select_option("done")
    await change(ada, status, message="as corrected elsewhere")
    await expect(text).to_have_value("as corrected elsewhere")
    await save(window.page)

    await expect(entry(window.page, "as corrected elsewhere")).to_contain_text("done")
    assert await read(ada, status) == ("as corrected elsewhere", "done")


async def test_what_was_typed_stays(window: Window, ada: Member):
    """What the other edit wrote is shown beside it; the next save replaces that, and undoing brings it back."""
    page = window.page
    status = await ada.post(FIRST)
    text, category = await open_editor(page)
    await text.fill("as I typed it")
    await change(ada, status, message="as corrected elsewhere", category="done")
    await expect(page.locator(".edit").get_by_text(ELSEWHERE)).to_be_visible()
    await expect(page.locator(".edit")).to_contain_text("as corrected elsewhere")
    await expect(text).to_have_value("as I typed it")
    await expect(category).to_have_value("done")
    await save(page)
    await expect(entry(page, "as I typed it")).to_be_visible()
    assert await read(ada, status) == ("as I typed it", "done")
    await page.get_by_role("button", name="Undo").click()

    await expect(entry(page, "as corrected elsewhere")).to_be_visible()


async def test_only_what_was_changed_is_sent(window: Window, ada: Member):
    """Without news from the feed too: the text that was corrected elsewhere stays."""
    page = window.page
    status = await ada.post(FIRST)
    await deaf(page)
    _, category = await open_editor(page)
    await change(ada, status, message="as corrected elsewhere")
    await category.select_option("done")
    await save(page)

    await expect(entry(page, "as corrected elsewhere")).to_contain_text("done")
    assert await read(ada, status) == ("as corrected elsewhere", "done")


async def test_a_conflict_is_shown_and_can_be_saved_again(window: Window, ada: Member):
    """The board refuses the first save; the text is still there, and beside it what it would have replaced."""
    window.tolerate(REFUSED)
    page = window.page
    status = await ada.post(FIRST)
    await deaf(page)
    text, category = await open_editor(page)
    await text.fill("as I typed it")
    await category.select_option("blocked")
    await change(ada, status, message="as corrected elsewhere", category="done")
    await save(page)
    await expect(page.locator(".edit").get_by_text(ELSEWHERE)).to_be_visible()
    await expect(page.locator(".edit")).to_contain_text("as corrected elsewhere")
    await expect(text).to_have_value("as I typed it")
    assert await read(ada, status) == ("as corrected elsewhere", "done")
    await save(page)

    await expect(entry(page, "as I typed it")).to_contain_text("blocked")
    assert await read(ada, status) == ("as I typed it", "blocked")


async def delete(member: Member, status: dict) -> None:
    """Delete a status from elsewhere."""
    async with member.client() as client:
        assert (await client.delete(f"/statuses/{status['id']}")).status_code == 204


@pytest.mark.parametrize("hears", [True, False])
async def test_what_was_typed_outlives_its_status(window: Window, ada: Member, hears: bool):
    """Deleted elsewhere, whether the page hears of it before it saves or by that: saving then posts the words anew."""
    window.tolerate(REFUSED)
    page = window.page
    status = await ada.post(FIRST)
    if not hears:
        await deaf(page)
    text, category = await open_editor(page)
    await text.fill("as I typed it")
    await category.select_option("blocked")
    await delete(ada, status)
    if not hears:
        await save(page)
    await expect(page.locator(".edit").get_by_text("This was deleted elsewhere in the meantime.")).to_be_visible()
    await expect(text).to_have_value("as I typed it")
    await save(page)

    await expect(entry(page, "as I typed it")).to_contain_text("blocked")
    await expect(page.locator(".edit")).to_have_count(0)
    await expect(entry(page, FIRST)).to_have_count(0)


async def test_cancelling_lets_a_deleted_status_go(window: Window, ada: Member):
    """It was still there for the form alone."""
    page = window.page
    status = await ada.post(FIRST)
    text, _ = await open_editor(page)
    await text.fill("as I typed it")
    await delete(ada, status)
    await expect(page.locator(".edit").get_by_text("This was deleted elsewhere in the meantime.")).to_be_visible()
    await page.get_by_role("button", name="Cancel").click()

    await expect(page.locator(".edit")).to_have_count(0)
    await expect(page.get_by_text(FIRST)).to_have_count(0)
    await expect(page.get_by_text("as I typed it")).to_have_count(0)


async def test_undoing_an_edit_undoes_no_other(window: Window, ada: Member):
    """Only what was saved is taken back, and not where it was changed again since."""
    window.tolerate(REFUSED)
    page = window.page
    status = await ada.post(FIRST)
    text, _ = await open_editor(page)
    await text.fill("as I typed it")
    await save(page)
    await expect(entry(page, "as I typed it")).to_be_visible()
    await change(ada, status, category="done")
    await page.get_by_role("button", name="Undo").click()
    await expect(entry(page, FIRST)).to_be_visible()
    assert await read(ada, status) == (FIRST, "done")
    text, _ = await open_editor(page)
    await text.fill("as I typed it again")
    await save(page)
    await expect(entry(page, "as I typed it again")).to_be_visible()
    await change(ada, status, message="as corrected elsewhere")
    await page.get_by_role("button", name="Undo").click()

    await expect(page.get_by_text("This status was edited elsewhere in the meantime").first).to_be_visible()
    assert await read(ada, status) == ("as corrected elsewhere", "done")


async def test_a_late_answer_brings_nothing_old_back(window: Window, ada: Member):
    """The answer to a post comes after the news that the status was edited: the page shows the edit."""
    page = window.page

    async def answer_late(route: Route) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        response = await taken(route)
        await change(ada, json.loads(response["body"]), message="as corrected elsewhere")
        await expect(entry(page, "as corrected elsewhere")).to_be_visible()
        await route.fulfill(**response)

    await page.route("**/api/v1/statuses", answer_late)
    await post(page, FIRST)
    while await page.evaluate("sessionStorage.getItem('statusboard.outbox')"):
        await asyncio.sleep(0.05)
    await page.evaluate("new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame))")

    await expect(entry(page, "as corrected elsewhere")).to_have_count(1)
    await expect(now(page)).to_contain_text("as corrected elsewhere")
    await expect(page.get_by_text(FIRST)).to_have_count(0)
