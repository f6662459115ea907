"""What is believed of what proxies say: by exactly as many hops as are trusted, counted from the end."""

import pytest

from app.server.forwarded import trusted

PROXIES = "10.0.0.0/24, ::1, 2001:db8:0:1::/64"


def corrected(*headers: tuple[str, str], peer: str = "10.0.0.1", setting: str = PROXIES, kind: str = "http"):
    """Return the client's address and the scheme, of a request with these headers."""
    scope = {
        "type": kind,
        "client": (peer, 4711),
        "scheme": "http" if kind == "http" else "ws",
        "headers": [(b"host", b"board"), *((name.encode(), value.encode("latin-1")) for name, value in headers)],
    }
    trusted(setting).correct(scope)
    return scope["client"][0], scope["scheme"]


FOR = [
    (["203.0.113.7"], "203.0.113.7"),
    (["203.0.113.7:4711"], "203.0.113.7"),
    (["[2001:DB8::7]:443"], "2001:db8::7"),
    (['"[2001:db8::7]"'], "2001:db8::7"),
    (["::ffff:203.0.113.7"], "203.0.113.7"),
    (["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
    (["6.6.6.6,203.0.113.7,10.0.0.2"], "203.0.113.7"),
    (["6.6.6.6", "203.0.113.7", "10.0.0.2:80"], "203.0.113.7"),
    (["203.0.113.7, 2001:db8:0:1::5, [::1]:80"], "203.0.113.7"),
    (["203.0.113.7, ,10.0.0.2,", ""], "203.0.113.7"),
    (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    (["6.6.6.6, unknown"], "10.0.0.1"),
    (["6.6.6.6, unknown, 10.0.0.2"], "10.0.0.2"),
    (["for=203.0.113.7"], "10.0.0.1"),
    (["_hidden"], "10.0.0.1"),
    (["203.0.113"], "10.0.0.1"),
    ([""], "10.0.0.1"),
    ([" , ,"], "10.0.0.1"),
]


@pytest.mark.parametrize(("lines", "client"), FOR)
def test_the_last_address_that_is_no_proxys_is_the_clients(lines, client):
    """What stands before it the client may have written; where a proxy doesn't know, it counts itself."""
    assert corrected(*(("x-forwarded-for", line) for line in lines))[0] == client


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("10.0.0.254", "203.0.113.7"),
        ("::1", "203.0.113.7"),
        ("::ffff:10.0.0.1", "203.0.113.7"),
        ("2001:db8:0:1::9%eth0", "203.0.113.7"),
        ("10.0.1.1", "10.0.1.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:db8:0:2::9", "2001:db8:0:2::9"),
        ("testclient", "testclient"),
    ],
)
def test_only_a_trusted_peer_is_believed(peer, client):
    """Whichever way its address is written."""
    found = corrected(("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https"), peer=peer)

    assert found == (client, "http" if client == peer else "https")


def test_where_everybody_is_trusted_one_hop_is():
    """What a client writes before that is its own invention."""
    assert corrected(("x-forwarded-for", "6.6.6.6, 203.0.113.7"), setting="*")[0] == "203.0.113.7"


def test_an_empty_setting_trusts_nobody():
    """As `statusboard up` has it, unless it is told otherwise."""
    assert corrected(("x-forwarded-for", "203.0.113.7"), peer="127.0.0.1", setting="") == ("127.0.0.1", "http")


PROTO = [
    (["https"], "https"),
    (["HTTPS"], "https"),
    ([" Https "], "https"),
    (['"https"'], "https"),
    (["wss"], "https"),
    (["http"], "http"),
    (["http, https"], "https"),
    (["http,http, https"], "https"),
    (["http", "https"], "https"),
    (["https", "http"], "http"),
    (["", "https"], "https"),
    ([", https"], "https"),
    (["ftp"], "http"),
    (["httpsx"], "http"),
    ([""], "http"),
]


@pytest.mark.parametrize(("lines", "scheme"), PROTO)
def test_the_scheme_is_understood_in_every_form(lines, scheme):
    """In capitals, in lists, in several lines; by HTTP's name or WebSocket's."""
    headers = [("x-forwarded-proto", line) for line in lines]

    assert corrected(*headers)[1] == scheme
    assert corrected(*headers, kind="websocket")[1] == scheme.replace("http", "ws")


@pytest.mark.parametrize(
    ("addresses", "schemes", "scheme"),
    [
        pytest.param("6.6.6.6, 203.0.113.7", "https, http", "http", id="the client wrote both"),
        pytest.param("203.0.113.7", "https, http", "http", id="the client wrote a scheme"),
        pytest.param("203.0.113.7", "http, http, https", "https", id="the client wrote two schemes"),
        pytest.param("6.6.6.6, 203.0.113.7", "http", "http", id="the client wrote an address"),
        pytest.param("203.0.113.7, 10.0.0.2", "https, http, http", "http", id="two proxies, and a scheme"),
        pytest.param("203.0.113.7, 10.0.0.2", "http, https, http", "https", id="two proxies, and another"),
        pytest.param("203.0.113.7, 10.0.0.2", "https", "https", id="only the first proxy tells the scheme"),
        pytest.param("unknown", "https, http", "http", id="the client wrote a scheme and hides"),
        pytest.param("", "https, http", "http", id="the proxy tells the scheme alone"),
    ],
)
def test_the_scheme_is_that_of_the_clients_hop(addresses, schemes, scheme):
    """Counted from the end, as the address is: what the client itself wrote stands before."""
    assert corrected(("x-forwarded-for", addresses), ("x-forwarded-proto", schemes))[1] == scheme


def test_no_other_header_is_believed():
    """Neither another host, nor other ways to name a client."""
    headers = [("x-forwarded-host", "evil.example"), ("x-real-ip", "6.6.6.6"), ("forwarded", "for=6.6.6.6;proto=https")]

    assert corrected(*headers) == ("10.0.0.1", "http")
