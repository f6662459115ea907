"""Rounds, ratios and tables: what all that is compared has in common.

Whoever is compared takes its turn in each round, so that a slow minute of the machine is everybody's. What counts is
the median of the rounds' ratios to the floor of the same round.
"""

import argparse
import re
import shutil
import statistics
import subprocess
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stand import FOR_LOAD, machine
from tests.deployed import BACKEND

DOCUMENT = BACKEND.parent / "docs" / "benchmarks.md"
CONNECTIONS = 32
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Turn:
    """What one turn of one contender came to: requests a second, and milliseconds."""

    rate: float
    p50: float
    p99: float


@dataclass
class Contender:
    """Someone who is measured in turn with others."""

    name: str
    turn: Callable[[float], Awaitable[Turn]]
    goal: str = ""


def wrk(
    url: str, seconds: float, *, token: str | None = None, script: Path | None = None, encoding: str | None = None
) -> Turn:
    """Have wrk ask from 32 connections for so many seconds; for compressed answers, if an `encoding` is named.

    Raises:
        RuntimeError: something else than success was answered.
    """
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed here: apt-get install wrk")
    command = ["taskset", "--cpu-list", str(FOR_LOAD), "wrk", "--threads=1", f"--connections={CONNECTIONS}"]
    command += [f"--duration={max(1, round(seconds))}s", "--latency"]
    command += [] if token is None else ["--header", f"Authorization: Bearer {token}"]
    command += [] if encoding is None else ["--header", f"Accept-Encoding: {encoding}"]
    command += [] if script is None else ["--script", str(script)]
    said = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert rate is not None, said
    return Turn(float(rate[1]), _milliseconds(said, "50%"), _milliseconds(said, "99%"))


def _milliseconds(said: str, share: str) -> float:
    found = re.search(rf"^\s+{share}\s+([\d.]+)(us|ms|s|m) *$", said, re.MULTILINE)
    assert found is not None, said
    return float(found[1]) * UNITS[found[2]]


async def compare(contenders: list[Contender], *, rounds: int, seconds: float) -> dict[str, list[Turn]]:
    """Give each its turn in each round, the first being the floor; a second of warming up goes before."""
    turns: dict[str, list[Turn]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        await contender.turn(1)
    for _ in range(rounds):
        for contender in contenders:
            turns[contender.name].append(await contender.turn(seconds))
    return turns


def ratios(turns: dict[str, list[Turn]], name: str) -> list[float]:
    """Return the ratios of one to the floor, round by round."""
    floor = next(iter(turns.values()))
    return [turn.rate / bare.rate for turn, bare in zip(turns[name], floor, strict=True)]


def table(heading: str, rows: Iterable[Iterable[object]]) -> str:
    """Return a table in Markdown; its heading names the columns, divided by bars."""
    columns = heading.count("|") + 1
    lines = [f"| {heading} |", "|" + "---|" * columns]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def rates(contenders: list[Contender], turns: dict[str, list[Turn]]) -> str:
    """Return the table of what was compared: rates, latencies, and ratios with their spread."""
    rows = []
    for contender in contenders:
        mine, found = turns[contender.name], ratios(turns, contender.name)
        rows.append(
            (
                contender.name,
                f"{statistics.median(turn.rate for turn in mine):.0f}",
                f"{statistics.median(turn.p50 for turn in mine):.1f}",
                f"{statistics.median(turn.p99 for turn in mine):.1f}",
                f"**{statistics.median(found):.2f}**",
                f"{min(found):.2f} to {max(found):.2f}",
                contender.goal,
            )
        )
    return table("server | per second | p50 ms | p99 ms | ratio | range of the rounds | goal", rows)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return the arguments that all benchmarks take."""
    assert description is not None
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round: does a change cost something?")
    parser.add_argument("--write", action="store_true", help="put the result into docs/benchmarks.md")
    return parser


def show(name: str, result: str, *, write: bool) -> None:
    """Print a result, and put it into the document where its name stands, if it is to be kept."""
    result = f"{result}\n\n{machine()}"
    print(result)
    if write:
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
        _, found, after = rest.partition(end)
        assert found, f"{DOCUMENT} has no place for {name}"
        DOCUMENT.write_text(f"{before}{begin}\n\n{result}\n\n{end}{after}", encoding="utf-8")
