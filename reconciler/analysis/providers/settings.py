"""Reads a provider's settings and keeps every problem, so that people mend a template once and not line by line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from reconciler.analysis.providers.contract import ProviderError
from reconciler.kube.durations import parse_go_duration


class SettingsReader:
    """Reads fields of `provider.NAME`; `finish` raises a ProviderError with all that was wrong."""

    def __init__(self, provider: str, config: Mapping[str, Any]) -> None:
        self._at, self._config = f"provider.{provider}", config
        self._problems: list[str] = []

    def wrong(self, what: str) -> None:
        self._problems.append(f"{self._at}{what}")

    def text(self, key: str, *, needed: bool = False) -> str:
        """The setting as text; empty when it is not there."""
        text = str(self._config.get(key) or "")
        if needed and not text.strip():
            self.wrong(f".{key} is empty")
        return text

    def mapping(self, key: str) -> Mapping[str, Any]:
        """The setting as a map; empty when it is not there."""
        found = self._config.get(key) or {}
        if isinstance(found, Mapping):
            return found
        self.wrong(f".{key} must be a map")
        return {}

    def duration(self, key: str, default: timedelta) -> timedelta:
        """A Go duration that must be more than nothing."""
        text = self.text(key)
        try:
            length = parse_go_duration(text) if text else default
        except ValueError as error:
            self.wrong(f".{key}: {error}")
            return default
        if length <= timedelta():
            self.wrong(f".{key} must be more than nothing")
        return length

    def whole_seconds(self, key: str, default: int) -> int:
        """A whole number of seconds above 0; 0 and nothing mean the default."""
        try:
            seconds = int(self.text(key) or default)
        except ValueError:
            self.wrong(f".{key} {self.text(key)!r} is not a number of seconds")
            return default
        if seconds < 0:
            self.wrong(f".{key} must be more than nothing")
        return seconds or default

    def address(self, key: str = "address") -> str:
        """An http(s) URL without the slash at its end. User info in it is not shown."""
        text = self.text(key, needed=True).strip().rstrip("/")
        if text and not is_web_address(text):
            self.wrong(f".{key} {text.rpartition('@')[2]!r} is not an http(s) URL")
        return text

    def finish(self) -> None:
        """Raises ProviderError when anything was wrong."""
        if self._problems:
            raise ProviderError("; ".join(self._problems))


def is_web_address(text: str) -> bool:
    """Whether requests can be sent below this URL."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
