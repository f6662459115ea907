"""Views made by a filter follow the board: what fits now comes, what fits no more goes, each where it belongs."""

import asyncio
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Page, Request, Route, WebSocket, expect

from tests.browser.actions import act, entries, entry
from tests.browser.board import Board, Member
from tests.browser.windows import OpenWindow, Window, taken

# Address, what fits, what does not, and whether the oldest is first.
VIEWS = {
    "category": ("/?category=blocked", ("{}", "blocked"), ("{}", "done"), False),
    "person and category": ("/?author=bob&category=done", ("{}", "done"), ("{}", "planning"), False),
    "words": ("/?q=zebra", ("{} a zebra", "done"), ("{} a horse", "done"), False),
    "words and category": ("/?q=zebra&category=done", ("{} zebra", "done"), ("{} zebra", "blocked"), False),
    "reference": ("/?view=feed&reference=octo/zoo%237", ("{} octo/zoo#7", "done"), ("{} octo/zoo#8", "done"), False),
    "page of a reference": ("/?reference=octo/zoo%237", ("{} octo/zoo#7", "done"), ("{} nothing", "done"), True),
}


async def change(member: Member, status: dict, **changes: str) -> None:
    """Edit a status, from elsewhere than the page."""
    async with member.client() as client:
        response = await client.patch(f"/statuses/{status['id']}", json=changes)
    assert response.status_code == 200, response.text


async def delete(member: Member, status: dict) -> None:
    """Delete a status, from elsewhere than the page."""
    async with member.client() as client:
        assert (await client.delete(f"/statuses/{status['id']}")).status_code == 204


async def administer(admin: Member, username: str, **changes: object) -> None:
    """Change a member's account, from elsewhere than the page."""
    async with admin.client() as client:
        assert (await client.patch(f"/users/{username}", json=changes)).status_code == 200


@dataclass
class Heard:
    """The events that a page has got by its socket."""

    events: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Note those of the sockets that it opens from now on."""
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.events.append(str(frame)) if '"event"' in str(frame) else None)

    async def until(self, number: int) -> None:
        """Wait until there are so many."""
        async with asyncio.timeout(30):
            while sum(frame.count('"type":"event"') for frame in self.events) < number:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("view", VIEWS)
async def test_a_view_follows_edits(window: Window, bob: Member, view: str):
    """What is edited comes and goes in its place; what is posted and what is deleted does too."""
    address, fitting, other, is_oldest_first = VIEWS[view]

    async def expect_shown(*numbers: str) -> None:
        order = sorted(numbers, reverse=not is_oldest_first)
        await expect(entries(window.page)).to_contain_text(order)

    first = await bob.post(fitting[0].format("No.1"), fitting[1])
    second = await bob.post(other[0].format("No.2"), other[1])
    await bob.post(fitting[0].format("No.3"), fitting[1])
    await window.go(address)
    await expect_shown("No.1", "No.3")

    await change(bob, second, message=fitting[0].format("No.2"), category=fitting[1])
    await expect_shown("No.1", "No.2", "No.3")
    await change(bob, first, message=other[0].format("No.1"), category=other[1])
    await expect_shown("No.2", "No.3")
    await bob.post(other[0].format("No.4"), other[1])
    await bob.post(fitting[0].format("No.5"), fitting[1])
    await expect_shown("No.2", "No.3", "No.5")
    await delete(bob, second)
    await expect_shown("No.3", "No.5")


async def test_the_words_of_a_search_are_highlighted(window: Window, bob: Member):
    """In text and references, also of what comes later; nowhere else."""
    await bob.post("Смотрю octo/zoo#7: 👩\u200d💻 ЗЕБРА пьёт")
    await window.go("/?q=octo/zoo%237 or зебр")
    marks = window.page.locator("mark")
    await expect(marks).to_have_text(["octo/zoo#7", "ЗЕБРА"])
    await bob.post("зебры спят")
    await expect(marks).to_have_text(["зебры", "octo/zoo#7", "ЗЕБРА"])
    await window.go("/?view=feed")
    await expect(entries(window.page)).to_have_count(2)
    await expect(marks).to_have_count(0)


async def test_an_edit_below_what_was_read_waits_until_it_is_read(board: Board, window: Window, bob: Member):
    """Then it stands in its place, once."""
    oldest = await bob.post("The oldest", "done")
    await bob.post_many(120)
    await board.query("UPDATE statuses SET category = 'blocked' WHERE id <> $1", oldest["id"])
    heard = Heard()
    heard.follow(window.page)
    await window.go("/?category=blocked")
    await expect(entry(window.page, "Status 120")).to_be_visible()
    await change(bob, oldest, category="blocked")
    await heard.until(1)

    await expect(entry(window.page, "The oldest")).to_have_count(0)
    while not await window.page.get_by_text("This is the beginning.").is_visible():
        await window.page.mouse.wheel(0, 4000)
        await window.page.wait_for_timeout(50)
    await expect(entries(window.page)).to_have_count(121)
    await expect(entries(window.page).last).to_contain_text("The oldest")


@pytest.mark.parametrize("address", ["/?category=blocked", "/?q=zebra", "/?reference=octo/zoo%237"])
async def test_what_changes_while_a_page_is_read(window: Window, bob: Member, address: str):
    """The answer on its way is of the moment before: what came, what fits now and what fits no more are sorted out."""
    page, fits = window.page, "zebra octo/zoo#7"
    stays, goes = await bob.post(f"Stays {fits}", "blocked"), await bob.post(f"Goes {fits}", "blocked")
    comes = await bob.post("Comes", "done")
    heard = Heard()
    heard.follow(page)
    is_asked, is_told = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        if not is_asked.is_set():
            answer = await taken(route)
            is_asked.set()
            await is_told.wait()
            await route.fulfill(**answer)
        else:
            await route.fallback()

    await page.route("**/api/v1/references/**" if "reference" in address else f"**/api/v1/statuses{address[1:]}*", hold)
    await window.go(address)
    await asyncio.wait_for(is_asked.wait(), 30)
    await change(bob, goes, message="Goes", category="done")
    await change(bob, comes, message=f"Comes {fits}", category="blocked")
    await bob.post(f"New {fits}", "blocked")
    await heard.until(3)
    is_told.set()

    await expect(entries(page)).to_have_count(3)
    for text in (stays["message"], "Comes", "New"):
        await expect(entry(page, text)).to_have_count(1)


async def test_words_are_not_asked_for_each_edit(open_one: OpenWindow, ada: Member, bob: Member):
    """However many statuses come in a moment, the board is asked once which of them the words fit."""
    window = await open_one(ada)
    page, heard, asked = window.page, Heard(), []

    def count(request: Request) -> None:
        if "q=zebra" in request.url:
            asked.append(request.url)

    heard.follow(page)
    await page.clock.install()
    await window.go("/?q=zebra")
    await expect(page.get_by_text("No matches.")).to_be_visible()
    await page.clock.pause_at(await page.evaluate("Date.now() + 5000"))
    page.on("request", count)
    for n in range(20):
        await bob.post(f"A zebra {n}" if n % 2 else f"A horse {n}")
    await heard.until(20)
    await page.clock.run_for(3000)

    await expect(entries(page)).to_have_count(10)
    assert len(asked) == 1


async def test_a_line_that_is_being_edited_is_not_taken_away(window: Window, ada: Member):
    """It fits no more, and goes once it is left: no word that is being written is lost."""
    page = window.page
    status = await ada.post("Waiting", "blocked")
    await window.go("/?category=blocked")
    await act(page, "Waiting", "Edit")
    await page.get_by_role("textbox", name="Your status").fill("Half a sen")
    await change(ada, status, category="done")
    await ada.post("After that", "blocked")
    await expect(page.get_by_role("button", name="1 new")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Your status")).to_have_value("Half a sen")
    await page.get_by_role("button", name="Cancel").click()

    await expect(entry(page, "Waiting")).to_have_count(0)


async def test_a_new_name_is_on_every_line(window: Window, ada: Member, bob: Member):
    """Of a person's page and of a filter, also for what was said before."""
    await bob.post("Said before")
    for address in ("/?person=bob", "/?author=bob"):
        name = f"Bob at {address}"
        await window.go(address)
        await expect(entry(window.page, "Said before")).to_be_visible()
        async with bob.client() as client:
            await client.patch("/users/me", json={"display_name": name})

        await expect(entry(window.page, "Said before").locator(".who")).to_have_text(name)


async def test_who_has_left_can_be_found(window: Window, ada: Member, bob: Member):
    """What they said is still there: they can be chosen in Find, also while it is open, and have a page too."""
    page = window.page
    await bob.post("Handed over")
    await window.go("/?view=feed")
    await page.get_by_text("Find", exact=True).first.click()
    person = page.get_by_label("Person")
    await expect(person.locator("option")).to_have_text(["any", "Ada", "Bob"])
    await administer(ada, "bob", disabled=True)
    await expect(person.locator("option")).to_have_text(["any", "Ada", "Bob (disabled)"])
    await window.go("/?view=feed")
    await page.get_by_text("Find", exact=True).first.click()
    await person.select_option("bob")
    await expect(entry(page, "Handed over")).to_be_visible()
    await expect(person).to_have_value("bob")
    await window.go("/?person=BOB")
    await expect(page.get_by_role("heading", name="Bob")).to_be_visible()
    await expect(entry(page, "Handed over")).to_be_visible()
    await expect(page.get_by_text("@bob (disabled)")).to_be_visible()
    await administer(ada, "bob", disabled=False)

    await expect(page.get_by_text("@bob (disabled)")).to_have_count(0)
