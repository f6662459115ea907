"""Host names and addresses, as people write them in settings, and as browsers and proxies send them."""

import re
import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

# As in DNS and browsers, plus the underscores in containers' names.
NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
ORIGIN: Final = re.compile(r"(https?)://(\[[^][/?#@\s]*\]|[^][:/?#@*\\%\s]+)(?::([0-9]+))?", re.IGNORECASE)
# What browsers read as an IPv4 address, in one of its many forms (WHATWG URL, "ends in a number").
ENDS_IN_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")

DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
HIGHEST_PORT: Final = 65_535
LONGEST_PORT: Final = len(str(HIGHEST_PORT))


def _as_browsers_write(address: IPv6Address) -> str:
    if (mapped := address.ipv4_mapped) is None:
        return f"[{address}]"
    return f"[::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xFFFF:x}]"


def _ip_of(host: str) -> str | None:
    """Return how browsers write the address that a host is, or None if they wouldn't accept it."""
    with suppress(ValueError, OSError):
        if host.startswith("["):
            return _as_browsers_write(IPv6Address(host[1:-1])) if "%" not in host else None
        return socket.inet_ntoa(socket.inet_aton(host))
    return None


def why_host_is_wrong(host: str) -> str | None:
    """Return how the host must be written to be what browsers send, or None if it is right."""
    if not host.isascii():
        return "with its name in ASCII, the form that begins with xn--"
    if host != host.lower():
        return "in lower case"
    if host.endswith("."):
        return "without a dot at the end of the name"
    if host.startswith("[") or ENDS_IN_NUMBER.fullmatch(host):
        address = _ip_of(host)
        return None if address == host else f"with the address as {address}" if address else "with a valid IP address"
    if not NAME.fullmatch(host):
        return "with a name of letters, digits, hyphens and dots, and at most 63 characters between two dots"
    return None


def why_origin_is_wrong(origin: str) -> str | None:
    """Return how the origin must be written to be what browsers send (HTML, "serialization of an origin"), or None."""
    match = ORIGIN.fullmatch(origin)
    if match is None:
        return "with http:// or https://, a name or an address, perhaps a port, and nothing else"
    scheme, host, port = match.groups()
    if not scheme.islower():
        return "in lower case"
    if port == DEFAULT_PORTS[scheme]:
        return f"without :{port}, which browsers leave out after {scheme}://"
    if port is not None and (port.startswith("0") or len(port) > LONGEST_PORT or int(port) > HIGHEST_PORT):
        return f"with a port from 1 to {HIGHEST_PORT}, without zeros before it"
    return why_host_is_wrong(host)


def read_networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a setting. An address is a network of one.

    Raises:
        ValueError: says how one of them must be written.
    """
    return tuple(_read_network(part.strip()) for part in text.split(","))


def _read_network(text: str) -> Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("as single addresses or networks, with nothing else between the commas") from None
    if "%" in text:
        raise ValueError("without zones (%)")
    if mapped := getattr(network.network_address, "ipv4_mapped", None):
        raise ValueError(
            f"with {mapped} for {network.network_address}, since IPv4 addresses are always compared as IPv4"
        )
    if network.prefixlen == 0:
        raise ValueError("with a single * to trust everyone")
    if ip_address(text.partition("/")[0]) != network.network_address:
        raise ValueError(f"with the network's own address, {network}")
    return network


def read_address(text: str) -> Address | None:
    """Return the address that a proxy or the operating system gives, or None if it isn't one.

    It may have a port, brackets or quotes. An IPv4 address inside IPv6 is returned as IPv4.
    """
    text = text.strip().strip('"')
    if match := re.fullmatch(r"\[([^]]*)\](?::[0-9]*)?|([^:]*):[0-9]*", text):
        text = match[1] or match[2] or ""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
