from typing import Any

import pytest

from reconciler.analysis.model import Phase
from reconciler.analysis.providers.contract import ProviderError, Surroundings
from reconciler.analysis.providers.wavefront import request
from tests.unit.analysis.providers.vendor import NOW, Vendor, failed

HOST = "example.wavefront.com"
QUERY = 'sum(rate(5m, ts("requests", code!=500)))'
CONFIG = {"address": HOST, "query": QUERY}
TOKENS = {HOST: "token-of-ours", "other.wavefront.com": "another"}


@pytest.fixture
def wavefront(vendor: Vendor) -> Vendor:
    vendor.keeps("wavefront-api-tokens", TOKENS)
    vendor.instead_of = f"https://{HOST}"
    return vendor


def test_the_chart_api_is_asked_for_one_point_at_this_second(wavefront: Vendor) -> None:
    wavefront.answers("wavefront/one.json")
    wavefront.measure("wavefront", CONFIG)
    (asked,) = wavefront.asked
    assert (asked.method, asked.path) == ("GET", "/api/v2/chart/api")
    assert asked.query == {"q": QUERY, "s": "1767225600000", "g": "s", "p": "1", "i": "false"}
    assert asked.headers["authorization"] == "Bearer token-of-ours"


@pytest.mark.parametrize(
    ("recorded", "success", "value", "metadata"),
    [
        (
            "one",
            "result == 0.98765",
            "0.99",
            {"timestamps": "1767225588", "drift": "12", "warnings": "Some series have no data"},
        ),
        (
            "several",
            "len(result) == 2 && result[0] == 0.5 && min(result) == 0.25",
            "[0.50,0.25]",
            {"timestamps": "[1767225600,1767225595]", "drift": "[0,5]"},
        ),
    ],
    ids=["one series is a number", "several are a list"],
)
def test_the_point_nearest_to_now_is_the_result(
    wavefront: Vendor, recorded: str, success: str, value: str, metadata: dict[str, str]
) -> None:
    wavefront.answers(f"wavefront/{recorded}.json")
    measurement = wavefront.measure("wavefront", CONFIG, success)
    assert (measurement.phase, measurement.message, measurement.value) == (Phase.SUCCESSFUL, "", value)
    assert measurement.metadata == metadata


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, "wavefront/nothing.json", "no time series with data for the query: No metrics matching - nobody"),
        (200, b'{"timeseries":[{"label":"a","data":[]}]}', "no time series with data"),
        (200, "wavefront/syntax-error.json", "QuerySyntaxError: Unexpected end of input"),
        (401, b"HTTP Status 401 - Unauthorized", "answered 401 (are the credentials right?): HTTP Status 401"),
        (503, b"", "answered 503: nothing"),
        (200, b"<html>", "not JSON"),
        (200, b'{"timeseries":[{"data":[1]}]}', "a shape that is not known"),
        (200, b'{"timeseries":[{"data":[[1767225600,"NaN"]]}]}', "'NaN' instead of a number"),
    ],
    ids=str,
)
def test_a_failure_is_an_error_that_shows_the_answer(
    wavefront: Vendor, status: int, body: str | bytes, message: str
) -> None:
    wavefront.answers(body, status)
    assert failed(wavefront.measure("wavefront", CONFIG, "result > 0.5"), "Wavefront", message)


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({}, ["provider.wavefront.address is empty", "provider.wavefront.query is empty"]),
        ({**CONFIG, "address": f"https://{HOST}"}, ["is not a host such as example.wavefront.com"]),
        ({**CONFIG, "address": f"{HOST}/us"}, ["is not a host"]),
        ({**CONFIG, "address": f"other@{HOST}"}, ["is not a host"]),
        ({**CONFIG, "address": "mine.wavefront.com"}, ['"wavefront-api-tokens"', "no mine.wavefront.com"]),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(config: dict[str, Any], problems: list[str]) -> None:
    around = Surroundings(send=lambda _: pytest.fail("nothing may be sent"), secret=lambda *_: TOKENS)
    with pytest.raises(ProviderError) as refused:
        request(config, NOW, around)
    for problem in problems:
        assert problem in str(refused.value)
