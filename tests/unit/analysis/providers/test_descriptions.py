"""What providers ask, and the answers that tests give them, held against what the vendors publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.unit.analysis.providers.test_documented_failures import KEY, VENDORS
from tests.unit.analysis.providers.vendor import GOLDEN, Asked, Vendor

DESCRIPTIONS = {
    path.stem: OpenAPI.from_dict(json.loads(path.read_text())) for path in GOLDEN.glob("descriptions/*.json")
}
DESCRIBED = [name for name in VENDORS if name != "web"]


class Seen:
    """A request as a vendor saw it, in the shape that the validator reads."""

    def __init__(self, asked: Asked, prefix: str = "") -> None:
        parts = urlsplit(asked.target)
        self.host_url = ""
        self.path = self.full_url_pattern = prefix or parts.path
        self.method = asked.method.lower()
        self.body = asked.body or None
        self.content_type = asked.headers.get("content-type", "")
        query = ImmutableMultiDict(parse_qsl(parts.query, keep_blank_values=True))
        self.parameters = RequestParameters(query=query, header=Headers(asked.headers.items()))


class Answered:
    """A recorded answer, in the shape that the validator reads."""

    def __init__(self, recorded: Path | bytes) -> None:
        self.data = recorded if isinstance(recorded, bytes) else recorded.read_bytes()
        self.status_code, self.content_type, self.headers = 200, "application/json", Headers()


def description(name: str) -> OpenAPI:
    return DESCRIPTIONS[name.partition(" ")[0]]


def seen(name: str, asked: Asked) -> Seen:
    """A New Relic's own address in its Secret is the whole one."""
    return Seen(asked, "/graphql" if name == "newRelic" else "")


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_question_is_one_that_the_vendor_describes(vendor: Vendor, name: str) -> None:
    vendor.answers(b"{}")
    VENDORS[name](vendor)
    (asked,) = vendor.asked
    description(name).validate_request(seen(name, asked))


DATADOG: dict[str, dict[str, Any]] = {
    "formula": {"queries": {"a": "m{*}", "b": "n{*}"}, "formula": "a / b", "aggregator": "sum"},
    "aggregator": {"query": "m{*}", "aggregator": "l2norm", "interval": "90s"},
}


@pytest.mark.parametrize("config", DATADOG.values(), ids=DATADOG.keys())
def test_datadog_takes_formulas_and_aggregators(vendor: Vendor, config: dict[str, Any]) -> None:
    vendor.keeps("datadog", {"address": vendor.url, "api-key": KEY, "app-key": KEY})
    vendor.measure("datadog", {"apiVersion": "v2", **config})
    description("datadog").validate_request(seen("datadog", vendor.asked[0]))


def test_prometheus_takes_a_long_query_as_a_form(vendor: Vendor) -> None:
    vendor.measure("prometheus", {"address": vendor.url, "query": "x" * 3000})
    (asked,) = vendor.asked
    assert asked.method == "POST"
    description("prometheus").validate_request(seen("prometheus", asked))


PROMETHEUS = {"vector": [0.5], "scalar": 0.5, "matrix": [0.25, 0.5]}


@pytest.mark.parametrize("kind", PROMETHEUS)
def test_prometheus_is_read_as_it_describes_its_answers(vendor: Vendor, kind: str) -> None:
    vendor.answers(f"prometheus/{kind}.json")
    name = "prometheus range" if kind == "matrix" else "prometheus"
    assert json.loads(VENDORS[name](vendor).value) == PROMETHEUS[kind]
    recorded = Answered(GOLDEN / f"prometheus/{kind}.json")
    description(name).validate_response(seen(name, vendor.asked[0]), recorded)


def test_kayenta_takes_the_start_of_an_execution(vendor: Vendor) -> None:
    vendor.answers_at("/canaryConfig", b'[{"id": "c", "name": "a"}]')
    VENDORS["kayenta"](vendor)
    started = vendor.asked[1]
    description("kayenta").validate_request(seen("kayenta", started))


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_description_would_catch_another_question(vendor: Vendor, name: str) -> None:
    VENDORS[name](vendor)
    (asked,) = vendor.asked
    asked.target, asked.body = asked.target.partition("?")[0].replace("/canaryConfig", "/canary"), b'{"x": 1}'
    with pytest.raises(OpenAPIError):
        description(name).validate_request(seen(name, asked))


V1, V2 = ("GET", "/api/v1/query?from=1&to=2&query=m", b""), ("POST", "/api/v2/query/scalar", b"{}")
RECORDED = {
    **{f"datadog/{name}.json": ("datadog", V1) for name in ("v1-series", "v1-empty", "v1-error", "v1-last-point-null")},
    **{f"datadog/v2-{name}.json": ("datadog", V2) for name in ("scalar", "grouped", "empty", "null", "error")},
    **{f"graphite/{name}.json": ("graphite", ("GET", "/render", b"")) for name in ("targets", "all-null")},
    **{
        f"skywalking/{name}.json": ("skywalking", ("POST", "/graphql", b"{}"))
        for name in ("nothing", "partial", "values")
    },
    **{
        f"new-relic/{name}.json": ("newRelic", ("POST", "/graphql", b"{}")) for name in ("nothing", "row", "timeseries")
    },
    **{
        f"wavefront/{name}.json": ("wavefront", ("GET", "/api/v2/chart/api", b""))
        for name in ("nothing", "one", "several")
    },
    "kayenta/configurations.json": ("kayenta", ("GET", "/canaryConfig", b"")),
    "kayenta/started.json": ("kayenta", ("POST", "/canary/c", b"{}")),
    "kayenta/running.json": ("kayenta", ("GET", "/canary/e", b"")),
    "kayenta/terminal.json": ("kayenta", ("GET", "/canary/e", b"")),
}


@pytest.mark.parametrize("recorded", RECORDED)
def test_a_recorded_answer_is_one_that_the_vendor_describes(recorded: str) -> None:
    name, (method, target, body) = RECORDED[recorded]
    question = Seen(Asked(method, target, {"content-type": "application/json"}, body))
    description(name).validate_response(question, Answered(GOLDEN / recorded))


def test_the_score_of_kayenta_is_where_it_describes_it() -> None:
    ended = (GOLDEN / "kayenta/ended.json").read_bytes().replace(b"SCORE", b"90.0")
    question = Seen(Asked("GET", "/canary/e", {}, b""))
    description("kayenta").validate_response(question, Answered(ended))
