"""How the page reads messages, and that no word of one is missing on the screen."""

from playwright.async_api import Page

from tests.browser.windows import Window
from tests.grammar import CASES, READ, Piece, asked, check

# How messages stand in the page with the references that the board has found in them.
SHOWN = """
    async ([marks, messages]) => {
        const { message } = await import(marks);
        const place = document.body.appendChild(document.createElement("pre"));
        return messages.map(([text, github, names]) => {
            const references = names.map((name) => {
                const [, owner, repo, number] = /(.+)[/](.+)#(.+)/.exec(name);
                const known = { kind: "issue", state: "closed", title: "Hidden", url: "https://hidden.example" };
                return { owner, repo, number, ...known };
            });
            place.replaceChildren(...message({ message: text, references }, { github, reference: (one) => one }));
            return place.textContent;
        });
    }
"""


async def module(page: Page, name: str) -> str:
    """Return where a module of the page is."""
    address = await page.get_attribute(f"link[href$='/{name}.js']", "href")
    assert address is not None
    return address


async def test_the_page_reads_as_the_server_does(stranger: Window):
    """It leaves out no word, finds the same references, and is soon done with whatever is long."""
    await stranger.go()
    script = f"async ([address, messages]) => ({READ})((await import(address)).pieces, messages)"
    read = await stranger.page.evaluate(script, [await module(stranger.page, "grammar"), asked()])

    check(read)


def seen(piece: Piece) -> str:
    """Return what of a piece is on the screen: the address of a reference is shortened to its name."""
    is_short = piece.keys() >= {"reference", "address"}
    return piece["reference"].lower() if is_short else piece["text"].lower()


async def test_every_word_is_on_the_screen(stranger: Window):
    """Of each message of the table, and nothing beside it, whatever the board knows of its references."""
    await stranger.go()
    messages = [(case.message, case.options, case.references) for case in CASES]
    shown = await stranger.page.evaluate(SHOWN, [await module(stranger.page, "marks"), messages])

    assert [text.lower() for text in shown] == ["".join(map(seen, case.pieces)) for case in CASES]
