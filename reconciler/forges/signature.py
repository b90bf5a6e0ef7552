"""HMAC-SHA256 over the raw bytes of a webhook, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac


def signed(secret: str, body: bytes, claimed: str) -> bool:
    """Whether `claimed` (bare hexadecimal) is the body's HMAC. An empty secret never matches."""
    if not secret:
        return False
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), claimed.strip().encode("utf-8", "surrogateescape"))
