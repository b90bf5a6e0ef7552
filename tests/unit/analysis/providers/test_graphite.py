from typing import Any

import pytest

from reconciler.analysis.model import Phase
from reconciler.analysis.providers.contract import ProviderError, Surroundings
from reconciler.analysis.providers.graphite import request
from tests.unit.analysis.providers.vendor import NOW, Vendor, failed

QUERY = """
target=asPercent(
  sumSeries(stats.*.outcome.{SUCCESS,REDIRECTION}.count), sumSeries(stats.*.count), '5min'
)&from=-5min
"""


def test_the_render_api_is_asked_for_the_query_without_its_whitespace(vendor: Vendor) -> None:
    vendor.answers("graphite/targets.json")
    vendor.measure("graphite", {"address": f"{vendor.url}/base/", "query": QUERY})
    (asked,) = vendor.asked
    assert (asked.method, asked.path) == ("GET", "/base/render")
    target = "asPercent(sumSeries(stats.*.outcome.{SUCCESS,REDIRECTION}.count),sumSeries(stats.*.count),'5min')"
    assert asked.query == {"target": target, "from": "-5min", "format": "json"}


def test_the_values_of_the_first_target_are_the_result(vendor: Vendor) -> None:
    vendor.answers("graphite/targets.json")
    config = {"address": vendor.url, "query": "target=a"}
    measurement = vendor.measure(
        "graphite", config, "len(result) == 2 && result[0] >= 90.000000 && all(result, # > 90)"
    )
    assert (measurement.phase, measurement.message, measurement.value) == (Phase.SUCCESSFUL, "", "[92.5,100]")


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"[]", "no values for the query: it knows no such target"),
        (200, "graphite/all-null.json", "no values for the query"),
        (401, b"login", "answered 401 (are the credentials right?): login"),
        (500, b"Traceback: unknown function", "answered 500: Traceback: unknown function"),
        (200, b"<html>", "not JSON"),
        (200, b"{}", "a shape that is not known"),
        (200, b'[{"target":"a"}]', "a shape that is not known"),
        (200, b'[{"target":"a","datapoints":[[1]]}]', "a shape that is not known"),
        (200, b'[{"target":"a","datapoints":[["x",1]]}]', "'x' instead of a number"),
    ],
    ids=str,
)
def test_a_failure_is_an_error_that_shows_the_answer(
    vendor: Vendor, status: int, body: str | bytes, message: str
) -> None:
    vendor.answers(body, status)
    assert failed(vendor.measure("graphite", {"address": vendor.url, "query": "target=a"}), "Graphite", message)


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({}, [".address is empty", ".query is empty"]),
        ({"address": "graphite:80", "query": "stats.a"}, [".address 'graphite:80' is not", ".query has no target="]),
        ({"address": "http://u:pw@", "query": "target=a"}, ["is not an http(s) URL"]),
        ({"address": "http://[", "query": "target=a"}, ["is not an http(s) URL"]),
    ],
    ids=str,
)
def test_settings_are_refused_with_all_their_problems_at_once(config: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(ProviderError) as refused:
        asked(config)
    assert str(refused.value).count("provider.graphite") == len(problems)
    assert "pw" not in str(refused.value)
    for problem in problems:
        assert problem in str(refused.value)


def test_characters_that_a_url_cannot_have_are_escaped_and_it_answers_within_ten_seconds() -> None:
    question = asked({"address": "http://g", "query": 'target=alias(a,"é#")&from=-1h'})
    assert question.url == "http://g/render?target=alias(a,%22%C3%A9%23%22)&from=-1h&format=json"
    assert question.timeout == 10


def asked(config: dict[str, Any]) -> Any:
    return request(config, NOW, Surroundings(send=lambda _: pytest.fail("nothing may be sent")))
