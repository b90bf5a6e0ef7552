"""Go's duration texts (`1h30m`, `500ms`), which Kubernetes-style objects use for every period of time."""

from __future__ import annotations

import re
from datetime import timedelta

_MICROSECONDS = {"ns": 0.001, "us": 1.0, "µs": 1.0, "μs": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_WHOLE = re.compile(rf"([+-]?)(0|(?:{_PART.pattern})+)", re.ASCII)
_LONGEST_TEXT = 100
_LIMIT_MICROSECONDS = 2**63 / 1000
"""Go counts nanoseconds in 64 bits, about 292 years."""


def is_duration(text: str) -> bool:
    """Whether it is a length of time, not a negative one."""
    try:
        return parse_go_duration(text).total_seconds() >= 0
    except ValueError:
        return False


def parse_go_duration(text: str) -> timedelta:
    """The length of a Go duration text; finer parts than a microsecond are lost. Raises ValueError on anything else."""
    match = _WHOLE.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise ValueError(f"{text[:_LONGEST_TEXT]!r} is not a duration such as 30s, 5m or 1h30m")
    microseconds = sum(float(number) * _MICROSECONDS[unit] for number, unit in _PART.findall(match[2]))
    if microseconds >= _LIMIT_MICROSECONDS:
        raise ValueError(f"{text!r} is longer than 292 years")
    length = timedelta(microseconds=microseconds)
    return -length if match[1] == "-" else length
