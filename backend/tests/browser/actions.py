"""What people do on the page, by the words that they see."""

from playwright.async_api import Locator, Page, expect

from tests.personas import PASSWORD


async def make_account(page: Page, username: str, display_name: str, password: str = PASSWORD) -> None:
    """Fill in the form behind a set-up or invite link."""
    await page.get_by_label("Your name").fill(display_name)
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Create my account").click()


async def log_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """Fill in the login form, wherever it is."""
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Log in", exact=True).click()


async def log_out(page: Page) -> None:
    """Log out, and wait for the login form."""
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()


async def make_invite(page: Page) -> None:
    """Make an invite link, on the members' page."""
    await page.wait_for_load_state("networkidle")
    button = page.get_by_role("button", name="Create invite link")
    if not await button.is_visible():
        await page.get_by_text("Invite people", exact=True).click()
    await button.click()


def box(page: Page) -> Locator:
    """The box in which statuses are written."""
    return page.get_by_role("textbox", name="What are you doing?")


async def post(page: Page, text: str) -> None:
    """Write a status and send it."""
    await box(page).fill(text)
    await box(page).press("Enter")


def entries(page: Page) -> Locator:
    """The statuses of the list that the page shows, newest first, as far as they are near; not those on their way."""
    return page.locator("li.status[id]")


def entry(page: Page, text: str) -> Locator:
    """One status of the list, by a part of its text."""
    return entries(page).filter(has_text=text)


async def act(page: Page, text: str, name: str) -> None:
    """Open a status, and press one of its buttons."""
    row = entry(page, text)
    await row.get_by_role("button", name="Details").click()
    await row.get_by_role("button", name=name, exact=True).click()


def now(page: Page) -> Locator:
    """Who is doing what."""
    return page.get_by_role("region", name="Now")


def blocked(page: Page) -> Locator:
    """What people wait for."""
    return page.get_by_role("region", name="Blocked")
