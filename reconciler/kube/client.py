"""The `Cluster` port over HTTP(S): each method is one call, or the pages of one list.

Bodies are bytes made and read by us; what the answers mean is decided in `answers.py`, how a server is reached in
`connection.py`. A list that outlives its continue token starts again, at last without pages.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import orjson

from reconciler.errors import Gone
from reconciler.kube import connection, nesting
from reconciler.kube.api import ROLLOUTS_MANAGER, SYNC_MANAGER, Cluster, Object, PatchKind, RawList, Resource
from reconciler.kube.discovery import Discovery
from reconciler.kube.objects import PODS
from reconciler.kube.transport import JSON_PATCH, READ_SECONDS, Call, OnRequest, Transport, call_for
from reconciler.kube.watching import SILENCE_SECONDS, Watch

PAGE_SIZE = 500
PAGED_ATTEMPTS = 3
LOG_BYTES = 1 << 20
WATCH_SECONDS = (300, 600)

_PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": JSON_PATCH,
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",  # JSON is YAML
}


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None = None


_decode_page = msgspec.json.Decoder(_Page).decode


def _page(body: bytes) -> _Page:
    """One object that is nested too deeply does not hide those beside it."""
    try:
        return _decode_page(body)
    except RecursionError:
        found = nesting.fields(body)
        items = map(nesting.bearable, nesting.elements(found.get("items", b"[]")))
        return _decode_page(b'{"metadata":%s,"items":[%s]}' % (found.get("metadata", b"{}"), b",".join(items)))


def connect(kubeconfig: str = "", context: str = "", *, user_agent: str) -> HttpCluster:
    """The cluster of a kubeconfig and context, or of the pod that we run in. Raises `UserError` if there is none."""
    return HttpCluster(connection.configured(kubeconfig, context), user_agent)


class HttpCluster(Cluster):
    """`Cluster` over one connection pool."""

    def __init__(self, where: connection.Connection, user_agent: str, *, silence: float = SILENCE_SECONDS) -> None:
        self._transport = Transport(where, user_agent)
        self._silence = silence
        self._discovery = Discovery(
            lambda path: self._transport.send(Call("GET", path, "get", "discover " + path, "discovery"))
        )

    @classmethod
    def for_url(cls, url: str, token: str = "", *, user_agent: str = "reconciler") -> HttpCluster:
        """A server without certificates, such as the sandbox."""
        return cls(connection.plain(url, token), user_agent)

    def observe(self, on_request: OnRequest) -> None:
        """Reports every request from now on."""
        self._transport.on_request = on_request

    def fence(self, may_write: Callable[[], bool]) -> None:
        """From now on only Leases and Events are written while `may_write` says no: other calls raise `Transient`."""
        self._transport.may_write = may_write

    def close(self) -> None:
        """Closes the connections that are not in use; a later request opens a new one."""
        self._transport.close()

    def get(self, resource: Resource, namespace: str | None, name: str, subresource: str | None = None) -> Object:
        return self._object(call_for("GET", "get", resource, namespace, name, subresource=subresource))

    def list_raw(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> RawList:
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        for _ in range(PAGED_ATTEMPTS):
            try:
                return self._pages(resource, namespace, {**query, "limit": str(PAGE_SIZE)})
            except Gone:
                continue
        return self._pages(resource, namespace, query)

    def list(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> list[Object]:
        raw = self.list_raw(resource, namespace, label_selector=label_selector, field_selector=field_selector)
        kind = {"apiVersion": resource.api_version, "kind": resource.kind}  # lists leave it out of their items
        return [kind | orjson.loads(item) for item in raw.items]

    def create(
        self, resource: Resource, namespace: str | None, body: Object, *, field_manager: str = ROLLOUTS_MANAGER
    ) -> Object:
        name = str(body.get("metadata", {}).get("name", ""))
        query = {"fieldManager": field_manager}
        return self._object(call_for("POST", "create", resource, namespace, name, query=query, body=orjson.dumps(body)))

    def apply(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Object,
        *,
        field_manager: str = SYNC_MANAGER,
        force: bool = True,
        dry_run: bool = False,
    ) -> Object:
        query = {"fieldManager": field_manager, "fieldValidation": "Strict", "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        return self._patch("apply", resource, namespace, name, orjson.dumps(body), "apply", query)

    def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        patch: Any,
        *,
        kind: PatchKind = "merge",
        subresource: str | None = None,
        field_manager: str = ROLLOUTS_MANAGER,
    ) -> Object:
        query = {"fieldManager": field_manager}
        return self._patch("patch", resource, namespace, name, orjson.dumps(patch), kind, query, subresource)

    def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        conditions = {"uid": uid, "resourceVersion": resource_version}
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
            "preconditions": {key: value for key, value in conditions.items() if value},
        }
        self._transport.send(call_for("DELETE", "delete", resource, namespace, name, body=orjson.dumps(options)))

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Watch:
        """As the port says. The watch is open when this returns, or the error that prevented it is raised."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(random.randint(*WATCH_SECONDS)),  # random, so that watches do not end together
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
        }
        call = call_for("GET", "watch", resource, namespace, query=query)
        return Watch(call.act, self._transport.open(call, min(READ_SECONDS, self._silence)), self._silence)

    def find(self, api_version: str, kind: str) -> Resource:
        return self._discovery.find(api_version, kind)

    def pod_log(self, namespace: str, name: str, *, tail_lines: int) -> str:
        query = {"tailLines": str(tail_lines), "limitBytes": str(LOG_BYTES)}
        call = call_for("GET", "get", PODS, namespace, name, subresource="log", query=query)
        return self._transport.send(call).decode(errors="replace")

    def server_version(self) -> str:
        answer = orjson.loads(self._transport.send(Call("GET", "/version", "get", "ask for the version", "version")))
        return str(answer["gitVersion"])

    def _object(self, call: Call) -> Object:
        raw = self._transport.send(call)
        try:
            found: Object = orjson.loads(raw)
        except orjson.JSONDecodeError:
            if not nesting.too_deep(raw):
                raise
            found = orjson.loads(nesting.bearable(raw))
        return found

    def _patch(
        self,
        verb: str,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: bytes,
        kind: str,
        query: Mapping[str, str],
        subresource: str | None = None,
    ) -> Object:
        call = call_for(
            "PATCH",
            verb,
            resource,
            namespace,
            name,
            subresource=subresource,
            query=query,
            body=body,
            content_type=_PATCH_TYPES[kind],
        )
        return self._object(call)

    def _pages(self, resource: Resource, namespace: str | None, query: Mapping[str, str]) -> RawList:
        items: list[bytes] = []
        version, token = "", ""
        while True:
            call = call_for("GET", "list", resource, namespace, query={**query, "continue": token})
            page = _page(self._transport.send(call))
            items.extend(map(bytes, page.items or ()))
            version, token = version or page.metadata.resource_version, page.metadata.continue_
            if not token:
                return RawList(items, version)
