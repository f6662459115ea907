"""Runs tests that depend on a browser, and once more those that fail; whichever pass then are named as flaky.

    python .ci/twice.py [--flaky FILE] PYTEST-ARGUMENTS

FILE gets the names, a line each. What says that something was lost, duplicated, reordered or phantom, or that a secret
was logged, is a verdict: it is never repeated, since once is too often.
"""

# ruff: noqa: INP001, T201 -- a program, which prints

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

FAILED: Final = 1  # pytest's exit code where tests failed; others mean that something else is wrong
VERDICT: Final = re.compile(r"\b(lost|duplicated?|reordered|phantom|secret was logged)\b", re.IGNORECASE)


def run(folder: Path, report: Path, arguments: list[str]) -> int:
    """Run pytest and return its exit code; what failed is in the report, and in the folder for the next time."""
    options = ["--tb=short", "-q", "-o", f"cache_dir={folder}", f"--junit-xml={report}"]
    return subprocess.run([sys.executable, "-m", "pytest", *options, *arguments], check=False).returncode  # noqa: S603


def failures(report: Path) -> dict[str, str]:
    """Return what failed, or broke around its test, each with its first words and the lines that pytest marks by E."""
    found = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 -- pytest has just written it
        for failure in (*case.findall("failure"), *case.findall("error")):
            marked = [line for line in (failure.text or "").splitlines() if line.startswith("E ")]
            name = f"{case.get('classname')}::{case.get('name')}"
            found[name] = "\n".join([found.get(name, ""), failure.get("message", ""), *marked])
    return found


def main(arguments: list[str]) -> int:
    """Run the tests, and return an exit code."""
    flaky_names = None
    if arguments[:1] == ["--flaky"]:
        flaky_names, arguments = Path(arguments[1]), arguments[2:]
        flaky_names.write_text("")
    with tempfile.TemporaryDirectory() as folder:
        first, again = Path(folder, "first.xml"), Path(folder, "again.xml")
        code = run(Path(folder, "cache"), first, arguments)
        if code != FAILED:
            return code
        failed = failures(first)
        if verdicts := [name for name, words in failed.items() if VERDICT.search(words)]:
            print("not repeated, as it is a verdict:", *verdicts, sep="\n  ")
            return code
        print(f"\n{len(failed)} failed, and are repeated once.", flush=True)
        code = run(Path(folder, "cache"), again, ["--last-failed", "--last-failed-no-failures=none", *arguments])
        flaky = sorted(failed.keys() - failures(again).keys()) if code in {0, FAILED} else []
    for name in flaky:
        print(f"flaky: {name}")
    if flaky_names is not None:
        flaky_names.write_text("".join(f"flaky: {name}\n" for name in flaky))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
