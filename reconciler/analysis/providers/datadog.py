"""Datadog: one query of API v1, or queries and a formula of API v2 (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson

from reconciler.analysis.providers import datadog_replies
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.analysis.providers.credentials import of_secret
from reconciler.analysis.providers.settings import SettingsReader, is_web_address
from reconciler.http.model import Request, Response

DEFAULT_ADDRESS = "https://api.datadoghq.com"
DEFAULT_SECRET = "datadog"  # noqa: S105 - the name of an object
DEFAULT_INTERVAL = timedelta(minutes=5)
DEFAULT_TIMEOUT = timedelta(seconds=10)
VERSIONS = ("v1", "v2")
AGGREGATORS = ("avg", "min", "max", "sum", "last", "percentile", "mean", "l2norm", "area")
DEFAULT_AGGREGATOR = "last"
ENVIRONMENT = ("DD_ADDRESS", "DD_API_KEY", "DD_APP_KEY")


@dataclass(frozen=True, slots=True)
class _Settings:
    version: str
    queries: Mapping[str, str]
    formula: str
    aggregator: str
    interval: timedelta
    timeout: timedelta
    secret: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Access:
    address: str
    api_key: str
    app_key: str


def request(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request:
    """The question over the interval that ends now. Raises ProviderError with all that is wrong with the settings."""
    settings = _settings(config)
    access = _access(settings.secret, around)
    if settings.version == "v2":
        path, body = "/api/v2/query/scalar", orjson.dumps(_scalar_request(settings, now))
    else:
        path, body = f"/api/v1/query?{_span(settings, now)}", b""
    return Request(
        "POST" if body else "GET",
        access.address + path,
        {"Content-Type": "application/json", "DD-API-KEY": access.api_key, "DD-APPLICATION-KEY": access.app_key},
        body,
        timeout=settings.timeout.total_seconds(),
        secrets=(access.api_key, access.app_key),
    )


def value(config: Mapping[str, Any], response: Response) -> Answer:
    """v1: the last point of the first series. v2: one number, or a list of one per group. Without data nil."""
    return datadog_replies.scalar(response) if config.get("apiVersion") == "v2" else datadog_replies.series(response)


def _settings(config: Mapping[str, Any]) -> _Settings:
    read = SettingsReader("datadog", config)
    version = read.text("apiVersion") or VERSIONS[0]
    query, formula, aggregator = read.text("query"), read.text("formula"), read.text("aggregator")
    queries, secret = read.mapping("queries"), read.mapping("secretRef")
    rules = [
        (version not in VERSIONS, f".apiVersion {version!r} is none of {', '.join(VERSIONS)}"),
        (bool(query and queries), ": use either query or queries"),
        (not query and not queries, ": query or queries is needed"),
        (version == "v1" and bool(queries), ".queries needs apiVersion v2; v1 takes one query"),
        (version == "v1" and bool(aggregator), ".aggregator needs apiVersion v2"),
        (aggregator not in ("", *AGGREGATORS), f".aggregator {aggregator!r} is none of {', '.join(AGGREGATORS)}"),
        (bool(formula) and not queries, ".formula needs queries"),
        (len(queries) > 1 and not formula, ": several queries need a formula that makes one value of them"),
    ]
    for broken, what in rules:
        if broken:
            read.wrong(what)
    interval = read.duration("interval", DEFAULT_INTERVAL)
    timeout = read.duration("requestTimeout", DEFAULT_TIMEOUT)
    read.finish()
    return _Settings(
        version, queries or {"query": query}, formula, aggregator or DEFAULT_AGGREGATOR, interval, timeout, secret
    )


def _access(ref: Mapping[str, Any], around: Surroundings) -> _Access:
    """The Secret of the template and no other; else the environment when it is complete; else Secret `datadog`."""
    name = str(ref.get("name") or "")
    environment = {key: around.environment.get(key, "") for key in ENVIRONMENT}
    if not name and all(environment.values()):
        return _checked(_Access(*environment.values()), "DD_ADDRESS")
    name = name or DEFAULT_SECRET
    texts = of_secret(around, name, ("api-key", "app-key"), around.namespace if ref.get("namespaced") else "")
    access = _Access(texts.get("address") or DEFAULT_ADDRESS, texts["api-key"], texts["app-key"])
    return _checked(access, f'key "address" of Secret "{name}"')


def _checked(access: _Access, source: str) -> _Access:
    if not is_web_address(access.address):
        raise ProviderError(f"{source} is not an http(s) URL such as {DEFAULT_ADDRESS}")
    return _Access(access.address.rstrip("/"), access.api_key, access.app_key)


def _span(settings: _Settings, now: datetime) -> str:
    until = int(now.timestamp())
    since = until - int(settings.interval.total_seconds())
    return urlencode({"query": settings.queries["query"], "from": since, "to": until})


def _scalar_request(settings: _Settings, now: datetime) -> dict[str, Any]:
    until = round(now.timestamp() * 1000)
    attributes: dict[str, Any] = {
        "from": until - round(settings.interval.total_seconds() * 1000),
        "to": until,
        "queries": [
            {"data_source": "metrics", "aggregator": settings.aggregator, "name": name, "query": query}
            for name, query in settings.queries.items()
        ],
    }
    if settings.formula:
        attributes["formulas"] = [{"formula": settings.formula}]
    return {"data": {"type": "scalar_request", "attributes": attributes}}
