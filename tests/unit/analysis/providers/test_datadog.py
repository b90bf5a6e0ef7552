from typing import Any

import orjson
import pytest

from reconciler.analysis.model import Phase
from reconciler.analysis.providers.contract import NotLent, ProviderError, Surroundings
from reconciler.analysis.providers.datadog import request
from tests.unit.analysis.providers.vendor import NOW, Vendor, failed

V1 = {"query": "avg:system.cpu.user{*}"}
V2 = {"apiVersion": "v2", **V1}
TWO = {"a": "sum:requests.errors{*}.as_count()", "b": "sum:requests{*}.as_count()"}
UNTIL = 1767225600
KEYS = {"api-key": "api-key-of-ours", "app-key": "app-key-of-ours"}


@pytest.fixture
def datadog(vendor: Vendor) -> Vendor:
    vendor.keeps("datadog", {**KEYS, "address": f"{vendor.url}/\n"})
    return vendor


def test_v1_asks_for_the_series_of_the_last_five_minutes(datadog: Vendor) -> None:
    datadog.answers("datadog/v1-series.json")
    assert datadog.measure("datadog", V1).phase is Phase.SUCCESSFUL
    (asked,) = datadog.asked
    assert (asked.method, asked.path, asked.body) == ("GET", "/api/v1/query", b"")
    assert asked.query == {"query": V1["query"], "from": str(UNTIL - 300), "to": str(UNTIL)}
    assert asked.headers["dd-api-key"] == "api-key-of-ours"
    assert asked.headers["dd-application-key"] == "app-key-of-ours"


def test_v2_asks_for_the_last_value_of_a_single_query(datadog: Vendor) -> None:
    datadog.answers("datadog/v2-scalar.json")
    datadog.measure("datadog", {**V2, "interval": "90s"})
    (asked,) = datadog.asked
    assert (asked.method, asked.path) == ("POST", "/api/v2/query/scalar")
    assert asked.headers["content-type"] == "application/json"
    query = {"data_source": "metrics", "aggregator": "last", "name": "query", "query": V1["query"]}
    attributes = {"from": (UNTIL - 90) * 1000, "to": UNTIL * 1000, "queries": [query]}
    assert asked.json() == {"data": {"type": "scalar_request", "attributes": attributes}}


def test_v2_sends_named_queries_with_their_formula(datadog: Vendor) -> None:
    datadog.answers("datadog/v2-scalar.json")
    datadog.measure("datadog", {"apiVersion": "v2", "queries": TWO, "formula": "a / b", "aggregator": "sum"})
    attributes = datadog.asked[0].json()["data"]["attributes"]
    assert [(q["name"], q["query"], q["aggregator"]) for q in attributes["queries"]] == [
        (name, query, "sum") for name, query in TWO.items()
    ]
    assert attributes["formulas"] == [{"formula": "a / b"}]


@pytest.mark.parametrize(
    ("config", "recorded", "success", "value"),
    [
        (V1, "v1-series", "result < 0.01", "0.0058"),
        (V1, "v1-empty", "default(result, 0) < 0.05", "[]"),
        (V1, "v1-last-point-null", "isNil(result)", "null"),
        (V2, "v2-scalar", "result < 0.01", "0.0058"),
        (V2, "v2-grouped", "len(result) == 2 && max(result) == 0.5 && result[1] == 0.125", "[0.5,0.125]"),
        (V2, "v2-empty", "default(result, 0) < 0.05", "[]"),
        (V2, "v2-null", "default(result, 0) < 0.05", "null"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_an_answer_is_what_conditions_expect(
    datadog: Vendor, config: dict[str, Any], recorded: str, success: str, value: str
) -> None:
    datadog.answers(f"datadog/{recorded}.json")
    measurement = datadog.measure("datadog", config, success)
    assert (measurement.phase, measurement.message, measurement.value) == (Phase.SUCCESSFUL, "", value)


def test_no_data_is_an_error_where_the_condition_does_not_provide_for_it(datadog: Vendor) -> None:
    datadog.answers("datadog/v2-empty.json")
    assert failed(datadog.measure("datadog", V2, "result < 0.05"), "result < 0.05")


def test_groups_are_named_with_all_their_tags(datadog: Vendor) -> None:
    datadog.answers("datadog/v2-grouped.json")
    metadata = datadog.measure("datadog", V2).metadata
    assert orjson.loads(metadata.pop("groups")) == [
        {"name": "prod,GET /a", "value": 0.5},
        {"name": "prod,GET /b,c", "value": 0.125},
    ]
    assert metadata == {}


def test_of_many_groups_those_that_stand_out_are_named_but_all_are_judged(datadog: Vendor) -> None:
    groups = {"type": "group", "name": "host", "values": [[f"h{n}"] for n in range(150)]}
    numbers = {"type": "number", "name": "a", "values": list(range(150))}
    datadog.answers(orjson.dumps({"data": {"attributes": {"columns": [groups, numbers]}}}))
    measurement = datadog.measure("datadog", V2, "len(result) == 150")
    named = [group["name"] for group in orjson.loads(measurement.metadata["groups"])]
    assert measurement.phase is Phase.SUCCESSFUL
    assert (len(named), named[0], named[-1]) == (100, "h149", "h0")
    assert measurement.metadata["groups_truncated"] == "true"


@pytest.mark.parametrize(
    ("config", "status", "body", "message"),
    [
        (V1, 403, "datadog/forbidden.json", 'answered 403 (may these credentials query?): {"errors":["Forbidden"]}'),
        (V2, 429, b'{"errors":["Too many requests"]}', "Too many requests"),
        (V2, 503, b"<html>unavailable</html>", "answered 503: <html>unavailable</html>"),
        (V1, 200, "datadog/v1-error.json", "Error parsing query"),
        (V2, 200, "datadog/v2-error.json", "The query timed out."),
        (V2, 200, "datadog/v2-partial.json", "2 groups and 1 values"),
        (V1, 200, b"<html>", "not JSON"),
        (V1, 200, b"[1]", "a shape that is not known"),
        (V1, 200, b'{"series":[{}]}', "a shape that is not known"),
        (V2, 200, b'{"data":[]}', "a shape that is not known"),
        (V2, 200, b'{"data":{"attributes":{"columns":[{"type":"number","values":["x"]}]}}}', "'x' instead of a number"),
    ],
    ids=str,
)
def test_a_failure_is_an_error_that_shows_the_answer(
    datadog: Vendor, config: dict[str, Any], status: int, body: str | bytes, message: str
) -> None:
    datadog.answers(body, status)
    assert failed(datadog.measure("datadog", config, "result < 1"), "Datadog", message)


def test_keys_that_an_answer_repeats_are_not_shown(datadog: Vendor) -> None:
    datadog.answers(b"unknown key api-key-of-ours / app-key-of-ours", 403)
    message = datadog.measure("datadog", V1).message
    assert message.endswith("unknown key ***** / *****")
    datadog.answers(b"x" * 490 + b" api-key-of-ours", 403)
    assert "api-key" not in datadog.measure("datadog", V1).message


def test_a_server_that_is_not_there_is_an_error(vendor: Vendor) -> None:
    vendor.keeps("datadog", {**KEYS, "address": "http://127.0.0.1:1"})
    assert failed(vendor.measure("datadog", V1), "127.0.0.1:1", "cannot connect")


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({}, ["query or queries is needed"]),
        ({**V2, "queries": TWO, "formula": "a/b"}, ["use either query or queries"]),
        ({"queries": {"a": "x"}}, ["v1 takes one query"]),
        ({**V2, "formula": "a"}, ["formula needs queries"]),
        ({"apiVersion": "v2", "queries": TWO}, ["several queries need a formula"]),
        ({**V1, "aggregator": "sum"}, ["aggregator needs apiVersion v2"]),
        ({**V2, "aggregator": "p99"}, ["aggregator 'p99' is none of avg, min"]),
        ({**V2, "interval": "soon"}, [".interval: 'soon' is not a duration"]),
        ({"apiVersion": "v2", "queries": "a", "secretRef": "b"}, ["queries must be", "secretRef must be", "is needed"]),
        ({**V2, "requestTimeout": "0s"}, [".requestTimeout must be more than nothing"]),
        (
            {"apiVersion": "v3", "formula": "a", "interval": "x"},
            ["apiVersion 'v3'", "query or queries", "formula needs", ".interval"],
        ),
    ],
    ids=str,
)
def test_settings_are_refused_with_all_their_problems_at_once(config: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(ProviderError) as refused:
        request(config, NOW, Surroundings(send=lambda _: pytest.fail("nothing may be sent")))
    assert str(refused.value).count("provider.datadog") == len(problems)
    for problem in problems:
        assert problem in str(refused.value)


def test_right_settings_only_lack_credentials_where_none_are_lent() -> None:
    with pytest.raises(NotLent):
        request(V2, NOW, Surroundings(send=lambda _: pytest.fail("nothing may be sent")))


def test_the_timeout_is_ten_seconds_unless_the_template_says_otherwise() -> None:
    around = Surroundings(send=lambda _: pytest.fail("nothing may be sent"), secret=lambda *_: KEYS)
    assert request(V1, NOW, around).timeout == 10
    assert request({**V1, "requestTimeout": "1m"}, NOW, around).timeout == 60
    assert request(V1, NOW, around).url.startswith("https://api.datadoghq.com/api/v1/query?")


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({}, "of-the-environment"),
        ({"secretRef": {"name": "mine"}}, "of-home"),
        ({"secretRef": {"name": "mine", "namespaced": True}}, "of-the-run"),
    ],
    ids=["environment", "secretRef", "secretRef, namespaced"],
)
def test_credentials_of_the_template_come_before_those_of_the_environment(
    vendor: Vendor, config: dict[str, Any], key: str
) -> None:
    vendor.answers("datadog/v1-series.json")
    vendor.environment = {"DD_ADDRESS": vendor.url, "DD_API_KEY": "of-the-environment", "DD_APP_KEY": "app"}
    for namespace, owner in (("rollouts", "of-home"), ("shop", "of-the-run")):
        vendor.keeps("mine", {"address": vendor.url, "api-key": owner, "app-key": "app"}, namespace)
    assert vendor.measure("datadog", {**V1, **config}).phase is Phase.SUCCESSFUL
    assert vendor.asked[0].headers["dd-api-key"] == key


def test_an_incomplete_environment_leaves_it_to_the_secret(datadog: Vendor) -> None:
    datadog.answers("datadog/v1-series.json")
    datadog.environment = {"DD_ADDRESS": datadog.url, "DD_API_KEY": "half"}
    datadog.measure("datadog", V1)
    assert datadog.asked[0].headers["dd-api-key"] == "api-key-of-ours"


def test_missing_credentials_are_named(vendor: Vendor) -> None:
    assert failed(vendor.measure("datadog", V1), 'Secret "datadog" not found in namespace rollouts')
    assert failed(
        vendor.measure("datadog", {**V1, "secretRef": {"name": "mine", "namespaced": True}}), '"mine"', "shop"
    )
    vendor.keeps("datadog", {"api-key": " \n"})
    assert failed(vendor.measure("datadog", V1), 'Secret "datadog"', "no api-key and no app-key")
    vendor.keeps("datadog", {**KEYS, "address": "api.datadoghq.eu"})
    assert failed(vendor.measure("datadog", V1), '"address" of Secret "datadog" is not an http(s) URL')
