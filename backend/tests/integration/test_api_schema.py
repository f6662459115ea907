"""The OpenAPI schema is true: Schemathesis finds no answer that it does not declare, and no error of the server."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

from app.config import settings
from app.services.identity import attempts
from tests.personas import Persona, new_persona
from tests.servers import Server

TESTS = Path(__file__).parent.parent


async def test_the_api_is_as_its_schema_says(server: Server, ada: Persona, bob: Persona, monkeypatch):
    """All checks, with good and bad input, by an admin on a real database. What is excused is in its settings."""
    monkeypatch.setattr(settings, "REGISTRATION", "open")
    for limit in ["BY_NAME", "BY_ADDRESS"]:
        monkeypatch.setattr(attempts, limit, (10_000, timedelta(hours=1)))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(TESTS / "schemathesis.toml")),
        *("run", f"{server.url}/api/v1/openapi.json", "--checks", "all"),
        env=os.environ
        | {
            "ADMIN_TOKEN": ada.token,
            "MEMBER_TOKEN": bob.token,
            "LEAVING_TOKEN": (await new_persona("carol")).token,
            "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks",
            "PYTHONPATH": str(TESTS.parent),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    still = await ada.client.get("/api/v1/users/me")

    assert process.returncode == 0, output.decode()
    assert still.status_code == 200, "the admin was locked out on the way, and the rest tested nothing"
    assert still.json()["time_zone"] != ada.user.time_zone, "no time zone was one: schemathesis_hooks.py was not loaded"
