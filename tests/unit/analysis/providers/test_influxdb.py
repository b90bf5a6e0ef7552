from typing import Any

import pytest

from reconciler.analysis.model import Phase
from reconciler.analysis.providers import annotated_csv
from reconciler.analysis.providers.contract import ProviderError, Surroundings
from reconciler.analysis.providers.influxdb import request
from tests.unit.analysis.providers.vendor import GOLDEN, NOW, Vendor, failed

FLUX = 'from(bucket: "app") |> range(start: -15m) |> filter(fn: (r) => r["host"] == "a")'
PROFILE = {"authToken": "token-of-ours", "org": "my org"}


@pytest.fixture
def influxdb(vendor: Vendor) -> Vendor:
    vendor.keeps("influxdb", {**PROFILE, "address": f"{vendor.url}/"})
    return vendor


def test_the_query_api_of_the_organisation_is_asked_in_flux(influxdb: Vendor) -> None:
    influxdb.answers("influxdb/tables.csv")
    influxdb.measure("influxdb", {"query": FLUX})
    (asked,) = influxdb.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/api/v2/query", {"org": "my org"})
    assert asked.headers["authorization"] == "Token token-of-ours"
    assert asked.headers["content-type"] == "application/json"
    body = asked.json()
    assert (body["query"], body["type"]) == (FLUX, "flux")
    assert body["dialect"] == {"header": True, "delimiter": ",", "annotations": ["datatype", "group", "default"]}


@pytest.mark.parametrize(
    ("recorded", "success", "value"),
    [
        ("tables", "len(result) == 3 && result[0] <= 0.01 && result[1] == nil && result[2] == 42", "[0.0058,null,42]"),
        ("boolean", "result[0] == true", "[true]"),
    ],
)
def test_the_values_of_all_tables_are_the_result(influxdb: Vendor, recorded: str, success: str, value: str) -> None:
    influxdb.answers(f"influxdb/{recorded}.csv")
    measurement = influxdb.measure("influxdb", {"query": FLUX}, success)
    assert (measurement.phase, measurement.message, measurement.value) == (Phase.SUCCESSFUL, "", value)


def test_a_table_is_read_with_its_types_and_defaults() -> None:
    first, _, third = annotated_csv.records((GOLDEN / "influxdb" / "tables.csv").read_bytes().decode())
    assert (first["result"], first["table"], first["_value"]) == ("_result", 0, 0.0058)
    assert (first["_field"], first["_time"]) == ("rate, 5xx", "2025-12-31T23:50:00Z")
    assert third == {"result": "_result", "table": 1, "_value": 42, "host": "a\nb"}


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, "influxdb/nothing.csv", "no records for the query"),
        (200, "influxdb/error-on-the-way.csv", "InfluxDB: engine: unknown field type"),
        (200, "influxdb/cut.csv", "a record of 4 columns under 5 names"),
        (401, "influxdb/unauthorized.json", "answered 401 (are the credentials right?)"),
        (400, b'{"code":"invalid","message":"compilation failed"}', "answered 400"),
        (503, b"", "answered 503: nothing"),
        (200, b"<html>\nnot a table", "cannot be read"),
        (200, b"\xff\xfe\n\xff", "cannot be read"),
        (200, b"#datatype,string,double\n,result,_value\n,,many\n", "cannot be read"),
        (200, b"#datatype,string,boolean\n,result,_value\n,,maybe\n", "'maybe' is neither true nor false"),
        (200, b"#datatype,string,double\n,result,total\n,,1\n", "without a column _value"),
    ],
    ids=str,
)
def test_a_failure_is_an_error_that_shows_the_answer(
    influxdb: Vendor, status: int, body: str | bytes, message: str
) -> None:
    influxdb.answers(body, status)
    assert failed(influxdb.measure("influxdb", {"query": FLUX}, "result[0] <= 0.01"), "InfluxDB", message)


@pytest.mark.parametrize(
    ("config", "profile", "problem"),
    [
        ({}, PROFILE, "provider.influxdb.query is empty"),
        ({"query": FLUX, "profile": "mine"}, {"org": "o"}, 'Secret "mine" in the daemon\'s namespace has no address'),
        (
            {"query": FLUX},
            {**PROFILE, "address": "influx:8086"},
            '"address" of Secret "influxdb" is not an http(s) URL',
        ),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(config: dict[str, Any], profile: dict[str, str], problem: str) -> None:
    with pytest.raises(ProviderError) as refused:
        asked(config, profile)
    assert problem in str(refused.value)


def test_a_query_has_thirty_seconds_and_its_token_is_secret() -> None:
    question = asked({"query": FLUX}, {**PROFILE, "address": "https://influx"})
    assert (question.timeout, question.secrets) == (30, ("token-of-ours",))


def asked(config: dict[str, Any], profile: dict[str, str]) -> Any:
    around = Surroundings(send=lambda _: pytest.fail("nothing may be sent"), secret=lambda *_: profile)
    return request(config, NOW, around)
