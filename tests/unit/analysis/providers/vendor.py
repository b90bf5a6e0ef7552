"""A local HTTP server in a vendor's place, and the daemon's own way of measuring with it."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import orjson

from reconciler.analysis import validate
from reconciler.analysis.measure import Measurer
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import AnalysisRun, Measurement, Phase, RunStatus, decode_run
from reconciler.analysis.run import Taken, Task
from reconciler.errors import NotFound
from reconciler.http.client import HttpClient
from reconciler.http.model import Request, Response
from reconciler.runtime.clock import VirtualClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOLDEN = Path(__file__).parents[3] / "golden" / "analysis" / "providers"
HOME = "rollouts"


@dataclass
class Asked:
    """A request as the vendor saw it; header names are lower-cased, a parameter has its first value."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.target).query).items()}

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Vendor:
    """Answers every request with one status and body, or one for its path, and keeps what it was asked."""

    url: str
    status: int = 200
    body: bytes = b""
    asked: list[Asked] = field(default_factory=list)
    secrets: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    at: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    patience: float = 60
    """Seconds that the tests' own client waits at most, whatever the provider asks for."""

    instead_of: str = ""
    """The public address that this server stands in for, where a provider only knows that one."""

    def answers(self, recorded: str | bytes, status: int = 200) -> None:
        """`recorded` is a file of tests/golden/analysis/providers, or the body itself."""
        self.status, self.body = status, _body(recorded)

    def answers_at(self, path: str, recorded: str | bytes, status: int = 200) -> None:
        self.at[path] = status, _body(recorded)

    def keeps(self, name: str, texts: Mapping[str, str], namespace: str = HOME) -> None:
        """Puts a Secret into the cluster."""
        self.secrets[namespace, name] = dict(texts)

    def measure(self, provider: str, config: Mapping[str, Any], success: str = "", **metric: Any) -> Measurement:
        """One measurement as the daemon takes it for a run in the namespace `shop`."""
        return self.take(provider, config, success, **metric).measurement

    def take(
        self,
        provider: str,
        config: Mapping[str, Any],
        success: str = "",
        *,
        in_flight: Measurement | None = None,
        run_begun: datetime | None = None,
        annotations: Mapping[str, str] | None = None,
        **metric: Any,
    ) -> Taken:
        run, read = _a_run(provider, config, annotations or {}, successCondition=success, **metric)
        run = msgspec.structs.replace(run, status=RunStatus(started_at=run_begun))
        return self._measurer().take(run, Task(read, in_flight))

    def end(self, provider: str, config: Mapping[str, Any], in_flight: Measurement) -> Measurement:
        """What becomes of a measurement whose run is terminated."""
        run, read = _a_run(provider, config, {})
        return self._measurer().end(run, Task(read, in_flight, ending=True)).measurement

    def _measurer(self) -> Measurer:
        return Measurer(self, self._send, VirtualClock(NOW), "", HOME, self.environment)  # type: ignore[arg-type]

    def get(self, resource: Any, namespace: str, name: str) -> dict[str, Any]:
        """The cluster's only verb here: reading a Secret."""
        assert resource.kind == "Secret"
        if (namespace, name) not in self.secrets:
            raise NotFound(name)
        texts = self.secrets[namespace, name]
        return {"data": {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}}

    def _send(self, request: Request) -> Response:
        if self.instead_of:
            assert request.url.startswith(self.instead_of)
            request = replace(request, url=self.url + request.url.removeprefix(self.instead_of))
        assert 0 < request.timeout <= 60, "every question has a time-out"
        return HttpClient("reconciler-test").send(replace(request, timeout=min(request.timeout, self.patience)))


def _a_run(
    provider: str, config: Mapping[str, Any], annotations: Mapping[str, str], **metric: Any
) -> tuple[AnalysisRun, Metric]:
    spec = {"name": "m", "provider": {provider: config}, **metric}
    meta = {"name": "r", "namespace": "shop", "uid": "u", "annotations": dict(annotations)}
    run = decode_run(orjson.dumps({"metadata": meta, "spec": {"metrics": [spec]}}))
    (read,) = validate.metrics(run, {})
    return run, read


def _body(recorded: str | bytes) -> bytes:
    return recorded if isinstance(recorded, bytes) else (GOLDEN / recorded).read_bytes()


def failed(measurement: Measurement, *texts: str) -> bool:
    """Whether it is an Error measurement whose message has all of the texts; says what it is otherwise."""
    assert measurement.phase is Phase.ERROR, measurement
    for text in texts:
        assert text in measurement.message, measurement.message
    return True


@contextmanager
def a_vendor() -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            vendor.asked.append(Asked(self.command, self.path, headers, body))
            time.sleep(vendor.delay)
            status, answer = vendor.at.get(urlsplit(self.path).path, (vendor.status, vendor.body))
            self.send_response(status)
            for name, text in {"Content-Length": str(len(answer)), **vendor.headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = _answer  # noqa: N815
        do_POST = _answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent: the tests look at what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    vendor = Vendor(f"http://127.0.0.1:{server.server_port}")
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
