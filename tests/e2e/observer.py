"""Watches objects of the real API server and remembers when each state was seen: an independent witness."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, NamedTuple

from tests.testbed import kubeconfig
from tests.testbed.access import Access

_AGAIN_SECONDS = 0.1
"""Where a kind is not served yet it is asked for again, but not all the time."""


class Seen(NamedTuple):
    """One version of an object; `at` is monotonic. Of one that is gone by then it is the last."""

    at: float
    obj: dict[str, Any]
    gone: bool = False


class Observer:
    """Every version of the objects under one API path, with the monotonic time at which it arrived."""

    def __init__(self, cluster: Access, path: str) -> None:
        self._cluster = cluster
        self._path = path
        self._seen: list[Seen] = []
        self._versions: set[tuple[str, str]] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()

    def first(self, matches: Callable[[dict[str, Any]], bool], since: float = 0.0) -> float | None:
        """When an object that matches was first seen at or after `since`."""
        return next((at for at, obj, _ in list(self._seen) if at >= since and matches(obj)), None)

    def since(self, since: float) -> list[dict[str, Any]]:
        """Every version seen at or after `since`."""
        return [obj for at, obj, _ in list(self._seen) if at >= since]

    def history(self) -> list[Seen]:
        """All that was seen, in the order in which it came."""
        return list(self._seen)

    def _run(self) -> None:
        with self._cluster.network.entered():
            while not self._stopping.is_set():
                with contextlib.suppress(OSError, HTTPException, ValueError):
                    self._watch()
                self._stopping.wait(_AGAIN_SECONDS)

    def _watch(self) -> None:
        context = ssl.create_default_context(cafile=str(self._cluster.certificate))
        headers = {"Authorization": f"Bearer {kubeconfig.token(self._cluster.kubeconfig)}", "User-Agent": "observer"}
        request = urllib.request.Request(f"{self._cluster.url}{self._path}?watch=1&timeoutSeconds=60", headers=headers)
        with urllib.request.urlopen(request, timeout=70, context=context) as stream:
            for line in stream:
                event = json.loads(line)
                self._remember(event["object"], gone=event["type"] == "DELETED")
                if self._stopping.is_set():
                    return

    def _remember(self, obj: dict[str, Any], *, gone: bool) -> None:
        """A watch that starts again repeats what was seen before."""
        metadata = obj.get("metadata", {})
        version = (metadata.get("uid", ""), metadata.get("resourceVersion", ""))
        if version not in self._versions:
            self._versions.add(version)
            self._seen.append(Seen(time.monotonic(), obj, gone))
