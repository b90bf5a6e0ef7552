"""A request and a response as plain data, so that forges and metric providers are pure functions over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `timeout` (seconds) covers the whole exchange; `secrets` are redacted from errors."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: float = 10.0
    insecure: bool = False
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """Status, lower-cased header names, and the body (at most the client's size limit)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Decoded body. Raises `orjson.JSONDecodeError` (a ValueError) when it is not JSON."""
        return orjson.loads(self.body)
