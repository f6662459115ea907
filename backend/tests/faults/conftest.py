"""How faults are run: each scaled down, or with `--full` at its full size and then with each of its mutations."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest

from tests import canaries
from tests.faults import stand as stands
from tests.faults.checker import Verdict
from tests.faults.mutations import MUTATIONS
from tests.faults.stand import Stand

SMALL, FULL = "small", "full"
_runs = pytest.StashKey[list["Run"]]()
HEADINGS: Final = "| fault | size | lost | duplicated | reordered | phantom | measured | outcome | mutations noticed |"
NOT_SIZES: Final = {"pace"}
LONGEST_PROBLEM: Final = 90  # characters
FULL_WITHIN: Final = 1800  # seconds, for a test of full size
OUTCOMES: Final = {"noticed": "yes", "skipped": "skipped"}  # of a mutation


@dataclass
class Run:
    """One run of one fault: its size, its mutation if it has one, and what came out."""

    fault: str
    case: str
    size: SimpleNamespace
    verdict: Verdict | None = None
    numbers: list[str] = field(default_factory=list)
    exceeded: list[str] = field(default_factory=list)
    outcome: str = "not run"
    problem: str = ""  # the first line of what it failed with

    @property
    def mutation(self) -> str:
        """The name of what is broken, empty where nothing is."""
        return "" if self.case in {SMALL, FULL} else self.case

    def is_exact(self, verdict: Verdict, *, resets: int = 0) -> None:
        """Assert that nothing was lost, duplicated, reordered or made up, and that something happened at all.

        `resets` is how many readers had to begin anew.
        """
        self.verdict = verdict
        assert verdict.is_exact, verdict
        assert not verdict.refused, verdict.refused[:5]
        assert verdict.acknowledged > 0
        assert verdict.resets == resets, f"{verdict.resets} readers were reset, where {resets} had to be"

    def measured(self, what: str, value: float, unit: str, *, at_most: float, shows: str = "") -> None:
        """Note a number, and at full size assert it when the test is over. `shows` names the mutation to notice."""
        self.numbers.append(f"{what} {value:.3g} {unit} (at most {at_most:g})")
        if self.case == FULL or (shows and self.mutation == shows):
            self.exceeded += [self.numbers[-1]] if value > at_most else []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the stand."""
    group = parser.getgroup("faults")
    group.addoption("--full", action="store_true", help="run every fault at full size, then with each mutation")
    group.addoption("--table", metavar="FILE", help="write the faults' table to this file, too")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "fault(name, small={...}, full={...}, mutations={name: {...}}): a fault, the sizes of its runs, and what it "
        "must notice; `full` and each mutation say what differs from `small`",
    )
    config.stash[_runs] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a run of each case."""
    marker = metafunc.definition.get_closest_marker("fault")
    if marker is None or "run" not in metafunc.fixturenames:
        return
    (name,), small, full = marker.args, marker.kwargs["small"], marker.kwargs["full"]
    runs = [Run(name, SMALL, SimpleNamespace(**small))]
    if metafunc.config.getoption("full"):
        runs = [Run(name, FULL, SimpleNamespace(**small | full))]
        for mutation, size in marker.kwargs["mutations"].items():
            assert mutation in MUTATIONS, mutation
            runs.append(Run(name, mutation, SimpleNamespace(**small | size)))
    noticed = pytest.mark.xfail(raises=AssertionError, strict=True, reason="it is broken on purpose")
    patient = pytest.mark.timeout(FULL_WITHIN)
    marks = {SMALL: [], FULL: [patient]}
    metafunc.parametrize(
        "run",
        [pytest.param(run, id=run.case, marks=marks.get(run.case, [patient, noticed])) for run in runs],
        indirect=True,
    )


@pytest.fixture(scope="session")
async def _stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    # Only the full size waits for the disk: no test takes the machine's power away.
    if request.config.getoption("full"):
        running = stands.running("fsync=on", workers=4)
    else:
        running = stands.running("fsync=off", workers=2, check_every=1.0)
    async with running as stand:
        yield stand


@pytest.fixture
async def stand(_stand: Stand, run: Run) -> AsyncIterator[Stand]:
    """The stand, whole and with an empty board, and broken as this run asks. Its logs hold no secret."""
    await _stand.prepare(run.mutation)
    yield _stand
    telling = [line for replica in _stand.replicas for line in canaries.telling(replica.news())]
    assert run.mutation or telling == [], "a secret was logged"


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Run:
    """The size of this run, and where its results go."""
    request.config.stash[_runs].append(request.param)
    return request.param


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Assert the numbers all together, so that the table has each of them."""
    result = yield
    if "run" in getattr(item, "fixturenames", ()):
        exceeded = item.callspec.params["run"].exceeded
        assert not exceeded, "; ".join(exceeded)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note how a run came out, and show what the replicas complained of. A mutation's is to fail by an assertion."""
    report = yield
    if "run" in getattr(item, "fixturenames", ()) and (report.when == "call" or report.failed):
        run: Run = item.callspec.params["run"]
        run.outcome = "noticed" if report.skipped and hasattr(report, "wasxfail") else report.outcome
        problem = str(call.excinfo.value) if call.excinfo else ""
        run.problem = problem.partition("\n")[0][:LONGEST_PROBLEM]
        if report.failed and (stand := item.funcargs.get("_stand")):
            report.sections.append(("what the replicas complained of", "\n".join(stand.complaints())))
    return report


def _line(runs: list[Run]) -> str:
    """Return the table's line of one fault: its plain run, and what was noticed of its mutations."""
    plain = next((run for run in runs if not run.mutation), None)
    noticed = [
        f"{run.mutation}: {OUTCOMES.get(run.outcome, 'NO')}" + (f" ({run.problem})" if run.outcome == "noticed" else "")
        for run in runs
        if run.mutation
    ]
    if plain is None:
        return f"| {runs[0].fault} | | | | | | | | {'; '.join(noticed)} |"
    size = ", ".join(f"{name} {value}" for name, value in vars(plain.size).items() if name not in NOT_SIZES)
    counts = plain.verdict.counts if plain.verdict else ("-",) * 4
    outcome = f"skipped ({plain.problem})" if plain.outcome == "skipped" else plain.outcome
    cells = [plain.fault, size, *map(str, counts), "; ".join(plain.numbers), outcome, "; ".join(noticed)]
    return f"| {' | '.join(cells)} |"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    faults: dict[str, list[Run]] = {}
    for run in config.stash[_runs]:
        faults.setdefault(run.fault, []).append(run)
    if not faults:
        return
    table = [HEADINGS, "|---" * HEADINGS.count(" | ") + "|---|", *(_line(runs) for runs in faults.values())]
    terminalreporter.section("faults")
    for line in table:
        terminalreporter.write_line(line)
    if path := config.getoption("table"):
        Path(path).write_text("\n".join([*table, ""]))
