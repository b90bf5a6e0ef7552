import time
from datetime import datetime
from typing import Any

import orjson
import pytest

from reconciler.analysis.model import Phase
from reconciler.analysis.providers.contract import ProviderError, Surroundings
from reconciler.analysis.providers.skywalking import request
from tests.unit.analysis.providers.vendor import NOW, Vendor, failed

QUERY = """
query queryData($duration: Duration!) {
  service_apdex: readMetricsValues(
    condition: { name: "service_apdex", entity: { scope: Service, serviceName: "shop", normal: true } },
    duration: $duration) { label values { values { value } } }
}
"""


def test_graphql_is_asked_for_the_minutes_until_now(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    vendor.answers("skywalking/values.json")
    vendor.measure("skywalking", {"address": f"{vendor.url}/", "query": QUERY, "interval": "3m"})
    monkeypatch.undo()
    time.tzset()
    (asked,) = vendor.asked
    assert (asked.method, asked.path, asked.headers["content-type"]) == ("POST", "/graphql", "application/json")
    duration = {"start": "2026-01-01 0857", "end": "2026-01-01 0900", "step": "MINUTE"}
    assert asked.json() == {"query": QUERY, "variables": {"duration": duration}}


@pytest.mark.parametrize(
    "success",
    [
        "all(result.service_apdex.values.values, {asFloat(.value) >= 9900})",
        "result.service_apdex.values.values[1].value == 10000",
        "len(result.service_apdex.values.values) == 2 && result.service_apdex.label == nil",
    ],
)
def test_the_data_is_the_result_as_it_is(vendor: Vendor, success: str) -> None:
    vendor.answers("skywalking/values.json")
    measurement = vendor.measure("skywalking", {"address": vendor.url, "query": QUERY}, success)
    assert (measurement.phase, measurement.message) == (Phase.SUCCESSFUL, "")
    assert measurement.value.startswith('{"service_apdex":{')


def test_where_there_is_nothing_the_result_is_nil_and_conditions_may_provide_for_it(vendor: Vendor) -> None:
    vendor.answers("skywalking/nothing.json")
    config = {"address": vendor.url, "query": QUERY}
    assert vendor.measure("skywalking", config, "result.service_apdex == nil").phase is Phase.SUCCESSFUL
    assert failed(vendor.measure("skywalking", config, "result.service_apdex.value > 1"), "no data was returned")


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, "skywalking/partial.json", "metrics not found"),
        (200, b'{"errors":["bad","worse"]}', "SkyWalking: bad; worse"),
        (403, b"", "answered 403 (may these credentials query?): nothing"),
        (500, b"oops", "answered 500: oops"),
        (200, b"<html>", "not JSON"),
        (200, b'{"data":[]}', "a shape that is not known"),
    ],
    ids=str,
)
def test_a_failure_is_an_error_that_shows_the_answer(
    vendor: Vendor, status: int, body: str | bytes, message: str
) -> None:
    vendor.answers(body, status)
    assert failed(vendor.measure("skywalking", {"address": vendor.url, "query": QUERY}), "SkyWalking", message)


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({"interval": "x"}, [".address is empty", ".query is empty", ".interval: 'x' is not a duration"]),
        ({"address": "oap:12800", "query": QUERY}, [".address 'oap:12800' is not an http(s) URL"]),
    ],
    ids=str,
)
def test_settings_are_refused_with_all_their_problems_at_once(config: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(ProviderError) as refused:
        asked(config)
    assert str(refused.value).count("provider.skywalking") == len(problems)
    for problem in problems:
        assert problem in str(refused.value)


def test_without_an_interval_the_last_five_minutes_are_asked_for() -> None:
    duration = orjson.loads(asked({"address": "http://oap", "query": QUERY}).body)["variables"]["duration"]
    start, end = (datetime.strptime(duration[key], "%Y-%m-%d %H%M").astimezone() for key in ("start", "end"))
    assert (end - start).total_seconds() == 300
    assert end == NOW


def asked(config: dict[str, Any]) -> Any:
    return request(config, NOW, Surroundings(send=lambda _: pytest.fail("nothing may be sent")))
