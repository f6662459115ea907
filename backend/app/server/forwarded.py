"""The client's address and scheme, from the `X-Forwarded-For` and `X-Forwarded-Proto` of trusted proxies.

uvicorn's own middleware knows only one form of the scheme, accepts anything as an address, and believes what a client
wrote itself if everybody is trusted.
"""

from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from typing import Any, Final, cast

from uvicorn import Config
from uvicorn._types import HTTPScope, WebSocketScope

from app.addresses import Address, read_address, read_networks

EVERYBODY: Final = "*"
HEADERS: Final = (b"x-forwarded-for", b"x-forwarded-proto")
# Whether a browser uses TLS to the first proxy.
SCHEMES: Final = {"http": ("http", "https"), "websocket": ("ws", "wss")}
SECURE: Final = {"http": False, "https": True, "ws": False, "wss": True}


def _items(values: Iterable[bytes]) -> list[str]:
    """Return the items of a header that has several lines, without empty ones (RFC 9110, section 5.6.1)."""
    return [item for item in (part.strip() for part in b",".join(values).decode("latin-1").split(",")) if item]


class Proxies:
    """The trusted proxies. If everybody is trusted, only the one that connects counts as a proxy."""

    def __init__(self, setting: str) -> None:
        self._everybody = setting == EVERYBODY
        self._networks = read_networks(setting) if setting and not self._everybody else ()

    def include(self, address: Address | None) -> bool:
        """Tell whether this is a proxy's address."""
        return address is not None and any(address in network for network in self._networks)

    def correct(self, scope: MutableMapping[str, Any]) -> None:
        """Set a request's or a socket's scope to what trusted proxies say about it."""
        peer, sent = scope["client"], [header for header in scope["headers"] if header[0] in HEADERS]
        if not sent or peer is None or not (self._everybody or self.include(read_address(peer[0]))):
            return
        addresses, schemes = (_items(value for name, value in sent if name == header) for header in HEADERS)
        hops = self._hops(addresses)
        if hops:
            scope["client"] = (str(read_address(addresses[-hops])), 0)
        if schemes:
            # Either each proxy adds to both lists, or only the first one gives the scheme. Earlier items are from the
            # client.
            scheme = schemes[-min(max(hops, 1), len(schemes))]
            if (secure := SECURE.get(scheme.strip('"').lower())) is not None:
                scope["scheme"] = SCHEMES[scope["type"]][secure]

    def _hops(self, addresses: list[str]) -> int:
        """Return how many addresses, from the end, were written by trusted proxies."""
        for hops, item in enumerate(reversed(addresses), start=1):
            address = read_address(item)
            if address is None:
                return hops - 1
            if not self.include(address):
                return hops
        return len(addresses)


@lru_cache(maxsize=8)
def trusted(setting: str) -> Proxies:
    """Return the proxies named by a value of FORWARDED_ALLOW_IPS. An empty value names nobody."""
    return Proxies(setting)


def correct(scope: HTTPScope | WebSocketScope, config: Config) -> None:
    """Correct a scope by the proxies in uvicorn's configuration."""
    trusted(str(config.forwarded_allow_ips)).correct(cast("MutableMapping[str, Any]", scope))
