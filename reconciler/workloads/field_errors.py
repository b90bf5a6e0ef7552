"""The form in which problems of an object are told: that of the Kubernetes API's field errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec


def invalid(path: str, value: object, detail: str) -> str:
    """`<path>: Invalid value: <value>: <what to do>`."""
    return f"{path}: Invalid value: {_shown(value)}: {detail}"


def required(path: str, detail: str) -> str:
    return f"{path}: Required value: {detail}"


def duplicate(path: str, value: object) -> str:
    return f"{path}: Duplicate value: {_shown(value)}: must be unique"


def unsupported(path: str, value: object, choices: Iterable[str]) -> str:
    return f"{path}: Unsupported value: {_shown(value)}: must be one of {', '.join(choices)}"


def forbidden(path: str, detail: str) -> str:
    return f"{path}: Forbidden: {detail}"


def not_found(path: str, value: object, detail: str) -> str:
    """Something of the same object that is named but not there."""
    return f"{path}: Not found: {_shown(value)}: {detail}"


def repeated(path: str, names: Iterable[str]) -> Iterator[str]:
    """Of the items of a list that are told apart by their names; those without one have a problem of their own."""
    for name, count in Counter(names).items():
        if name and count > 1:
            yield invalid(path, name, "names must be unique")


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()
