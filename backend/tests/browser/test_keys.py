"""What keys do: a key that types a character types it, and no key does something that was not meant."""

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.browser.actions import box, entries, entry, post
from tests.browser.windows import REFUSED, Window

ALT, CTRL, SHIFT = 1, 2, 8  # Chromium's bits


@pytest.fixture
async def keyboard(window: Window) -> CDPSession:
    """Ada's keyboard, of whatever layout."""
    return await window.context.new_cdp_session(window.page)


async def press(keyboard: CDPSession, code: str, key: str, text: str = "", modifiers: int = 0, **more: object) -> None:
    """Press a key: where it is, what it is called in the layout, and the character that it types, if any."""
    event = {"code": code, "key": key, "modifiers": modifiers, **more}
    await keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown" if text else "rawKeyDown", "text": text, **event})
    await keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})


async def category(page: Page) -> str:
    """Return the chosen category."""
    return await page.locator("input[name=category]:checked").input_value()


@pytest.mark.parametrize(
    ("key", "text", "then"),
    [
        ("#", "#", "in-progress"),  # Option on a British Mac
        ("£", "£", "in-progress"),  # on an American one
        ("3", "", "blocked"),
        ('"', "", "blocked"),  # a French keyboard, where Alt types nothing
    ],
)
async def test_alt_and_a_digit_in_a_text_field(window: Window, keyboard: CDPSession, key: str, text: str, then: str):
    """What types a character types it; what types nothing sets the category."""
    await box(window.page).fill("octo/api")
    await press(keyboard, "Digit3", key, text, ALT)

    await expect(box(window.page)).to_have_value(f"octo/api{text}")
    assert await category(window.page) == then


@pytest.mark.parametrize("field", ["textarea[aria-label='Your status']", ".find input[name=q]"])
async def test_other_text_fields_take_their_characters_too(window: Window, keyboard: CDPSession, field: str):
    """The form in which a status is edited, and that in which one is found."""
    page = window.page
    await post(page, "octo/api")
    await expect(page.locator("li.status.pending")).to_have_count(0)
    await page.locator("body").press("Escape")
    await page.locator("body").press("e" if "status" in field else "f")
    await expect(page.locator(field)).to_be_focused()
    await page.locator(field).fill("octo/api")
    await press(keyboard, "Digit3", "#", "#", ALT)

    await expect(page.locator(field)).to_have_value("octo/api#")
    assert await category(page) == "in-progress"


async def test_alt_and_a_digit_elsewhere(window: Window, keyboard: CDPSession):
    """Outside a text field nothing could be typed, whatever the layout."""
    await window.page.evaluate("document.activeElement.blur()")
    await press(keyboard, "Digit3", "#", "", ALT)

    assert await category(window.page) == "blocked"


@pytest.mark.parametrize(
    ("code", "key", "modifiers", "opens"),
    [
        ("KeyN", "n", 0, True),
        ("KeyN", "N", 0, True),  # Caps Lock
        ("KeyN", "N", SHIFT, False),
        ("KeyN", "n", CTRL, False),
        ("KeyN", "т", 0, True),  # Russian
        ("KeyN", "\N{GREEK SMALL LETTER NU}", 0, True),
        ("KeyL", "n", 0, True),  # Dvorak
        ("KeyN", "b", 0, False),  # Dvorak: to the board
        ("KeyN", "Process", 0, False),
    ],
)
async def test_single_keys_with_any_layout(
    window: Window, keyboard: CDPSession, code: str, key: str, modifiers: int, *, opens: bool
):
    """By the letter that the layout has, or by the key's place where it has no Latin ones."""
    page = window.page
    await page.evaluate("document.activeElement.blur()")
    await press(keyboard, code, key, modifiers=modifiers)

    assert await box(page).evaluate("element => element === document.activeElement") is opens


@pytest.mark.parametrize("trait", [{"isComposing": True}, {"keyCode": 229}])
@pytest.mark.parametrize("key", ["Enter", "Escape"])
async def test_what_an_input_method_takes_is_no_key_of_the_page(window: Window, trait: dict, key: str):
    """The Enter that ends it neither posts nor saves, and Escape leaves nothing."""
    page = window.page
    compose = """(element, traits) => {
        const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...traits });
        return element.dispatchEvent(event);
    }"""
    await post(page, "First")
    await expect(page.locator("li.status.pending")).to_have_count(0)
    await box(page).fill("にほん")
    assert await box(page).evaluate(compose, {"key": key, **trait}), "the page took it"
    await page.locator("body").press("Escape")
    await page.evaluate("document.activeElement.blur()")
    await page.locator("body").press("e")
    editor = page.get_by_role("textbox", name="Your status")
    await editor.fill("日本")
    assert await editor.evaluate(compose, {"key": key, **trait}), "the page took it"

    await expect(editor).to_be_visible()
    await expect(box(page)).to_have_value("にほん")
    await expect(entries(page)).to_have_count(1)


async def test_a_text_that_is_being_composed_stays_as_it_is(window: Window, keyboard: CDPSession):
    """What an input method has not finished is not taken for a shortcut; what it has finished may be one."""
    page = window.page
    await box(page).focus()
    await keyboard.send("Input.imeSetComposition", {"text": "/d にほん", "selectionStart": 6, "selectionEnd": 6})
    await expect(box(page)).to_have_value("/d にほん")
    assert await category(page) == "in-progress"
    await keyboard.send("Input.insertText", {"text": "/d 日本"})

    await expect(box(page)).to_have_value("日本")
    assert await category(page) == "done"


async def test_a_status_can_be_written_from_any_view(window: Window):
    """The key goes to the board, and the focus into the box that is there."""
    page = window.page
    await page.get_by_role("link", name="Settings").click()
    await expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()
    await page.keyboard.press("n")

    await expect(box(page)).to_be_focused()


async def test_a_key_that_is_held_acts_once(window: Window):
    """It neither types into the box that it has opened, nor posts again what was refused."""
    window.tolerate(REFUSED)
    page = window.page
    refused = []

    async def refuse(route) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        refused.append(route.request.post_data_json["message"])
        problem = {"status": 422, "code": "invalid_request", "detail": "The board did not like it."}
        await route.fulfill(status=422, json=problem, content_type="application/problem+json")

    await page.route("**/api/v1/statuses", refuse)
    await page.evaluate("document.activeElement.blur()")
    for _ in range(3):
        await page.keyboard.down("n")
    await page.keyboard.up("n")
    await expect(box(page)).to_be_focused()
    await expect(box(page)).to_have_value("")
    await box(page).fill("Too wild")
    await page.keyboard.down("Enter")
    await expect(box(page)).to_have_value("Too wild")
    await expect(page.get_by_text("The board did not like it.").first).to_be_visible()
    for _ in range(3):
        await page.keyboard.down("Enter")
    await page.keyboard.up("Enter")

    await expect(box(page)).to_have_value("Too wild")
    assert refused == ["Too wild"]


async def test_enter_that_is_held_saves_once(window: Window):
    """One edit is one request."""
    page = window.page
    await post(page, "Writing teh tests")
    await expect(page.locator("li.status.pending")).to_have_count(0)
    edits = []
    page.on("request", lambda request: request.method == "PATCH" and edits.append(request.url))
    await page.evaluate("document.activeElement.blur()")
    await page.locator("body").press("e")
    await page.get_by_role("textbox", name="Your status").fill("Writing the tests")
    for _ in range(4):
        await page.keyboard.down("Enter")
    await page.keyboard.up("Enter")

    await expect(entry(page, "Writing the tests")).to_contain_text("edited")
    assert len(edits) == 1
