from typing import Any

import pytest

from reconciler.analysis.model import Phase
from reconciler.analysis.providers.contract import ProviderError, Surroundings
from reconciler.analysis.providers.new_relic import request
from tests.unit.analysis.providers.vendor import NOW, Vendor, failed

NRQL = "FROM Transaction SELECT percentage(count(*), WHERE httpResponseCode != 500) AS successRate"
CONFIG = {"query": NRQL}
PROFILE = {"personal-api-key": "NRAK-of-ours", "account-id": "1234567"}


@pytest.fixture
def new_relic(vendor: Vendor) -> Vendor:
    vendor.keeps("newrelic", {**PROFILE, "base-url-nerdgraph": f"{vendor.url}/graphql"})
    return vendor


def test_nerdgraph_is_asked_for_the_nrql_of_the_account(new_relic: Vendor) -> None:
    new_relic.answers("new-relic/row.json")
    taken = new_relic.take("newRelic", {**CONFIG, "timeout": 20})
    (asked,) = new_relic.asked
    assert (asked.method, asked.path) == ("POST", "/graphql")
    assert (asked.headers["api-key"], asked.headers["content-type"]) == ("NRAK-of-ours", "application/json")
    body = asked.json()
    assert body["variables"] == {"accountId": 1234567, "nrql": NRQL}
    assert "account(id: $accountId) { nrql(query: $nrql, timeout: 20) { results } }" in body["query"]
    assert taken.metric_metadata == (("ResolvedNewRelicQuery", NRQL),)


@pytest.mark.parametrize(
    ("recorded", "success"),
    [
        ("row", "result.successRate >= 99.5 && result['average.duration'] == 2 && result.appName == 'shop'"),
        ("timeseries", "len(result) == 2 && result[1].count == 5"),
    ],
)
def test_one_row_is_a_map_and_several_are_a_list_of_maps(new_relic: Vendor, recorded: str, success: str) -> None:
    new_relic.answers(f"new-relic/{recorded}.json")
    measurement = new_relic.measure("newRelic", CONFIG, success)
    assert (measurement.phase, measurement.message) == (Phase.SUCCESSFUL, "")
    assert measurement.value[0] == ("{" if recorded == "row" else "[")


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, "new-relic/nothing.json", "no results"),
        (200, b'{"data":{"actor":{"account":{"nrql":{"results":[{}]}}}}}', "no results"),
        (200, "new-relic/syntax-error.json", "NRQL Syntax Error: Error at line 1 position 1"),
        (401, "new-relic/unauthorized.json", "answered 401 (are the credentials right?)"),
        (502, b"<html>bad gateway</html>", "answered 502: <html>bad gateway</html>"),
        (200, b"<html>", "not JSON"),
        (200, b'{"data":{"actor":{"account":null}}}', "a shape that is not known"),
        (200, b'{"data":null}', "a shape that is not known"),
    ],
    ids=str,
)
def test_a_failure_is_an_error_that_shows_the_answer(
    new_relic: Vendor, status: int, body: str | bytes, message: str
) -> None:
    new_relic.answers(body, status)
    assert failed(new_relic.measure("newRelic", CONFIG, "result.successRate > 0"), "New Relic", message)


@pytest.mark.parametrize(
    ("profile", "url"),
    [
        ({}, "https://api.newrelic.com/graphql"),
        ({"region": "US"}, "https://api.newrelic.com/graphql"),
        ({"region": "eu"}, "https://api.eu.newrelic.com/graphql"),
        ({"region": "jp"}, "https://api.jp.newrelic.com/graphql"),
        ({"region": "eu", "base-url-nerdgraph": "http://proxy/nr"}, "http://proxy/nr"),
    ],
    ids=str,
)
def test_the_profile_says_where_new_relic_is(profile: dict[str, str], url: str) -> None:
    question = asked({"profile": "mine", **CONFIG}, {"mine": {**PROFILE, **profile}})
    assert (question.url, question.secrets) == (url, ("NRAK-of-ours",))


def test_new_relic_has_five_seconds_and_its_answer_some_more() -> None:
    question = asked(CONFIG, {"newrelic": PROFILE})
    assert b"timeout: 5)" in question.body
    assert question.timeout == 10


@pytest.mark.parametrize(
    ("config", "profile", "problems"),
    [
        ({"query": " ", "timeout": "soon"}, {}, [".query is empty", ".timeout 'soon' is not a number of seconds"]),
        ({**CONFIG, "timeout": -1}, {}, [".timeout must be more than nothing"]),
        (CONFIG, {}, ["no personal-api-key and no account-id"]),
        (CONFIG, {**PROFILE, "account-id": "mine"}, ['"account-id" of Secret "newrelic" is not a number']),
        (CONFIG, {**PROFILE, "region": "mars"}, ['"region" of Secret "newrelic" is none of us, eu, jp']),
        (CONFIG, {**PROFILE, "base-url-nerdgraph": "proxy"}, ["not an http(s) URL"]),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(config: dict[str, Any], profile: dict[str, str], problems: list[str]) -> None:
    with pytest.raises(ProviderError) as refused:
        asked(config, {"newrelic": profile})
    for problem in problems:
        assert problem in str(refused.value)


def asked(config: dict[str, Any], secrets: dict[str, dict[str, str]]) -> Any:
    around = Surroundings(send=lambda _: pytest.fail("nothing may be sent"), secret=lambda _, name: secrets[name])
    return request(config, NOW, around)
