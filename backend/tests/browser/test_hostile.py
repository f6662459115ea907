"""What people write stays text, whatever it looks like to a browser."""

from typing import Final

import pytest
from playwright.async_api import expect

from tests.browser.actions import act, box, entries
from tests.browser.board import Board, Member
from tests.browser.windows import Window

HOSTILE: Final = {
    "script": "<script>window.hit = 1</script>",
    "image": '<img src="x" onerror="window.hit = 2">',
    "svg": "<svg/onload=window.hit=3>",
    "attribute": '" onmouseover="window.hit=4" x="',
    "javascript link": "javascript:window.hit=5",
    "javascript url": "https://example.com/javascript:window.hit=6",
    "data url": "data:text/html,<script>window.hit=7</script>",
    "markdown": "[click](javascript:window.hit=8) ![x](http://example.com/y.png)",
    "entities": "&lt;b&gt;not bold&lt;/b&gt; &#106;avascript:1",
    "template": "{{constructor.constructor('window.hit=9')()}} ${window.hit}",
    "comment": "<!-- --><b>bold</b><!--",
    "style": "<style>body { display: none }</style>",
    "base": '<base href="http://evil.example/"><a href="/x">x</a>',
    "form": '<form action="http://evil.example"><button>Log in</button></form>',
    "emoji": "👩🏽‍🚀" * 125,
    "right to left": "\u202eevoba si sihT\u202c مرحبا octo/api#12",
    "zero width": "a\u200bb\u200dc\ufeffd\u2060e",
    "combining": "Z" + "\u0301\u0327\u0338" * 100,
    "long word": "m" * 500,
    "control-like": "line one\nline two\ttab \u2028 end",
    "quotes": "'\"`; DROP TABLE statuses; --",
    "reference": "octo/api#12<img src=x onerror=window.hit=10> octo/api#99999999999",
    "prototype": "__proto__ constructor toString hasOwnProperty",
    "address": "https://example.com/<b>x</b>?a=\"'&b=<c> http://[::1 https://user:pw@example.com",
}

# What stands in the rows, but for what the page says of references to those who only hear it.
TEXTS: Final = """
    (rows) => rows.map((row) => {
        const copy = row.cloneNode(true);
        for (const own of copy.querySelectorAll(".spoken, .state")) own.remove();
        return copy.textContent;
    })
"""


@pytest.fixture
async def mallory(board: Board) -> Member:
    """Somebody whose very name is markup."""
    return await board.member("mallory", display_name="<b>Mal</b>lory <img src=x onerror=window.hit=99>")


async def test_hostile_statuses_stay_text(mallory: Member, window: Window):
    """They stand in the feed letter by letter, nothing of them runs, and the page is as wide as before."""
    page = window.page
    for message in HOSTILE.values():
        await mallory.post(message)
    rows = entries(page)
    await expect(rows).to_have_count(len(HOSTILE))
    await page.reload()
    await expect(rows).to_have_count(len(HOSTILE))
    text = "\n".join(await rows.evaluate_all(TEXTS))

    for name, message in HOSTILE.items():
        assert message in text or " ".join(message.split()) in " ".join(text.split()), name
    assert "<b>Mal</b>lory" in text
    assert await page.evaluate("window.hit") is None
    assert await rows.locator("img, script, style, form, base, b, object, iframe").count() == 0
    links = await rows.locator("a[href]").evaluate_all("links => links.map((link) => link.href)")
    assert all(link.startswith(("https://", "http://")) for link in links)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_hostile_status_of_mine_can_be_edited(mallory: Member, window: Window):
    """What is put into the box is what was said."""
    page = window.page
    await box(page).fill(HOSTILE["script"])
    await box(page).press("Enter")
    await act(page, "window.hit = 1", "Edit")

    await expect(page.get_by_role("textbox", name="Your status")).to_have_value(HOSTILE["script"])


async def test_a_hostile_address_bar_stays_text(window: Window):
    """Filters come from links that anyone can send."""
    window.tolerate("Failed to load resource")
    for query in (
        'author="><img src=x onerror=window.hit=1>',
        "person=<script>window.hit=2</script>",
        "reference=octo/api%2312<img src=x onerror=window.hit=3>",
        "q=%3Csvg/onload=window.hit=4%3E",
        "day=<b>",
        "view=__proto__",
        "category=constructor",
    ):
        await window.go(f"/?{query}")
        await expect(window.page.get_by_role("main")).to_be_visible()

    assert await window.page.evaluate("window.hit") is None
