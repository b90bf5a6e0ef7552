"""A record as text for a ConfigMap: JSON, and compressed once it is large (the API server's limit is 1 MiB)."""

from __future__ import annotations

import base64
import zlib

from reconciler.errors import Problem, UserError

PREFIX = "zlib:"
COMPRESS_ABOVE = 200 * 1024
"""Bytes. Below it a person can read the record with kubectl."""
LIMIT = 900 * 1024
"""Bytes left for the record of the 1 MiB that one ConfigMap may have."""
MAX_UNPACKED = 64 * 1024 * 1024


def pack(data: bytes) -> str:
    """Raises `UserError` when even the compressed text does not fit one ConfigMap."""
    text = data.decode()
    if len(data) > COMPRESS_ABOVE:
        text = PREFIX + base64.b64encode(zlib.compress(data, 6)).decode()
    if len(text) > LIMIT:
        raise UserError(
            Problem(
                f"the record of this Application has {len(text)} bytes, the limit is {LIMIT}",
                fix="split it into several Applications",
            )
        )
    return text


def unpack(text: str) -> bytes:
    """The inverse of `pack`. Raises `ValueError` for text that it did not write."""
    if not text.startswith(PREFIX):
        return text.encode()
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(base64.b64decode(text[len(PREFIX) :], validate=True), MAX_UNPACKED)
    except zlib.error as error:
        raise ValueError(f"the compressed record is damaged: {error}") from error
    if not inflater.eof:
        raise ValueError("the compressed record is cut short or too large")
    return data
