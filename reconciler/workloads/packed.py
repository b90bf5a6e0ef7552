"""Parts of a spec that stay the JSON they came as: large, rarely read, and there are thousands of them."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

ABSENT = msgspec.Raw(b"null")


def pack(value: Any) -> msgspec.Raw:
    return msgspec.Raw(orjson.dumps(value))


def unpack(packed: msgspec.Raw) -> Any:
    """A copy of its own for whoever asks."""
    return orjson.loads(memoryview(packed))


def detached(packed: msgspec.Raw, field: str, *, kind: type[dict[str, Any]] | type[list[Any]]) -> msgspec.Raw:
    """What was decoded is a view into the whole object, which would keep that alive: this is not.

    `kind` or null is expected. Raises `ValueError` naming the field otherwise, which `msgspec` reports as its own.
    """
    opening, word = (b"{", "object") if kind is dict else (b"[", "array")
    if bytes(memoryview(packed)[:1]) not in (opening, b"n"):
        raise ValueError(f"Expected `{word} | null` in `{field}`")
    return packed.copy()
