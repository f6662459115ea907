"""Origins are taken as browsers send them (`new URL(text).origin` gives what is right), networks as gunicorn does."""

from ipaddress import ip_network

import pytest
from gunicorn.config import validate_string_to_addr_list

from app.addresses import read_address, read_networks, why_origin_is_wrong

# What browsers send for it, where they know the address at all.
SENT_AS_IT_IS = [
    *("http://localhost", "https://board.example.com", "http://localhost:3000", "https://board.example.com:8443"),
    *(
        "http://a",
        "https://x:80",
        "http://x:443",
        "http://x:65535",
        "http://x:1",
        "http://my_board:8000",
        "http://-a-.lan",
    ),
    *("http://127.0.0.1:8000", "http://10.0.0.255", "http://1.2.3.4.example", "http://1e3.example", "http://0xg"),
    *(
        "http://[::1]:3000",
        "http://[2001:db8::1]",
        "http://[::]",
        "http://[1:2:3:4:5:6:7:8]",
        "http://[::ffff:102:304]",
    ),
    *("https://xn--bcher-kva.example", f"http://{'a' * 63}.lan", "http://[2001:db8:0:1:1:1:1:1]"),
]
SENT_OTHERWISE = {
    "https://board.example.com:443": "without :443",
    "http://board.example.com:80": "without :80",
    "http://x:08000": "without zeros",
    "http://x:0443": "without zeros",
    "HTTP://x": "lower case",
    "https://Board.example.com": "lower case",
    "https://[2001:DB8::1]": "lower case",
    "https://bücher.example": "xn--",
    "http://127.1": "127.0.0.1",
    "http://127.0.0.01": "127.0.0.1",
    "http://2130706433": "127.0.0.1",
    "http://0x7f000001": "127.0.0.1",
    "http://0x7f.1": "127.0.0.1",
    "http://0177.0.0.1:8000": "127.0.0.1",
    "http://[0:0:0:0:0:0:0:1]": "[::1]",
    "http://[2001:db8:0:0::1]": "[2001:db8::1]",
    "http://[::ffff:1.2.3.4]": "[::ffff:102:304]",
    "http://[0001::]": "[1::]",
    "http://[1:2:3:4:5:6::8]": "[1:2:3:4:5:6:0:8]",
}
NEVER_SENT = [
    *("", "null", "*", "localhost", "http://", "http:///", "//x", "ftp://x", "file://", "https://*.example.com"),
    *(
        "http://x/",
        "http://x?",
        "http://x#",
        "http://x\\",
        "http://u@x",
        "http://u:p@x",
        "http://x y",
        "http://x\n",
        "x:80",
    ),
    *("http://x:", "http://x:0", "http://x:65536", "http://x:99999999999999999999", "http://x:8o", "http://x:-1"),
    *("http://board.example.", "http://127.0.0.1.", "http://.", "http://a..b", "http://.a", "http://%61", "http://a,b"),
    *(
        f"http://{'a' * 64}.lan",
        f"http://{'a.' * 126}aaa",
        "http://1.2.3.4.5",
        "http://256.256.256.256",
        "http://1.2.3.999",
    ),
    *(
        "http://[",
        "http://[]",
        "http://[::1",
        "http://::1",
        "http://[::1]x",
        "http://[fe80::1%25eth0]",
        "http://[1.2.3.4]",
    ),
    *(
        "http://[fe80::1%eth0]",
        "http://[g::]",
        "http://[v1.a]",
        "http://\uff11\uff12\uff17.0.0.1",
        "http://x:\uff18\uff10",
        "http://a'b",
        "http://08",
    ),
]


@pytest.mark.parametrize("origin", SENT_AS_IT_IS)
def test_what_browsers_send_is_right(origin):
    """Names, addresses, and any port but the scheme's own."""
    assert why_origin_is_wrong(origin) is None


@pytest.mark.parametrize(("origin", "words"), SENT_OTHERWISE.items())
def test_what_browsers_send_otherwise_is_told(origin, words):
    """The sentence says what they send in its place."""
    assert words in (why_origin_is_wrong(origin) or "")


@pytest.mark.parametrize("origin", NEVER_SENT)
def test_what_browsers_never_send_is_refused(origin):
    """It is no origin, or has a name that no DNS knows."""
    assert why_origin_is_wrong(origin)


NETWORKS = [
    ("127.0.0.1", ["127.0.0.1/32"]),
    ("::1, 172.16.0.0/12", ["::1/128", "172.16.0.0/12"]),
    ("10.0.0.0/255.255.255.0", ["10.0.0.0/24"]),
    ("10.1.2.3/32,2001:DB8::/32", ["10.1.2.3/32", "2001:db8::/32"]),
]
NO_NETWORKS = {
    "": "between the commas",
    " ": "between the commas",
    "10.0.0.1,": "between the commas",
    "10.0.0.1, ,10.0.0.2": "between the commas",
    "10.0.0.1 10.0.0.2": "addresses",
    "*,10.0.0.1": "addresses",
    "proxy": "addresses",
    "010.0.0.1": "addresses",
    "10.0.0.0/33": "addresses",
    "[::1]": "addresses",
    "10.0.0.1:80": "addresses",
    "10.0.0.1/24": "10.0.0.0/24",
    "2001:db8::1/32": "2001:db8::/32",
    "::ffff:10.0.0.1": "10.0.0.1",
    "::ffff:10.0.0.0/104": "10.0.0.0",
    "fe80::1%eth0": "zones",
    "fe80::%eth0/64": "zones",
    "0.0.0.0/0": "*",
    "::/0": "*",
}


@pytest.mark.parametrize(("text", "networks"), NETWORKS)
def test_what_is_taken_for_proxies_starts_gunicorn_too(text, networks):
    """It reads FORWARDED_ALLOW_IPS by itself, before the board can say what is wrong with it."""
    assert read_networks(text) == tuple(map(ip_network, networks))
    assert validate_string_to_addr_list(text)


@pytest.mark.parametrize(("text", "words"), NO_NETWORKS.items())
def test_what_would_stop_gunicorn_or_match_nobody_is_refused(text, words):
    """The sentence says how to write it."""
    with pytest.raises(ValueError, match=r"\A[a-z*]") as refused:
        read_networks(text)

    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7:4711 ", "203.0.113.7"),
        ('"203.0.113.7:4711"', "203.0.113.7"),
        ("203.0.113.7:", "203.0.113.7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ('"[2001:db8::7]:4711"', "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:cb00:7107]:1", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("unknown", None),
        ("_hidden", None),
        ("_hidden:80", None),
        ("", None),
        ("for=203.0.113.7", None),
        ("203.0.113.7, 10.0.0.1", None),
        ("203.0.113.7:x", None),
        ("203.0.113", None),
        ("[203.0.113.7", None),
        ("x" * 16_000, None),
    ],
)
def test_an_address_is_read_in_each_form_that_proxies_send(told, address):
    """With and without port, brackets and quotes; IPv4 in IPv6 is IPv4; what names no address is none."""
    found = read_address(told)

    assert (None if found is None else str(found)) == address
