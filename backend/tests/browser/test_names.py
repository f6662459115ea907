"""People are told apart by their names, and by their usernames where two names look alike."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.actions import blocked, entry, now
from tests.browser.board import Board, Member
from tests.browser.windows import OpenWindow, Window

LOOKS_LIKE_ADA = "\u0410d\u0430"


@pytest.fixture
async def mallory(board: Board) -> Member:
    """Somebody who will look like Ada."""
    return await board.member("mallory")


@pytest.fixture
async def copycat(board: Board) -> Member:
    """Somebody who looks like Ada."""
    return await board.member("mallory", display_name=LOOKS_LIKE_ADA)


async def rename(member: Member, name: str) -> None:
    """Have somebody go by another name from now on."""
    async with member.client() as client:
        assert (await client.patch("/users/me", json={"display_name": name})).status_code == 200


async def shows(page: Page, named: dict[str, str]) -> None:
    """Expect these words on the lines of the feed, by what was said there, in Now and in Blocked."""
    for text, name in named.items():
        for place in (page.get_by_role("region", name="Feed"), now(page), blocked(page)):
            row = place.locator("li, tr").filter(has_text=text)
            await expect(row.locator(".who")).to_have_text(name)


async def test_two_whose_names_look_alike_are_told_apart(mallory: Member, window: Window, ada: Member):
    """On every list, also what was said before, from when the names become alike until they no longer are."""
    page = window.page
    await ada.post("Waits for a review", "blocked")
    await mallory.post("Waits for nobody", "blocked")
    await shows(page, {"Waits for a review": "Ada", "Waits for nobody": "Mallory"})
    await rename(mallory, LOOKS_LIKE_ADA)
    await shows(page, {"Waits for a review": "Ada (@ada)", "Waits for nobody": f"{LOOKS_LIKE_ADA} (@mallory)"})
    await page.reload()
    await shows(page, {"Waits for a review": "Ada (@ada)", "Waits for nobody": f"{LOOKS_LIKE_ADA} (@mallory)"})
    await rename(mallory, "Mal")

    await shows(page, {"Waits for a review": "Ada", "Waits for nobody": "Mal"})


async def test_a_newcomer_who_looks_like_a_member_is_told_apart(window: Window, ada: Member):
    """Both are, on open pages too, as soon as the account is made."""
    page = window.page
    await ada.post("Here first")
    await expect(entry(page, "Here first").locator(".who")).to_have_text("Ada")
    async with ada.client() as client:
        code = (await client.post("/invites", json={})).json()["code"]
        account = {"username": "mallory", "display_name": LOOKS_LIKE_ADA, "password": ada.password, "invite": code}
        assert (await client.post("/auth/register", json=account)).status_code == 201

    await expect(entry(page, "Here first").locator(".who")).to_have_text("Ada (@ada)")


async def test_find_and_a_persons_page_tell_people_apart(copycat: Member, window: Window):
    """As the choice of a person, the heading and the window's title do, also after a rename."""
    page = window.page
    await window.go("/?author=ada")
    people = page.get_by_label("Person").locator("option")
    await expect(people).to_have_text(["any", "Ada (@ada)", f"{LOOKS_LIKE_ADA} (@mallory)"])
    await rename(copycat, "Mal")
    await expect(people).to_have_text(["any", "Ada", "Mal"])
    await window.go("/?person=mallory")
    await expect(page).to_have_title("Mal · Statusboard")
    await rename(copycat, LOOKS_LIKE_ADA)

    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{LOOKS_LIKE_ADA} (@mallory)")
    await expect(page).to_have_title(f"{LOOKS_LIKE_ADA} (@mallory) · Statusboard")


async def test_who_has_left_is_told_apart_too(copycat: Member, window: Window, board: Board, ada: Member):
    """What was said under a name that looks like a member's is still there when its account is disabled."""
    page = window.page
    await copycat.post("As Ada")
    await ada.post("As myself")
    await board.query("UPDATE users SET disabled = true WHERE username = 'mallory'")
    await page.reload()

    await expect(entry(page, "As Ada").locator(".who")).to_have_text(f"{LOOKS_LIKE_ADA} (@mallory)")
    await expect(entry(page, "As myself").locator(".who")).to_have_text("Ada (@ada)")


async def test_an_admin_sees_whom_a_question_is_about(window: Window, board: Board, ada: Member):
    """Whoever is disabled by mistake for somebody else is logged out."""
    page = window.page
    await board.member("adam", display_name="Ada")
    await window.go("/?view=members")
    await page.get_by_role("button", name="Manage Ada (@adam)").click()
    await page.get_by_role("button", name="Disable account").click()

    await expect(page.get_by_text("Disable Ada (@adam)?")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
async def test_the_username_is_never_cut_off(open_one: OpenWindow, board: Board, ada: Member, width: int):
    """However long the name in front of it is."""
    name = "Augusta Ada King, Countess of Lovelace"
    augusta = await board.member("augusta", display_name=name)
    await board.member("mallory", display_name=name.replace("a", "\u0430"))
    await augusta.post("Notes")
    window = await open_one(ada, viewport={"width": width, "height": 640})
    await window.go()
    who = entry(window.page, "Notes").locator(".who")
    await expect(who).to_have_text(f"{name} (@augusta)")

    assert await who.evaluate("who => who.scrollWidth <= who.clientWidth && who.scrollHeight <= who.clientHeight")
