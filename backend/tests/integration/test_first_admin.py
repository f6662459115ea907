"""The first admin, as SETUP_USERNAME and SETUP_PASSWORD describe them."""

import subprocess

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import User
from app.services.identity import setup
from tests.logins import log_in
from tests.personas import PASSWORD, Persona
from tests.subprocesses import SECRET, run_python

MIGRATE = "import sys; sys.argv = ['statusboard', 'migrate']; from app.cli import main; main()"


@pytest.fixture
def migrate(database_url: str):
    """Run `statusboard migrate` with settings of its own."""

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return run_python(MIGRATE, DATABASE_URL=database_url, JWT_SECRET=SECRET, **environment)

    return run


async def test_a_new_board_has_its_admin(client: httpx.AsyncClient, db: AsyncSession, migrate):
    """Who can log in at once; no link is logged, and a second start changes nothing."""
    first = migrate(SETUP_USERNAME="ada", SETUP_PASSWORD=PASSWORD)
    second = migrate(SETUP_USERNAME="ada", SETUP_PASSWORD="another long password of hers")
    (found,) = (await db.scalars(select(User))).all()

    assert first.returncode == second.returncode == 0, first.stderr
    assert "#setup=" not in first.stdout + first.stderr
    assert PASSWORD not in first.stdout + first.stderr
    assert (found.username, found.role, found.founder) == ("ada", "admin", True)
    assert (await log_in(client, "ada")).status_code == 200


async def test_a_board_with_an_account_gets_no_other(ada: Persona, db: AsyncSession, migrate):
    """Whoever can set variables later is no way in."""
    process = migrate(SETUP_USERNAME="mallory", SETUP_PASSWORD=PASSWORD)

    assert process.returncode == 0, process.stderr
    assert [user.username for user in await db.scalars(select(User))] == ["ada"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SETUP_USERNAME": "ada"}, "SETUP_USERNAME and SETUP_PASSWORD belong together: set both, or neither."),
        ({"SETUP_PASSWORD": PASSWORD}, "SETUP_USERNAME and SETUP_PASSWORD belong together: set both, or neither."),
        ({"SETUP_USERNAME": "ada", "SETUP_PASSWORD": "short"}, "SETUP_PASSWORD can't be used: "),
        ({"SETUP_USERNAME": "ada", "SETUP_PASSWORD": "password1234"}, "SETUP_PASSWORD can't be used: "),
        ({"SETUP_USERNAME": "ada lovelace", "SETUP_PASSWORD": PASSWORD}, "SETUP_USERNAME can't be used: "),
    ],
)
async def test_what_can_not_be_an_admin_ends_the_start(environment, said: str, db: AsyncSession, migrate):
    """In a sentence that names the variable and not its value; the next start finds a board without an account."""
    process = migrate(**environment)

    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith(f"Error: {said}")
    assert "Traceback" not in process.stderr
    assert "password1234" not in process.stderr
    assert await setup.link(db) is not None
