"""CloudWatch's GetMetricData, in botocore's protocol over the HTTP door."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.aws import access
from reconciler.errors import Transient
from reconciler.http.model import Request, Response

TIMEOUT = 10.0
MOST_PAGES = 10
"""A page has up to 100,000 points; more cannot be meant by a metric."""

Send = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class MetricData:
    """`results`: Id, Label, StatusCode, Timestamps and Values of each query; `messages`: Code and Value."""

    results: tuple[Mapping[str, Any], ...]
    messages: tuple[Mapping[str, str], ...]
    whole: bool


def metric_data(queries: Sequence[Mapping[str, Any]], start: datetime, end: datetime, send: Send) -> MetricData:
    """The answer to all queries, pages put together. `queries` are in the API's own form (`MetricDataQueries`).

    Raises the taxonomy: `UserError` without credentials, region or with queries of a wrong form, `Refused` with what
    AWS says, and what `send` raises.
    """
    region = access.region_of()
    access.credentials()
    results: dict[str, dict[str, Any]] = {}
    messages: list[Mapping[str, str]] = []
    token = ""
    with access.explained():
        client = access.session().create_client("cloudwatch", region_name=region, config=_one_attempt())
        client.meta.events.register("before-send.cloudwatch", _through(send))
        asked = {"MetricDataQueries": list(queries), "StartTime": start, "EndTime": end}
        for _ in range(MOST_PAGES):
            page = client.get_metric_data(**asked, **({"NextToken": token} if token else {}))
            _add(results, page.get("MetricDataResults") or ())
            messages += page.get("Messages") or ()
            token = page.get("NextToken") or ""
            if not token:
                break
    return MetricData(tuple(results.values()), tuple(messages), whole=not token)


def _one_attempt() -> Any:
    """An attempt that fails is an Error measurement, which is taken again soon."""
    from botocore.config import Config

    return Config(retries={"total_max_attempts": 1})


def _add(results: dict[str, dict[str, Any]], page: Sequence[Mapping[str, Any]]) -> None:
    for found in page:
        known = results.setdefault(found["Id"], {**found, "Timestamps": [], "Values": []})
        known["StatusCode"] = found.get("StatusCode", "")
        known["Timestamps"] += found.get("Timestamps") or ()
        known["Values"] += found.get("Values") or ()


def _through(send: Send) -> Callable[..., Any]:
    """A hook that sends botocore's prepared request in botocore's place."""
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders

    def sent(request: Any, **_: Any) -> Any:
        headers = {name: _text(value) for name, value in request.headers.items()}
        response = send(Request(request.method, request.url, headers, _bytes(request.body), timeout=TIMEOUT))
        if response.status == 200 and not _is_an_answer(response):
            raise Transient(
                f"AWS GetMetricData: no answer of CloudWatch: {response.body[:200].decode(errors='replace')}"
            )
        return AWSResponse(request.url, response.status, HTTPHeaders.from_dict(response.headers), _Raw(response.body))

    return sent


def _is_an_answer(response: Response) -> bool:
    """botocore would read what is no JSON as an answer without results."""
    try:
        found = response.json()
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("MetricDataResults"), list)


@dataclass(frozen=True, slots=True)
class _Raw:
    """A body that is there already, as botocore reads it."""

    body: bytes

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.body


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _bytes(body: str | bytes | bytearray | None) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")
