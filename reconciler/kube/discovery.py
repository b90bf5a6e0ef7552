"""Which resource serves a kind: the discovery documents, one per group and version, asked for when first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from reconciler.errors import NotFound
from reconciler.kube.api import Resource


class _Served(msgspec.Struct):
    name: str
    kind: str
    namespaced: bool = False


class _ResourceList(msgspec.Struct):
    resources: tuple[_Served, ...] = ()


class Discovery:
    """Remembers what was found for ever, and asks again whenever a kind is not among it: CRDs come and go."""

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        """`fetch` gets a URL path; it raises `NotFound` for a group and version that is not served."""
        self._fetch = fetch
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Resource] = {}

    def find(self, api_version: str, kind: str) -> Resource:
        """Raises `NotFound` when the server does not serve the kind now."""
        found = self._known.get((api_version, kind))
        if found is not None:
            return found
        with self._lock:
            if (api_version, kind) not in self._known:
                self._ask(api_version)
            try:
                return self._known[api_version, kind]
            except KeyError:
                raise NotFound(f"the cluster serves no kind {kind} in {api_version}") from None

    def forget(self, api_version: str, kind: str) -> None:
        """For when a request for a known kind said that it is no longer served."""
        self._known.pop((api_version, kind), None)

    def _ask(self, api_version: str) -> None:
        group, _, version = api_version.rpartition("/")
        try:
            body = self._fetch(f"/apis/{group}/{version}" if group else f"/api/{version}")
        except NotFound:
            return
        for served in msgspec.json.decode(body, type=_ResourceList).resources:
            if "/" not in served.name:
                resource = Resource(group, version, served.kind, served.name, served.namespaced)
                self._known.setdefault((api_version, served.kind), resource)
