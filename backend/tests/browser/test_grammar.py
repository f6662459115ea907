"""How the page reads messages: no word of one is missing on the screen, and what is copied is what was written."""

from playwright.async_api import Locator, Page, expect

from tests.browser.actions import blocked, entry, now
from tests.browser.board import Board, Member
from tests.browser.windows import Window
from tests.grammar import CASES, Piece

# How messages stand in the page with the references that the board has found in them, and what is copied of each.
SHOWN = """
    async ([badges, messages]) => {
        const { message } = await import(badges);
        const place = document.body.appendChild(document.createElement("pre"));
        return messages.map(([text, github, names]) => {
            const references = names.map((name) => {
                const [, owner, repo, number] = /(.+)[/](.+)#(.+)/.exec(name);
                const known = { kind: "issue", state: "closed", title: "Hidden", url: "https://hidden.example" };
                return { owner, repo, number, ...known };
            });
            place.replaceChildren(...message({ message: text, references }, { github, reference: (one) => one }));
            getSelection().selectAllChildren(place);
            const clipboardData = new DataTransfer();
            document.dispatchEvent(new ClipboardEvent("copy", { clipboardData }));
            const copied = clipboardData.getData("text/plain") || getSelection().toString();
            return { shown: place.textContent, copied: copied.replaceAll("\\u00a0", " ") };
        });
    }
"""


async def module(page: Page, name: str) -> str:
    """Return where a module of the page is."""
    address = await page.get_attribute(f"link[href$='/{name}.js']", "href")
    assert address is not None
    return address


def seen(piece: Piece) -> str:
    """Return what of a piece is on the screen: the address of a reference is shortened to its name."""
    is_short = piece.keys() >= {"reference", "address"}
    return piece["reference"].lower() if is_short else piece["text"].lower()


async def test_every_word_is_on_the_screen_and_copied(stranger: Window):
    """Of each message of the table, and nothing beside it, whatever the board knows of its references."""
    await stranger.go()
    messages = [(case.message, case.options, case.references) for case in CASES]
    shown = await stranger.page.evaluate(SHOWN, [await module(stranger.page, "badges"), messages])

    assert [each["shown"].lower() for each in shown] == ["".join(map(seen, case.pieces)) for case in CASES]
    assert [each["copied"].strip() for each in shown] == [case.message.replace("\u00a0", " ").strip() for case in CASES]


async def copy(window: Window, place: Locator) -> str:
    """Select something, copy it by the keyboard, and return what came into the clipboard."""
    await place.evaluate("element => getSelection().selectAllChildren(element)")
    await window.page.keyboard.press("Control+C")
    return await window.page.evaluate("navigator.clipboard.readText()")


async def test_what_is_copied_of_a_status_is_what_was_written(board: Board, window: Window, ada: Member):
    """Without what the page says of references to those who hear it, and without their states."""
    await window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await board.imagine("octo/engine#87", title="Cache the parse tree", state="merged")
    await board.imagine("octo/web#1", title="Wide tables")
    text = "Reviewed https://github.com/octo/engine/pull/87/files, blocked on Octo/Web#1"
    await ada.post(text, "blocked")
    await expect(entry(window.page, "Reviewed").get_by_role("link", name="pull request, merged")).to_be_visible()

    for place in (entry(window.page, "Reviewed"), now(window.page), blocked(window.page)):
        assert await copy(window, place.locator(".message")) == text
    assert await copy(window, blocked(window.page).locator("p")) == "Ada waits for octo/web#1"
