"""`statusboard wait` runs where no board is configured: on a laptop, in an agent's sandbox, in a CI job."""

from tests.subprocesses import run_python


def test_waiting_needs_no_settings():
    """Its module imports nothing that reads them."""
    process = run_python("import app.cli.wait, sys; print('app.config' in sys.modules)")

    assert (process.returncode, process.stdout) == (0, "False\n"), process.stderr
