"""`.ci/twice.py`, which repeats failed browser tests once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

TESTS = """
from pathlib import Path
import pytest

def times(name):
    file = Path(__file__).with_name(name)
    file.write_text(file.read_text() + "x" if file.exists() else "x")
    return len(file.read_text())

def test_good():
    times("good")

def test_flaky():
    assert times("flaky") > 1

def test_bad():
    times("bad")
    assert False

def test_verdict():
    assert times("verdict") > 1, "1 lost: [\\"a status\\"]"

@pytest.fixture
def net():
    yield
    assert times("secret") > 1, "a secret was logged"

def test_secret(net):
    pass

@pytest.fixture
def unsure():
    assert times("unsure") > 1

def test_unsure(unsure):
    pass
"""


@pytest.fixture
def twice(tmp_path: Path):
    """Run some of the tests above, and return the exit code, the output, and how often the test of each name ran."""
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run(*names: str) -> tuple[int, str, dict[str, int]]:
        wanted = " or ".join(names)
        process = subprocess.run(  # noqa: S603 -- ours
            [sys.executable, ROOT / ".ci/twice.py", "--flaky", tmp_path / "names", "test_it.py", "-k", wanted],
            cwd=tmp_path,
            # The plugins that are installed beside pytest take longer to load than all of this.
            env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        counts = {name: len((tmp_path / name).read_text()) for name in names if (tmp_path / name).exists()}
        return process.returncode, process.stdout + process.stderr, counts

    return run


def test_what_passes_runs_once(twice, tmp_path):
    """And nothing is flaky."""
    code, output, counts = twice("good")

    assert (code, counts) == (0, {"good": 1}), output
    assert (tmp_path / "names").read_text() == ""


def test_what_passes_the_second_time_is_named(twice, tmp_path):
    """Also where it broke in what the test needs; what had passed is not repeated."""
    code, output, counts = twice("good", "flaky", "unsure")

    assert (code, counts) == (0, {"good": 1, "flaky": 2, "unsure": 2}), output
    assert (tmp_path / "names").read_text() == "flaky: test_it::test_flaky\nflaky: test_it::test_unsure\n"
    assert "flaky: test_it::test_flaky" in output


def test_what_fails_twice_has_failed(twice, tmp_path):
    """What passed beside it is named all the same."""
    code, output, counts = twice("flaky", "bad")

    assert (code, counts) == (1, {"flaky": 2, "bad": 2}), output
    assert (tmp_path / "names").read_text() == "flaky: test_it::test_flaky\n"


@pytest.mark.parametrize("name", ["verdict", "secret"])
def test_a_verdict_is_never_repeated(twice, tmp_path, name):
    """Nor what failed beside it: the run has failed already."""
    code, output, counts = twice("flaky", name)

    assert (code, counts) == (1, {"flaky": 1, name: 1}), output
    assert (tmp_path / "names").read_text() == ""


def test_a_run_that_could_not_begin_is_not_repeated(twice):
    """No test of that name: pytest's own exit code."""
    code, _, _ = twice("nothing")

    assert code == 5


def test_ci_repeats_what_browsers_do_and_nothing_else():
    """In both places, and faults never; on one machine the names come last before the run that is counted."""
    for place in (".ci/run", ".github/workflows/ci.yml"):
        text = (ROOT / place).read_text()
        lines = [line.strip() for line in text.splitlines() if "tests/" in line and "run" in line]

        assert [line for line in lines if "twice.py" in line] == [line for line in lines if "tests/browser" in line]
        assert len([line for line in lines if "tests/browser" in line]) == 1
        assert "--last-failed" not in text
    rest = (ROOT / ".ci/run").read_text().partition('cat "$flaky"')[2]

    assert [line for line in rest.splitlines() if "pytest" in line] == [
        'step "uv run pytest --tb=short -q"',
        "exec uv run pytest --tb=short -q",
    ]
