import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from reconciler.analysis.expr.types import FLOAT, FLOATS
from reconciler.analysis.providers.contract import ProviderError, Surroundings
from reconciler.analysis.providers.prometheus import request, value
from reconciler.http.model import Request, Response

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def asked(prometheus_url: str = "", **config: Any) -> Request:
    def never(_: Request) -> Response:
        raise AssertionError("a provider of one question sends nothing itself")

    return request({"query": "up", **config}, NOW, Surroundings(send=never, prometheus_url=prometheus_url))


def parameters(question: Request) -> dict[str, str]:
    text = question.body.decode() or urlsplit(question.url).query
    return {key: values[0] for key, values in parse_qs(text).items()}


def answered(body: Any, status: int = 200) -> Response:
    return Response(status, {}, body if isinstance(body, bytes) else orjson.dumps(body))


def a_result(kind: str, result: Any, **more: Any) -> Response:
    return answered({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def test_an_instant_query_asks_for_the_value_now() -> None:
    question = asked(address="http://prom:9090/base/", query='rate(x{a="b"}[5m])')
    assert question.method == "GET"
    assert question.url.startswith("http://prom:9090/base/api/v1/query?")
    assert parameters(question) == {"query": 'rate(x{a="b"}[5m])', "time": "1767225600.000"}
    assert question.timeout == 30


def test_the_daemons_prometheus_stands_in_for_a_missing_address() -> None:
    assert asked(prometheus_url="http://default:9090").url.startswith("http://default:9090/api/v1/query?")


def test_a_range_query_evaluates_its_times() -> None:
    span = {"start": 'now() - duration("5m")', "end": "now()", "step": "1m30s"}
    question = asked(address="http://p", rangeQuery=span)
    assert "/api/v1/query_range?" in question.url
    assert parameters(question) == {
        "query": "up",
        "start": "1767225300.000",
        "end": "1767225600.000",
        "step": "90",
    }


def test_a_long_query_is_posted() -> None:
    question = asked(address="http://p", query="x" * 3000)
    assert (question.method, question.url) == ("POST", "http://p/api/v1/query")
    assert question.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parameters(question)["query"] == "x" * 3000


def test_credentials_travel_as_headers_and_are_known_as_secrets() -> None:
    basic = {"basicAuth": {"username": "me", "password": "pw"}}
    headers = [{"key": "X-Scope-OrgID", "value": "tenant"}]
    question = asked(address="http://p", authentication=basic, headers=headers, insecure=True, timeout=5)
    token = base64.b64encode(b"me:pw").decode()
    assert question.headers == {"X-Scope-OrgID": "tenant", "Authorization": f"Basic {token}"}
    assert {"pw", token, "tenant"} <= set(question.secrets)
    assert (question.insecure, question.timeout) == (True, 5)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "no Prometheus address"),
        ({"address": "prom:9090"}, "not an http"),
        ({"address": "http://"}, "not an http"),
        ({"address": "http://p", "query": ""}, "query is empty"),
        ({"address": "http://p", "timeout": -1}, "must not be negative"),
        ({"address": "http://p", "authentication": {"basicAuth": {"username": "me"}}}, "needs both"),
        ({"address": "http://p", "rangeQuery": {"start": "now()", "end": "now()", "step": "x"}}, "rangeQuery.step"),
        ({"address": "http://p", "rangeQuery": {"start": "1", "end": "now()", "step": "1s"}}, "start .* not a time"),
        ({"address": "http://p", "rangeQuery": {"start": "now()", "end": "later", "step": "1s"}}, "unknown name later"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ProviderError, match=message):
        asked(**config)


def test_unset_authentication_is_none() -> None:
    empty = {"sigv4": {}, "oauth2": {"tokenUrl": ""}, "basicAuth": {"username": "", "password": ""}}
    assert "Authorization" not in asked(address="http://p", authentication=empty).headers


@pytest.mark.parametrize(
    ("kind", "result", "expected", "text", "type_"),
    [
        ("scalar", [1, "0.25"], 0.25, "0.25", FLOAT),
        ("vector", [{"value": [1, "1"]}, {"value": [1, "2.5"]}], [1.0, 2.5], "[1,2.5]", FLOATS),
        ("vector", [], [], "[]", FLOATS),
        ("matrix", [{"values": [[1, "1"], [2, "2"]]}, {"values": [[1, "3"]]}], [1.0, 2.0, 3.0], "[1,2,3]", FLOATS),
        ("vector", [{"value": [1, "+Inf"]}], [float("inf")], "[+Inf]", FLOATS),
    ],
)
def test_samples_become_numbers(kind: str, result: Any, expected: Any, text: str, type_: Any) -> None:
    answer = value({"query": "up"}, a_result(kind, result))
    assert (answer.value, answer.text, answer.type) == (expected, text, type_)
    assert answer.metric_metadata == {"ResolvedPrometheusQuery": "up"}


def test_not_a_number_stays_one() -> None:
    (number,) = value({}, a_result("vector", [{"value": [1, "NaN"]}])).value
    assert number != number


def test_warnings_go_with_the_measurement() -> None:
    answer = value({}, a_result("vector", [], warnings=["w1", "w2"]))
    assert answer.metadata == {"warnings": '"w1", "w2"'}


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (answered({"status": "error", "errorType": "bad_data", "error": "parse error"}, 400), "bad_data: parse error"),
        (answered(b"<html>bad gateway</html>", 502), "answered 502: <html>bad gateway"),
        (answered([], 200), "answered 200"),
        (answered({"message": "no"}, 401), "answered 401"),
        (a_result("string", [1, "x"]), "answered with a string"),
        (a_result("vector", [{"histogram": [1, {}]}]), "native histograms"),
        (a_result("vector", [{"value": [1, "many"]}]), "'many' instead of a number"),
    ],
)
def test_whatever_else_comes_is_an_error_that_says_what(response: Response, message: str) -> None:
    with pytest.raises(ProviderError, match=message):
        value({}, response)
