"""From the set-up link to a team: accounts, logins, sessions, tokens and invites, as people meet them."""

import re

import httpx
from playwright.async_api import Route, expect

from tests.browser.actions import box, entry, log_in, log_out, make_account, make_invite, post
from tests.browser.board import Board, Member
from tests.browser.windows import REFUSED, OpenWindow, Window
from tests.logins import OTHER_PASSWORD
from tests.patience import LONG
from tests.personas import PASSWORD


async def test_the_set_up_link_makes_the_first_account(board: Board, stranger: Window):
    """It leads to a form and from there onto the board; the code is nowhere to be seen any more."""
    page = stranger.page
    await stranger.go(await board.setup_link())
    await make_account(page, "ada", "Ada Okafor")
    await expect(box(page)).to_be_visible()
    await post(page, "Hello board")
    await expect(entry(page, "Hello board")).to_be_visible()

    assert page.url == f"{board.url}/"
    ((role, zone),) = await board.query("SELECT role, time_zone FROM users")
    assert (role, zone) == ("admin", "UTC")


async def test_a_set_up_link_that_was_used_says_so(board: Board, ada: Member, stranger: Window):
    """And what to do now."""
    stranger.tolerate(REFUSED)
    await stranger.go(f"{board.url}/#setup=somebody-was-faster")
    await make_account(stranger.page, "bob", "Bob")

    await expect(stranger.page.get_by_role("alert")).to_contain_text("has been used")
    await expect(stranger.page.get_by_role("link", name="Log in")).to_be_visible()


async def test_an_invite_makes_the_next_ones(board: Board, window: Window, open_one: OpenWindow):
    """Its link is copied by one button, and whoever follows it has the browser's time zone."""
    page = window.page
    await window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await window.go("/?view=members")
    await make_invite(page)
    await page.get_by_role("button", name=re.compile("^Copy")).first.click()
    link = await page.evaluate("navigator.clipboard.readText()")
    guest = await open_one(timezone_id="Asia/Kolkata")
    await guest.go(link)
    await make_account(guest.page, "bob", "Bob")
    await expect(box(guest.page)).to_be_visible()
    ((zone,),) = await board.query("SELECT time_zone FROM users WHERE username = 'bob'")

    assert link.startswith(f"{board.url}/#invite=")
    assert zone in {"Asia/Kolkata", "Asia/Calcutta"}
    await page.reload()
    await expect(page.get_by_role("listitem").filter(has_text="Bob")).to_be_visible()


async def test_a_form_says_what_is_wrong_where_it_is(board: Board, ada: Member, stranger: Window):
    """Beside the field, which gets the focus; what was typed stays."""
    stranger.tolerate(REFUSED)
    page = stranger.page
    await stranger.go(await board.setup_link())
    await make_account(page, "x", "X", "short")

    await expect(page.get_by_text("Use at least 3 characters.")).to_be_visible()
    await expect(page.get_by_label("Username")).to_be_focused()
    await expect(page.get_by_label("Your name")).to_have_value("X")


async def test_log_in_stay_and_log_out(ada: Member, stranger: Window):
    """A reload stays logged in; after the logout it does not, and nothing of the board is left on the screen."""
    page = stranger.page
    await ada.post("Said before")
    await stranger.go()
    await log_in(page, "ada")
    await expect(entry(page, "Said before")).to_be_visible()
    await page.reload()
    await expect(entry(page, "Said before")).to_be_visible()
    await log_out(page)
    await page.reload()

    await expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    await expect(page.get_by_text("Said before")).to_have_count(0)


async def test_a_wrong_password_is_told(ada: Member, stranger: Window):
    """Without saying which of the two was wrong."""
    stranger.tolerate(REFUSED)
    await stranger.go()
    await log_in(stranger.page, "ada", OTHER_PASSWORD)

    await expect(stranger.page.get_by_text("Wrong username or password")).to_be_visible()


async def test_two_tabs_are_fine(window: Window):
    """They share the login, and renew it at the same time."""
    other = await window.context.new_page()
    await other.goto(window.url)
    await window.page.reload()
    await other.reload()
    await post(other, "From the other tab")

    await expect(entry(window.page, "From the other tab")).to_be_visible()


async def test_a_logout_while_the_board_is_loading(window: Window):
    """It leads to the login at once, and the board does not come after it."""
    page = window.page

    async def never(_: Route) -> None:
        """Leave the page without an answer."""

    await page.route("**/api/v1/board", never)
    await page.reload()
    await log_out(page)

    await expect(page.get_by_label("Username")).to_be_visible()


async def test_a_logout_in_one_tab_ends_the_other(window: Window):
    """And says so there."""
    window.tolerate(REFUSED)  # what the other was just asking for
    other = await window.context.new_page()
    await other.goto(window.url)
    await log_out(window.page)

    await expect(other.get_by_role("dialog", name="Your session has ended")).to_be_visible()


async def test_an_ended_session_keeps_what_was_being_typed(board: Board, window: Window):
    """A box comes over the page; after the login the text is where it was, and is sent once."""
    window.tolerate(REFUSED)
    page = window.page
    await box(page).fill("Half a thou")
    await board.run("UPDATE sessions SET ended_at = now()")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    await dialog.get_by_role("button", name="Log in", exact=True).click()
    await expect(dialog).to_have_count(0)
    await expect(box(page)).to_have_value("Half a thou")
    await box(page).press("End")
    await page.keyboard.type("ght")
    await page.keyboard.press("Enter")

    await expect(entry(page, "Half a thought")).to_have_count(1)


async def test_a_password_is_reset_by_a_link(board: Board, window: Window, bob: Member, stranger: Window):
    """An admin makes it, its owner sets a new password with it, and logs in; a second time it says that it is used."""
    page = window.page
    await window.go("/?view=members")
    await page.get_by_role("button", name=re.compile("Manage.*Bob")).click()
    await page.get_by_role("button", name="Create a password reset link").click()
    await page.get_by_role("button", name="Create a password reset link").last.click()
    link = await page.get_by_label("Send this to Bob").input_value()
    await stranger.go(link)
    await stranger.page.get_by_label("New password", exact=True).fill(OTHER_PASSWORD)
    await stranger.page.get_by_role("button", name="Set new password").click()
    await log_in(stranger.page, "bob", OTHER_PASSWORD)
    await expect(box(stranger.page)).to_be_visible()

    assert link.startswith(f"{board.url}/#reset=")


async def test_a_changed_password_ends_the_other_sessions(ada: Member, window: Window, open_one: OpenWindow):
    """This one stays; the others are asked to log in."""
    elsewhere = await open_one(ada)
    elsewhere.tolerate(REFUSED)
    await elsewhere.go()
    page = window.page
    await window.go("/?view=settings")
    await page.get_by_label("Current password", exact=True).fill(PASSWORD)
    await page.get_by_label("New password", exact=True).fill(OTHER_PASSWORD)
    await page.get_by_role("button", name="Change password").click()

    await expect(page.get_by_text("Your password was changed.")).to_be_visible()
    await expect(elsewhere.page.get_by_role("dialog", name="Your session has ended")).to_be_visible()


async def test_a_token_comes_with_the_call_that_uses_it(board: Board, window: Window):
    """What the page shows works as it stands, and ends when it is ended."""
    page = window.page
    await window.go("/?view=tokens")
    await page.get_by_label("What is it for?").fill("Nightly build")
    await page.get_by_label("Post, edit and delete statuses").check()
    await page.get_by_role("button", name="Create token").click()
    call = await page.get_by_label("Post a status with it").input_value()
    address, token = re.search(r"(http://\S+/statuses)", call)[1], re.search(r"sb_[\w-]+", call)[0]
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=LONG) as client:
        posted = await client.post(address.strip("'\""), json={"message": "Green"})

    assert address.startswith(board.url)
    assert posted.status_code == 201


async def test_a_disabled_member_is_told(board: Board, window: Window, second_window: Window):
    """Within seconds, on the open page; on others' boards the row goes."""
    second_window.tolerate(REFUSED)
    page = window.page
    await window.go("/?view=members")
    await page.get_by_role("button", name=re.compile("Manage.*Bob")).click()
    await page.get_by_role("button", name="Disable account").click()
    await page.get_by_role("button", name="Disable account").last.click()

    await expect(page.get_by_text("Bob is disabled.")).to_be_visible()
    await expect(second_window.page.get_by_text("account is disabled").first).to_be_visible()
