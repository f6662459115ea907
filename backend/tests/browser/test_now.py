"""Now: who is doing what today, and nothing about anybody else."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.actions import now
from tests.browser.board import Board, Member
from tests.browser.windows import OpenWindow


@pytest.mark.parametrize("number", [1, 20])
async def test_who_said_nothing_is_neither_named_nor_counted(
    board: Board, open_one: OpenWindow, ada: Member, number: int
):
    """On the board and on a wall, where they are few and where they are many."""
    for n in range(number):
        await board.member(f"silent-{n}")
    await ada.post("Reviewing octo/engine#87")
    window = await open_one(ada)
    for address in ("/", "/?wall"):
        await window.go(address)
        await expect(now(window.page)).to_contain_text("Reviewing octo/engine#87")

        await expect(now(window.page)).not_to_contain_text(re.compile("silent|nothing|nobody|yet|20", re.IGNORECASE))
