"""The secrets that the tests look for in the log are those that they use."""

from datetime import UTC, datetime

from app.config import settings
from app.services import access_tokens, passwords, secrets
from tests.canaries import telling


async def test_every_kind_of_secret_is_looked_for():
    """The settings', a token that was issued, one that was looked up, and a password: each in the midst of a line."""
    refresh, password = secrets.new(), "no ferry sails at night"
    secrets.digest(refresh)
    await passwords.hash_password(password)
    issued = access_tokens.issue(user_id=1, session_id=1, now=datetime.now(UTC))
    lines = [f"before {secret} after" for secret in (settings.JWT_SECRET, issued, refresh, password)]

    assert telling([*lines, "before after"]) == lines
