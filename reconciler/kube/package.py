"""The parts of the `kubernetes` package that are used here: configuration, credentials and TLS.

Imported as usual it brings its typed model of every kind: 65 MiB of memory and a second of every start, for nothing
that is needed here. So its packages are entered without running their `__init__`, and whoever imports it as usual
later, in the same process, gets it whole.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import suppress
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

_ENTERED = ("kubernetes", "kubernetes.client", "kubernetes.client.models")
"""Packages whose `__init__` imports what we do without; parents first."""


class Parts(NamedTuple):
    """`config` reads kubeconfig files and pods' accounts; the others are its types."""

    config: Any
    configuration: Any
    api_client: Any


@cache
def parts() -> Parts:
    """Takes a quarter of a second at the first call. A release that is built otherwise is loaded whole."""
    if _ENTERED[0] not in sys.modules:
        with suppress(ImportError, AttributeError):
            return _loaded_in_part()
    return _found()


def _loaded_in_part() -> Parts:
    try:
        for name in _ENTERED:
            sys.modules[name] = _entered(name)
        client: Any = sys.modules["kubernetes.client"]
        client.Configuration = importlib.import_module("kubernetes.client.configuration").Configuration
        client.ApiClient = importlib.import_module("kubernetes.client.api_client").ApiClient
        return _found()
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == _ENTERED[0]]:
            del sys.modules[name]


def _found() -> Parts:
    config = importlib.import_module("kubernetes.config")
    client = importlib.import_module("kubernetes.client")
    return Parts(config, client.Configuration, client.ApiClient)


def _entered(name: str) -> ModuleType:
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(name=name)
    return importlib.util.module_from_spec(spec)
