"""The form in which problems of an object are told: that of the Kubernetes API's field errors."""

from __future__ import annotations

import msgspec


def invalid(path: str, value: object, detail: str) -> str:
    """`<path>: Invalid value: <value>: <what to do>`."""
    return f"{path}: Invalid value: {msgspec.json.encode(value).decode()}: {detail}"


def required(path: str, detail: str) -> str:
    return f"{path}: Required value: {detail}"
