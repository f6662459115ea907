"""The host names at which the board answers.

An attacker's page can be at a name whose DNS later leads to this machine (DNS rebinding). A browser then takes the page
for the board's own. IP addresses and names without a dot are safe, because no DNS can point them here.
"""

import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.api.errors import answer_to
from app.errors import WrongHost

# A name or an IPv4 address, perhaps with a port. An IPv6 address has its dots in brackets.
NAME: Final = re.compile(r"([0-9a-z._-]{1,254})(?::[0-9]{0,5})?")
ADDRESS: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]{0,5})?|\[[0-9a-f:.]+(?:%[^]]*)?\](?::[0-9]{0,5})?")
BELOW: Final = "*"


def _sent(scope: Scope) -> list[str]:
    return [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]


class Hosts:
    """The board's names. `*.example.com` matches every name below that one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._endings = tuple(name.removeprefix(BELOW) for name in self._names if name.startswith(BELOW))

    def include(self, scope: Scope) -> bool:
        """Tell whether a request names one of them, or none at all, which no browser does."""
        sent = _sent(scope)
        if len(sent) != 1:
            return not sent
        host = sent[0]
        if "." not in host or ADDRESS.fullmatch(host):
            return True
        match = NAME.fullmatch(host)
        name = match[1].removesuffix(".") if match else ""
        return name in self._names or name.endswith(self._endings)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request for another name, with the setting that would allow it. A browser gets plain text."""
    sent = _sent(scope)
    match = NAME.fullmatch(sent[0]) if len(sent) == 1 else None
    error = WrongHost(
        "The Host header must name one host."
        if match is None
        else f"You opened this board as {match[1]}, a name that isn't in its settings. If the name is right, "
        f"set ALLOWED_HOSTS={match[1]} and restart the board."
    )
    if "text/html" in Headers(scope=scope).get("accept", ""):
        await PlainTextResponse(f"{error.text}\n", status_code=421)(scope, receive, send)
    else:
        await answer_to(error)(scope, receive, send)
