"""Random secrets that are shown once, and derived secrets that are stored nowhere."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Final

from app.config import settings

# 256 bits can't be guessed, so a fast hash without salt protects them (OWASP ASVS 5.0, 6.5.2).
SECRET_BYTES: Final = 32


def new() -> str:
    """Return a random secret of 43 characters of `A-Za-z0-9_-`."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> bytes:
    """Return the 32 bytes under which a secret is stored."""
    return hashlib.sha256(secret.encode()).digest()


def _derive(key: str, purpose: str, text: str) -> str:
    mac = hmac.digest(key.encode(), f"statusboard:{purpose}:{text}".encode(), "sha256")
    return urlsafe_b64encode(mac).rstrip(b"=").decode()


def derive(purpose: str, text: str) -> str:
    """Return a secret that only a holder of JWT_SECRET can make from `text`. It differs for each purpose."""
    return _derive(settings.JWT_SECRET, purpose, text)


def derived(purpose: str, text: str) -> list[str]:
    """Return what `derive` returns, and after it what it returned before JWT_SECRET was changed, if that is known."""
    keys = filter(None, (settings.JWT_SECRET, settings.JWT_SECRET_PREVIOUS))
    return [_derive(key, purpose, text) for key in keys]


def equal(one: str, other: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
