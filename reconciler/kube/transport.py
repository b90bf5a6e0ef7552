"""One request to an API server, with deadlines; answers other than 2xx become errors of the taxonomy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from reconciler.errors import Conflict, ReconcilerError, Transient, UserError
from reconciler.kube.answers import error_for, is_failed_test, parse_status
from reconciler.kube.api import Resource
from reconciler.kube.connection import Connection
from reconciler.kube.objects import EVENTS, LEASES

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
WHOLE_SECONDS = 120.0
CHUNK_BYTES = 1 << 20

_ALWAYS_WRITTEN = frozenset({LEASES.plural, EVENTS.plural})
"""Not held back by the fence: what leases are made of, and what tells of things done while one was held."""

JSON_PATCH = "application/json-patch+json"

OnRequest = Callable[[str, str, int, float], None]
"""`(verb, plural, code, seconds)`: for metrics. The code is 0 when there was no answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask. `act` is how errors name it; `withhold` keeps the server's words out of them (Secrets)."""

    method: str
    path: str
    verb: str
    act: str
    plural: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"
    withhold: bool = False


def call_for(
    method: str,
    verb: str,
    resource: Resource,
    namespace: str | None,
    name: str = "",
    *,
    subresource: str | None = None,
    query: Mapping[str, str] | None = None,
    body: bytes = b"",
    content_type: str = "application/json",
) -> Call:
    """A call about one object, or about a collection when `name` is empty. Raises `UserError` for impossible names."""
    whom = "/".join(filter(None, (namespace if resource.namespaced else None, name)))
    act = " ".join(filter(None, (verb, resource.kind, whom)))
    for part in (namespace or "", name):
        if part in (".", "..") or not set("/%?#").isdisjoint(part):
            raise UserError(f"{act}: {part!r} cannot be a name")
    path = quote(resource.path(namespace, name if method != "POST" else None, subresource), safe="/:")
    asked = {key: value for key, value in (query or {}).items() if value}
    withhold = resource.kind == "Secret" and not resource.group
    return Call(method, path, verb, act, resource.plural, asked, body, content_type, withhold)


class Transport:
    """Sends calls over one connection. Safe to use from many threads."""

    def __init__(self, connection: Connection, user_agent: str) -> None:
        self._connection = connection
        self._user_agent = user_agent
        self.on_request: OnRequest | None = None
        self.may_write: Callable[[], bool] = lambda: True

    def send(self, call: Call) -> bytes:
        """The body of a 2xx answer. Raises the error that any other answer means, `Transient` when there is none."""
        return _read(self.open(call, READ_SECONDS), call.act)

    def close(self) -> None:
        pools = self._connection.pool.pools
        for key in list(pools.keys()):
            pools[key].close()  # dropping it is not enough: answers that somebody keeps keep it, too
        self._connection.pool.clear()

    def open(self, call: Call, read_seconds: float) -> urllib3.BaseHTTPResponse:
        """A 2xx answer whose body is still to be read; each read may take `read_seconds`. Raises as `send`."""
        if call.method != "GET" and call.plural not in _ALWAYS_WRITTEN and not self.may_write():
            raise Transient(f"{call.act}: not sent, another replica may hold the lease")
        started, code = time.monotonic(), 0
        try:
            response = self._urlopen(call, read_seconds)
            code = response.status
        finally:
            if self.on_request is not None:
                self.on_request(call.verb, call.plural, code, time.monotonic() - started)
        if not 200 <= code < 300:
            raise self._refusal(call, response)
        return response

    def _urlopen(self, call: Call, read_seconds: float) -> urllib3.BaseHTTPResponse:
        headers = {"User-Agent": self._user_agent, "Accept": "application/json", **self._connection.authorize()}
        if call.body:
            headers["Content-Type"] = call.content_type
        url = self._connection.url + call.path + ("?" + urlencode(call.query) if call.query else "")
        try:
            return self._connection.pool.urlopen(
                call.method,
                url,
                body=call.body or None,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            )
        except (HTTPError, OSError) as error:
            raise Transient(f"{call.act}: {_no_answer(error)}") from None

    def _refusal(self, call: Call, response: urllib3.BaseHTTPResponse) -> ReconcilerError:
        status = parse_status(_read(response, call.act))
        if call.content_type == JSON_PATCH and is_failed_test(response.status, status):
            return Conflict(f"{call.act}: a test of the patch failed, the object has changed")
        return error_for(response.status, status, call.act, headers=response.headers, withhold=call.withhold)


def _read(response: urllib3.BaseHTTPResponse, act: str) -> bytes:
    """The whole body; the connection is then free for the next request, or closed if this failed."""
    chunks, deadline = [], time.monotonic() + WHOLE_SECONDS
    try:
        while chunk := response.read(CHUNK_BYTES):
            chunks.append(chunk)
            if time.monotonic() > deadline:
                raise TimeoutError
    except (HTTPError, OSError) as error:
        response.close()
        raise Transient(f"{act}: {_no_answer(error)}") from None
    return b"".join(chunks)


def _no_answer(error: Exception) -> str:
    if isinstance(error, (ReadTimeoutError, TimeoutError)):
        return "the API server did not answer in time"
    return f"no answer from the API server: {error}"
