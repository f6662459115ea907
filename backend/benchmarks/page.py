"""How fast the page is: its weight, its first board, how soon others' statuses are on it, and a long scroll.

    uv run --directory backend --group browser python -m benchmarks.page [--rounds 20]

The board has 200 members and 500 statuses of today, gunicorn two workers, and the browser a window of 1280 by 800.
What a machine is busy with besides counts as well: the line of its load says how much that was.
"""

import argparse
import asyncio
import os
import statistics
import time

from playwright.async_api import Browser, Page, async_playwright

from tests import conftest  # noqa: F401 -- the tests' settings, before anything of the app is imported
from tests.browser import board as boards
from tests.browser.actions import entries, entry
from tests.browser.board import Board, Member
from tests.browser.conftest import find_chromium
from tests.browser.windows import Window, close, open_window
from tests.processes import memory

MANY = 10_000

# Notes when the board was first in a frame that was drawn, counted from the beginning of the navigation.
FIRST_BOARD = """
    new MutationObserver((_, observer) => {
        if (!document.querySelector(".now :is(tbody tr, li)") || !document.querySelector("li.status[id]")) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => (window.firstBoard = performance.now())));
    }).observe(document, { childList: true, subtree: true });
"""
# Notes when a text was first in a frame that was drawn, by the clock of this machine.
SEEN = """
    window.seen = {};
    new MutationObserver((records) => {
        for (const record of records) for (const node of record.addedNodes) {
            const found = /Sample \\d+/.exec(node.textContent)?.[0];
            if (found && !seen[found]) requestAnimationFrame(() => setTimeout(() => (seen[found] ??= Date.now())));
        }
    }).observe(document, { childList: true, subtree: true });
"""
# Scrolls on to the end, and returns how long each frame took.
SCROLL = """
    async (lines) => {
        const isScrolled = (one) =>
            one.scrollHeight > one.clientHeight && getComputedStyle(one).overflowY !== "visible";
        let box = document.querySelector("li.status[id]");
        while (box && !isScrolled(box)) box = box.parentElement;
        box ??= document.scrollingElement;
        const frames = [];
        let last = performance.now(), height = 0, still = 0;
        while (still < 300) {
            box.scrollBy(0, lines);
            const now = await new Promise(requestAnimationFrame);
            frames.push(now - last);
            last = now;
            const isEnd = box.scrollTop + box.clientHeight > box.scrollHeight - 10;
            still = isEnd && box.scrollHeight === height ? still + 1 : 0;
            height = box.scrollHeight;
        }
        return { frames, height };
    }
"""


def told(what: str, values: list[float], unit: str) -> None:
    """Print the middle and the tail of what was measured."""
    values = sorted(values)
    tail = values[min(len(values) - 1, int(len(values) * 0.95))]
    print(
        f"{what}: median {statistics.median(values):.0f} {unit}, p95 {tail:.0f}, max {values[-1]:.0f} ({len(values)})"
    )


async def cold(browser: Browser, board: Board, member: Member) -> tuple[float, int]:
    """Open the page in a browser that has never seen it; return milliseconds to the first board, and bytes."""
    window = await open_window(browser, board, member)
    client = await window.context.new_cdp_session(window.page)
    await client.send("Network.enable")
    weights: dict[str, int] = {}
    ours: set[str] = set()

    def note(event: dict) -> None:
        if "/api/" not in event["response"]["url"]:
            ours.add(event["requestId"])

    client.on("Network.responseReceived", note)
    client.on("Network.loadingFinished", lambda e: weights.update({e["requestId"]: int(e["encodedDataLength"])}))
    await window.page.add_init_script(FIRST_BOARD)
    await window.page.goto(board.url)
    while not (first := await window.page.evaluate("window.firstBoard")):
        await asyncio.sleep(0.02)
    await window.page.wait_for_load_state("networkidle")
    await window.close()
    return first, sum(weight for request, weight in weights.items() if request in ours)


async def latency(browser: Browser, board: Board, reader: Member, writer: Member, count: int) -> list[float]:
    """Return the milliseconds from each 201 until the status was drawn in another's window."""
    window = await open_window(browser, board, reader)
    await window.page.add_init_script(SEEN)
    await window.go()
    await entries(window.page).first.wait_for()
    await asyncio.sleep(1)
    confirmed: dict[str, float] = {}
    async with writer.client() as client:
        for n in range(count):
            response = await client.post("/statuses", json={"message": f"Sample {n}"})
            confirmed[f"Sample {n}"] = time.time() * 1000
            assert response.status_code == 201, response.text
            await asyncio.sleep(0.1)
    await entry(window.page, f"Sample {count - 1}").first.wait_for()
    await asyncio.sleep(0.5)
    seen = await window.page.evaluate("window.seen")
    await window.close()
    return [seen[text] - moment for text, moment in confirmed.items()]


async def renderer_memory(browser: Browser, page: Page) -> tuple[float, float]:
    """Return the megabytes of the page's heap after a collection, and of the largest renderer's own memory."""
    client = await page.context.new_cdp_session(page)
    await client.send("HeapProfiler.collectGarbage")
    usage = await client.send("Runtime.getHeapUsage")
    whole = await browser.new_browser_cdp_session()
    processes = (await whole.send("SystemInfo.getProcessInfo"))["processInfo"]
    renderers = [memory([process["id"]]) for process in processes if process["type"] == "renderer"]
    return usage["usedSize"] / 2**20, max(renderers) / 2**20


async def long_scroll(browser: Browser, window: Window) -> None:
    """Scroll by 10,000 statuses, and tell of frames and memory."""
    await window.go("/?view=feed")
    await entries(window.page).first.wait_for()
    before = await renderer_memory(browser, window.page)
    scrolled = await window.page.evaluate(SCROLL, 400)
    frames = scrolled["frames"]
    after = await renderer_memory(browser, window.page)
    told("a frame while scrolling", frames, "ms")
    print(f"scrolled by {scrolled['height']:.0f} px")
    print(f"frames over 50 ms: {sum(frame > 50 for frame in frames)} of {len(frames)}")
    print(f"heap: {before[0]:.0f} MB before, {after[0]:.0f} MB after; process: {before[1]:.0f} MB, {after[1]:.0f} MB")


async def main(rounds: int) -> None:
    """Measure everything."""
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before")
    async with async_playwright() as playwright, boards.running() as board:
        browser = await playwright.chromium.launch(executable_path=find_chromium(playwright), args=["--no-sandbox"])
        await board.demo("--people", "200", "--statuses", "500")
        writer, reader = await board.member("writer"), await board.member("reader")
        found = [await cold(browser, board, reader) for _ in range(rounds)]
        print(f"the page's weight: {max(weight for _, weight in found) / 1000:.1f} KB with the headers of its answers")
        told("first board", [first for first, _ in found], "ms")
        told("201 to another's screen", await latency(browser, board, reader, writer, 5 * rounds), "ms")
        await board.run(f"""
            INSERT INTO statuses (author_id, message, category, created_at)
            SELECT min(users.id), 'Number ' || n, 'done', now() - n * interval '5 minutes'
            FROM users, generate_series(1, {MANY}) AS n GROUP BY n
        """)
        await long_scroll(browser, await open_window(browser, board, reader))
        await close(browser)
    print(f"load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    asyncio.run(main(parser.parse_args().rounds))
