"""One request, one answer: from the HTTP request to the verb that serves it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from reconciler.sandbox.api import patch as patches
from reconciler.sandbox.api.core import Api, Options, in_version
from reconciler.sandbox.api.delete import Deletion, delete, delete_collection
from reconciler.sandbox.api.read import Wanted, listed
from reconciler.sandbox.api.scale import patch_scale, rescale, scale_of
from reconciler.sandbox.api.write import create, update
from reconciler.sandbox.problems import (
    ApiProblem,
    bad_request,
    internal,
    invalid,
    method_not_allowed,
    no_such_resource,
    not_implemented,
    not_supported,
    too_large,
    unsupported_media_type,
)
from reconciler.sandbox.wire import discovery, openapi, shapes
from reconciler.sandbox.wire.target import Target, parsed
from reconciler.sandbox.wire.watch import Stream, events

Object = dict[str, Any]
MAX_BODY_BYTES = 3 * 1024 * 1024
HEALTH = ("/healthz", "/livez", "/readyz")
WRITING = ("POST", "PUT", "PATCH", "DELETE")
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
"""What a query may say for true, as Go reads it and the real server does; the official Python client says `True`."""
UNSUPPORTED_SUBRESOURCES = {
    "log",
    "exec",
    "attach",
    "portforward",
    "proxy",
    "eviction",
    "binding",
    "token",
    "ephemeralcontainers",
    "resize",
}


@dataclass(frozen=True)
class Call:
    """A request as the verbs need it; its body was read before."""

    method: str
    target: Target
    query: Mapping[str, str]
    content_type: str
    raw: bytes
    shape: str
    options: Options

    def body(self) -> Any:
        """The JSON (or YAML) body. Raises 400 and 415."""
        if self.content_type in ("application/yaml", "application/vnd.kubernetes.yaml"):
            return patches.parsed_yaml(self.raw)
        if self.content_type not in ("application/json", "", "application/octet-stream", "*/*"):
            raise unsupported_media_type(f"the sandbox reads JSON and YAML, not {self.content_type}")
        try:
            return orjson.loads(self.raw)
        except orjson.JSONDecodeError as wrong:
            raise bad_request(f"the object provided is unrecognized: json parse error: {wrong}") from None

    def wanted(self) -> Wanted:
        query = self.query
        limit = query.get("limit", "0")
        if not limit.isdigit():
            raise bad_request(f"limit: {limit!r} is no number")
        return Wanted(
            namespace=self.target.namespace,
            labels=query.get("labelSelector", ""),
            fields=query.get("fieldSelector", ""),
            limit=int(limit),
            token=query.get("continue", ""),
            revision=query.get("resourceVersion", ""),
            match=query.get("resourceVersionMatch", ""),
        )


@dataclass
class Handlers:
    """`bookmark_seconds` is how often an idle watch hears where it is."""

    api: Api
    bookmark_seconds: float = 60.0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self.answer(request)
        except ApiProblem as problem:
            return json_response(problem.status(), problem.code)
        except (ConnectionResetError, ConnectionError):
            raise
        except Exception as bug:
            return json_response(internal(f"Internal error occurred: {type(bug).__name__}: {bug}").status(), 500)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path.rstrip("/") or "/"
        if path in HEALTH:
            return web.Response(text="ok")
        if path.startswith("/openapi"):
            return self.described(path)
        if request.method == "GET" and (found := discovery.answer(path, self.api.registry)):
            return json_response(found)
        call = await self.call(request, parsed(path, self.api.registry))
        if call.method == "GET" and call.query.get("watch") in _TRUE:
            return await self.watch(request, call)
        return self.carried_out(call)

    async def call(self, request: web.BaseRequest, target: Target) -> Call:
        raw = await self.read(request) if request.method in WRITING else b""
        query = dict(request.query)
        manager = query.get("fieldManager") or ("" if is_apply(request) else agent(request))
        return Call(
            method=request.method,
            target=target,
            query=query,
            content_type=request.content_type if "Content-Type" in request.headers else "",
            raw=raw,
            shape=shapes.chosen(request.headers.get("Accept", "")),
            options=options(request.method, query, manager),
        )

    async def read(self, request: web.BaseRequest) -> bytes:
        if (request.content_length or 0) > MAX_BODY_BYTES:
            raise too_large(MAX_BODY_BYTES)
        raw = await request.content.read(MAX_BODY_BYTES + 1)
        while len(raw) <= MAX_BODY_BYTES and (more := await request.content.read(MAX_BODY_BYTES)):
            raw += more
        if len(raw) > MAX_BODY_BYTES:
            raise too_large(MAX_BODY_BYTES)
        return raw

    def described(self, path: str) -> web.Response:
        if path == "/openapi/v3":
            return json_response(openapi.index(self.api.registry))
        if path.startswith("/openapi/v2"):
            raise not_implemented("OpenAPI v2: use /openapi/v3")
        found = openapi.document(path.removeprefix("/openapi/v3/"), self.api.registry)
        if found is None:
            raise no_such_resource()
        return json_response(found)

    def carried_out(self, call: Call) -> web.Response:
        target = call.target
        if target.subresource:
            return self.on_subresource(call)
        if not target.name:
            return self.on_collection(call)
        return self.on_object(call)

    def on_collection(self, call: Call) -> web.Response:
        kind, namespace = call.target.kind, call.target.namespace
        if call.method == "GET":
            page = listed(self.api, kind, call.wanted())
            return self.many(call, page.items, page.metadata())
        if call.method == "POST" and (namespace or not kind.namespaced):
            return self.one(call, create(self.api, kind, namespace, call.body(), call.options), 201)
        if call.method == "DELETE" and kind.kind != "Namespace" and (namespace or not kind.namespaced):
            page = delete_collection(self.api, kind, call.wanted(), self.deletion(call), call.options)
            return self.many(call, page.items, page.metadata())
        raise method_not_allowed()

    def on_object(self, call: Call) -> web.Response:
        target, api = call.target, self.api
        where = (target.kind, target.namespace, target.name)
        if call.method == "GET":
            return self.one(call, in_version(target.kind, api.require(*where)))
        if call.method == "PUT":
            return self.one(call, update(api, *where, call.body(), call.options))
        if call.method == "PATCH":
            obj, created = patches.patch(api, *where, call.content_type, call.raw, call.options)
            return self.one(call, obj, 201 if created else 200)
        if call.method == "DELETE":
            return self.one(call, delete(api, *where, self.deletion(call), call.options))
        raise method_not_allowed()

    def on_subresource(self, call: Call) -> web.Response:
        target = call.target
        kind, name = target.kind, target.subresource
        if name == "scale" and kind.scale:
            return self.on_scale(call)
        if name == "status" and kind.has_status:
            return self.on_part(call, "status")
        if name == "finalize" and kind.kind == "Namespace":
            return self.on_part(call, "finalize")
        if name in UNSUPPORTED_SUBRESOURCES and not kind.custom:
            raise not_implemented(f"{kind.plural}/{name}")
        raise no_such_resource()

    def on_part(self, call: Call, subresource: str) -> web.Response:
        where = (call.target.kind, call.target.namespace, call.target.name)
        if call.method == "GET":
            return self.one(call, in_version(call.target.kind, self.api.require(*where)))
        if call.method == "PUT":
            return self.one(call, update(self.api, *where, call.body(), call.options, subresource))
        if call.method == "PATCH":
            obj, _ = patches.patch(self.api, *where, call.content_type, call.raw, call.options, subresource)
            return self.one(call, obj)
        raise method_not_allowed()

    def on_scale(self, call: Call) -> web.Response:
        where = (call.target.kind, call.target.namespace, call.target.name)
        if call.method == "GET":
            return json_response(scale_of(call.target.kind, self.api.require(*where)))
        if call.method == "PUT":
            return json_response(rescale(self.api, *where, call.body(), call.options))
        if call.method == "PATCH":
            return json_response(patch_scale(self.api, *where, call.content_type, call.raw, call.options))
        raise method_not_allowed()

    def deletion(self, call: Call) -> Deletion:
        body = call.body() if call.raw.strip() else {}
        return Deletion.asked(body if isinstance(body, dict) else {}, dict(call.query))

    def one(self, call: Call, obj: Object, code: int = 200) -> web.Response:
        shaped = obj
        if call.shape and obj.get("kind") != "Status":
            include = call.query.get("includeObject", "")
            shaped = shapes.one(call.shape, call.target.kind, obj, self.api.now(), include)
        return json_response(shaped, code, call.options.warnings)

    def many(self, call: Call, items: list[Object], metadata: Object) -> web.Response:
        include = call.query.get("includeObject", "")
        return json_response(shapes.many(call.shape, call.target.kind, items, metadata, self.api.now(), include))

    async def watch(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        kind, now = call.target.kind, self.api.now
        if call.target.name:
            raise not_implemented("watching a single path: use a field selector on metadata.name")
        include = call.query.get("includeObject", "")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        async for batch in events(self.api, kind, call.wanted(), self.stream(call)):
            if not response.prepared:
                await response.prepare(request)
            lines = [
                orjson.dumps({"type": name, "object": self.event_object(name, call, obj, now(), include)})
                for name, obj in batch
            ]
            if lines:
                await response.write(b"\n".join(lines) + b"\n")
        await response.write_eof()
        return response

    def event_object(self, name: str, call: Call, obj: Object, now: Any, include: str) -> Object:
        if name in ("ERROR", "BOOKMARK") or not call.shape:
            return obj
        return shapes.one(call.shape, call.target.kind, obj, now, include)

    def stream(self, call: Call) -> Stream:
        query = call.query
        seconds = query.get("timeoutSeconds", "")
        return Stream(
            seconds=float(seconds) if seconds.isdigit() and seconds != "0" else random.uniform(1800, 3600),
            bookmarks=query.get("allowWatchBookmarks") in _TRUE,
            bookmark_seconds=self.bookmark_seconds,
            initial=query.get("sendInitialEvents") in _TRUE,
        )


def is_apply(request: web.BaseRequest) -> bool:
    return request.method == "PATCH" and request.content_type == patches.APPLY


def agent(request: web.BaseRequest) -> str:
    """The manager of clients that name none: their program's name."""
    return request.headers.get("User-Agent", "unknown").partition("/")[0][:128]


def options(method: str, query: Mapping[str, str], manager: str) -> Options:
    dry = query.get("dryRun", "")
    if dry not in ("", "All"):
        names = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}
        cause = not_supported("dryRun", f'["{dry}"]', ("All",))
        raise invalid("meta.k8s.io", names.get(method, "DeleteOptions"), "", [cause])
    validation = query.get("fieldValidation", "") or "Warn"
    return Options(manager, bool(dry), query.get("force") in _TRUE, validation)


def json_response(body: Object, code: int = 200, warnings: list[str] | None = None) -> web.Response:
    response = web.Response(body=orjson.dumps(body), status=code, content_type="application/json")
    for warning in warnings or []:
        text = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{text}"')
    return response
