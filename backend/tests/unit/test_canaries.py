"""No test passes that logs a secret, and the secrets that are looked for are those that the tests use."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from app.config import settings
from app.services.identity import access_tokens, passwords, secrets
from tests import canaries
from tests.canaries import telling
from tests.logins import OTHER_PASSWORD
from tests.personas import PASSWORD
from tests.subprocesses import run_python

# Without the plugins that are installed beside pytest, which take longer to load than all else.
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
PYTEST = 'import sys, pytest; sys.exit(pytest.main(["-q", "-p", "tests.conftest", *sys.argv[1:]]))'
LEAK = """
import logging
from app.config import settings

def test_that_tells():
    logging.getLogger("app.anything").debug("It is %s", settings.JWT_SECRET)
"""


async def test_every_kind_of_secret_is_looked_for():
    """Each in the midst of a line: what is in the settings, issued, derived, looked up, and typed as a password."""
    refresh, password = secrets.new(), "no ferry sails at night"
    secrets.digest(refresh)
    await passwords.hash_password(password)
    issued = access_tokens.issue(user_id=1, session_id=1, now=datetime.now(UTC))
    all_of_them = [settings.JWT_SECRET, PASSWORD, OTHER_PASSWORD, issued, secrets.derive("x", "y"), refresh, password]
    lines = [f"before {secret} after" for secret in all_of_them]

    assert telling([*lines, "before after"]) == lines


def test_the_log_is_looked_at():
    """This very test's, at DEBUG, whoever writes, in the form in which it is shipped."""
    logging.getLogger("app.anything").debug("It is %s", "no ferry sails at night")
    (line,) = canaries.lines

    assert '"message":"It is no ferry sails at night"' in line


def test_a_test_that_logs_a_secret_fails(tmp_path: Path):
    """The same conftest and plugins as all tests have, in a run of its own, with a test that does."""
    leak = tmp_path / "test_leak.py"
    leak.write_text(LEAK)
    run = run_python(PYTEST, str(leak), cwd=tmp_path, HOME=str(tmp_path), **ALONE)

    assert run.returncode == 1, run.stdout + run.stderr
    assert "AssertionError: a secret was logged" in run.stdout


def test_a_net_that_is_not_hung_up_fails_every_run(tmp_path: Path):
    """Also in the folders that no other test here is in: each test has to have the fixture, or none runs."""
    (tmp_path / "test_any.py").write_text("def test_any(): pass")
    without = 'from tests import conftest; conftest.pytest_plugins.remove("tests.canaries")'
    run = run_python(f"{without}\n{PYTEST}", "test_any.py", cwd=tmp_path, HOME=str(tmp_path), **ALONE)

    assert run.returncode not in {0, 1, 5}, run.stdout
    assert "Nobody looks for secrets" in run.stdout + run.stderr
