"""Prometheus and what speaks its query API: instant and range queries (spec rollouts §7.6)."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.program import expression
from reconciler.analysis.expr.types import FLOAT, FLOATS
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.analysis.providers.replies import refusal
from reconciler.http.model import Request, Response
from reconciler.kube.durations import parse_go_duration

NAME = "Prometheus"
QUERY = "ResolvedPrometheusQuery"
"""In the metadata of the metric: what was asked."""

DEFAULT_TIMEOUT = 30
LONGEST_URL = 2000
"""Longer queries are posted: proxies cut long addresses."""


def request(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request:
    """The query as a request. Raises ProviderError for settings that cannot be used."""
    query = str(config.get("query") or "")
    if not query:
        raise ProviderError("provider.prometheus.query is empty")
    if span := config.get("rangeQuery"):
        return asking(config, around, "query_range", _range(span, query, now))
    return asking(config, around, "query", {"query": query, "time": seconds(now)})


def asking(config: Mapping[str, Any], around: Surroundings, endpoint: str, parameters: Mapping[str, str]) -> Request:
    """A question to an endpoint of the API, at the address and with the authentication of the settings."""
    url = f"{_address(str(config.get('address') or around.prometheus_url))}/api/v1/{endpoint}"
    headers, secrets = _headers(config)
    form = urlencode(parameters, quote_via=quote, safe="")  # AWS's signatures know spaces as %20 only
    timeout, insecure = _timeout(config.get("timeout")), bool(config.get("insecure"))
    if len(url) + len(form) < LONGEST_URL:
        return Request("GET", f"{url}?{form}", headers, timeout=timeout, insecure=insecure, secrets=secrets)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return Request("POST", url, headers, form.encode(), timeout=timeout, insecure=insecure, secrets=secrets)


def value(config: Mapping[str, Any], response: Response) -> Answer:
    """All samples as a list of floats, or the one of a scalar. Raises ProviderError with what Prometheus says."""
    body = succeeded(response)
    data = body.get("data") or {}
    samples: Any = data.get("result")
    metadata = warnings(body)
    about = {QUERY: str(config.get("query") or "")}
    match data.get("resultType"):
        case "scalar":
            text = str(samples[1])
            return Answer(_number(text), text, FLOAT, metadata, about)
        case "vector":
            texts = [_sample(series, "value")[1] for series in samples]
        case "matrix":
            texts = [text for series in samples for _, text in _sample(series, "values")]
        case other:
            raise ProviderError(f"Prometheus answered with a {other}; a vector, matrix or scalar is needed")
    return Answer([_number(text) for text in texts], f"[{','.join(texts)}]", FLOATS, metadata, about)


def _address(text: str) -> str:
    if not text:
        raise ProviderError(
            "no Prometheus address: set provider.prometheus.address, --prometheus or ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"
        )
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProviderError(f"the Prometheus address {parts.netloc.rpartition('@')[2] or text!r} is not an http(s) URL")
    return text.rstrip("/")


def _range(span: Mapping[str, Any], query: str, now: datetime) -> dict[str, str]:
    try:
        step = parse_go_duration(str(span.get("step") or ""))
    except ValueError as error:
        raise ProviderError(f"rangeQuery.step: {error}") from None
    if step <= timedelta():
        raise ProviderError("rangeQuery.step must be more than nothing")
    return {
        "query": query,
        "start": seconds(_moment("start", span, now)),
        "end": seconds(_moment("end", span, now)),
        "step": f"{step.total_seconds():g}",
    }


def _moment(name: str, span: Mapping[str, Any], now: datetime) -> datetime:
    """The value of a time expression such as `now() - duration("5m")`."""
    text = str(span.get(name) or "")
    try:
        moment = expression(text).value(None, now)
    except ExpressionError as error:
        raise ProviderError(f'rangeQuery.{name} "{text}": {error}') from None
    if not isinstance(moment, datetime):
        raise ProviderError(f'rangeQuery.{name} "{text}" is not a time')
    return moment


def seconds(moment: datetime) -> str:
    """A time as the API takes it."""
    return f"{moment.timestamp():.3f}"


def _timeout(given: Any) -> float:
    try:
        timeout = int(given or DEFAULT_TIMEOUT)
    except (TypeError, ValueError):
        raise ProviderError(f"provider.prometheus.timeout {given!r} is not a number of seconds") from None
    if timeout < 0:
        raise ProviderError("provider.prometheus.timeout must not be negative")
    return float(timeout)


def _headers(config: Mapping[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Headers with those of the authentication, and what of them is secret."""
    headers = {str(item["key"]): str(item["value"]) for item in config.get("headers") or ()}
    authentication: Mapping[str, Any] = config.get("authentication") or {}
    basic: Any = authentication.get("basicAuth")
    secrets = tuple(headers.values())
    if _is_set(basic):
        username, password = str(basic.get("username") or ""), str(basic.get("password") or "")
        if not username or not password:
            raise ProviderError("authentication.basicAuth needs both username and password")
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {token}"
        secrets += (password, token)
    return headers, secrets


def _is_set(settings: Any) -> bool:
    return bool(settings) and any(settings.values())


def succeeded(response: Response) -> dict[str, Any]:
    """The answer's body. Raises ProviderError with what Prometheus says, when that is not success."""
    try:
        body = response.json()
    except ValueError:
        raise refusal(NAME, response) from None
    if not isinstance(body, dict) or body.get("status") not in ("success", "error"):
        raise refusal(NAME, response)
    if body["status"] == "error":
        raise ProviderError(f"Prometheus: {body.get('errorType', 'error')}: {body.get('error', '')}")
    return body


def _sample(series: Mapping[str, Any], key: str) -> Any:
    if key not in series:
        raise ProviderError("Prometheus answered with native histograms; use histogram_quantile or histogram_count")
    return series[key]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ProviderError(f"Prometheus answered with {text!r} instead of a number") from None


def warnings(body: Mapping[str, Any]) -> dict[str, str]:
    """What Prometheus warns about, as metadata of the measurement."""
    told: Sequence[str] = body.get("warnings") or ()
    return {"warnings": ", ".join(f'"{warning}"' for warning in told)} if told else {}
