"""No process keeps what a client chose the length of: caches have keys that are ours, or short."""

from app.api import compression


def test_whether_a_client_takes_gzip_is_not_remembered_by_its_header():
    """It is told anew each time, which takes half a microsecond."""
    assert compression.accepts("gzip" + ", x" * 5000, "gzip")
    assert not hasattr(compression.accepts, "cache_info")
