"""Sentences about missing or wrong settings, which say what to type."""

from typing import Final

from pydantic import ValidationError

NO_SECRET: Final = (
    "JWT_SECRET is not set. Create one in .env: "
    '(umask 077; echo "JWT_SECRET=$(python3 -c "import secrets; print(secrets.token_hex(32))")" >> .env)'
)


def explain(error: ValidationError) -> str:
    """Return one line for each refused variable. No value is repeated."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = ".".join(map(str, problem["loc"]))
        if name == "JWT_SECRET":
            lines.append(NO_SECRET)
        else:
            message = problem["msg"].removeprefix("Value error, ").replace("Input should", "must")
            lines.append(f"{name} {message}")
    return "\n".join(lines)
