"""A tiny HTTP client for the semantic suite: it shows answers as they are, good and bad."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class Answer:
    code: int
    body: Any
    headers: Any = None

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))

    @property
    def causes(self) -> list[tuple[str, str]]:
        """(reason, field) of every cause, sorted: what clients act on."""
        found = self.body.get("details", {}).get("causes", [])
        return sorted((cause.get("reason", ""), cause.get("field", "")) for cause in found)

    def ok(self) -> Any:
        assert 200 <= self.code < 300, (self.code, self.body)
        return self.body


_CHANGING = urllib3.Retry(
    total=None,
    connect=0,
    read=0,
    other=0,
    redirect=0,
    status=10,
    status_forcelist=[503],
    allowed_methods=None,
    backoff_factor=0.05,
    raise_on_status=False,
    respect_retry_after_header=False,
)
"""The real server answers 503 for a moment to requests for a custom kind whose definition has just been changed."""


@dataclass
class Api:
    """One API server, and a namespace of its own for the test."""

    url: str
    token: str = ""
    namespace: str = ""
    real: bool = False
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(cert_reqs="CERT_NONE", maxsize=8))

    def call(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", **query: Any
    ) -> Answer:
        query = {key: value for key, value in query.items() if value is not None}
        url = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        data = body if isinstance(body, bytes | str) or body is None else json.dumps(body)
        answer = self.pool.request(
            method, url, body=data, headers=self.headers(content_type), timeout=30, retries=_CHANGING
        )
        text = answer.data
        parsed = json.loads(text) if text[:1] in (b"{", b"[") else text.decode()
        return Answer(answer.status, parsed, answer.headers)

    def headers(self, content_type: str = "application/json", accept: str = "application/json") -> dict[str, str]:
        found = {"Content-Type": content_type, "Accept": accept, "User-Agent": "suite/1"}
        return found | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    def path(self, plural: str, name: str = "", api: str = "v1", sub: str = "", namespace: str | None = None) -> str:
        """Path of a resource in the test's namespace; namespace="" is for cluster-scoped ones and all namespaces."""
        root = f"/api/{api}" if "/" not in api else f"/apis/{api}"
        scope = self.namespace if namespace is None else namespace
        parts = [root, f"namespaces/{scope}" if scope else "", plural, name, sub]
        return "/".join(part for part in parts if part)

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any, **query: Any) -> Answer:
        return self.call("POST", path, body, **query)

    def put(self, path: str, body: Any, **query: Any) -> Answer:
        return self.call("PUT", path, body, **query)

    def patch(self, path: str, body: Any, content_type: str = MERGE, **query: Any) -> Answer:
        return self.call("PATCH", path, body, content_type, **query)

    def apply(self, path: str, body: Any, manager: str = "suite", **query: Any) -> Answer:
        return self.call("PATCH", path, body, APPLY, fieldManager=manager, **query)

    def delete(self, path: str, body: Any = None, **query: Any) -> Answer:
        return self.call("DELETE", path, body, **query)

    def watch(self, path: str, seconds: int = 2, **query: Any) -> list[dict[str, Any]]:
        """All events until the server ends the watch after `seconds`."""
        answer = self.pool.request(
            "GET",
            f"{self.url}{path}?{urlencode({'watch': 'true', 'timeoutSeconds': seconds, **query})}",
            headers=self.headers(),
            timeout=30,
            retries=False,
        )
        if answer.status != 200:
            return [{"type": "HTTP", "object": json.loads(answer.data)}]
        return [json.loads(line) for line in answer.data.splitlines() if line.strip()]

    def watching(self, path: str, act: Callable[[], object], seconds: int = 2, **query: Any) -> list[dict[str, Any]]:
        """The events that a watch sees while `act` runs."""
        found: list[dict[str, Any]] = []
        thread = threading.Thread(target=lambda: found.extend(self.watch(path, seconds, **query)))
        thread.start()
        time.sleep(0.3)
        act()
        thread.join()
        return found

    def eventually(self, path: str, holds: Callable[[Answer], bool], seconds: float = 15, **query: Any) -> Answer:
        """The first answer that holds; fails with the last one."""
        for answer in self.polls(path, seconds, **query):
            if holds(answer):
                return answer
        raise AssertionError(f"{path} never held: {answer.code} {answer.body}")

    def polls(self, path: str, seconds: float, **query: Any) -> Iterator[Answer]:
        end = time.monotonic() + seconds
        while True:
            yield self.get(path, **query)
            if time.monotonic() > end:
                return
            time.sleep(0.05)
