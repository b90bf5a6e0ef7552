"""What each vendor may answer instead of a value: always one Error measurement after one attempt, without a secret.

What is particular to a vendor is in the tests of its own; here every provider meets what any HTTP service does.
"""

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.analysis.model import Measurement
from tests.unit.analysis.providers.vendor import Vendor, failed

KEY = "key-that-is-secret"
WAVEFRONT = "acme.wavefront.example"
Ask = Callable[[Vendor], Measurement]


def prometheus(vendor: Vendor) -> Measurement:
    authentication = {"basicAuth": {"username": "me", "password": KEY}}
    return vendor.measure("prometheus", {"address": vendor.url, "query": "up", "authentication": authentication})


def prometheus_range(vendor: Vendor) -> Measurement:
    span = {"start": "now() - duration('5m')", "end": "now()", "step": "1m"}
    headers = [{"key": "Authorization", "value": KEY}]
    config = {"address": vendor.url, "query": "up", "rangeQuery": span, "headers": headers}
    return vendor.measure("prometheus", config)


def web(vendor: Vendor) -> Measurement:
    return vendor.measure("web", {"url": vendor.url, "headers": [{"key": "Authorization", "value": KEY}]})


def datadog(version: str) -> Ask:
    def ask(vendor: Vendor) -> Measurement:
        vendor.keeps("datadog", {"address": vendor.url, "api-key": KEY, "app-key": KEY})
        return vendor.measure("datadog", {"apiVersion": version, "query": "avg:m{*}"})

    return ask


def new_relic(vendor: Vendor) -> Measurement:
    vendor.keeps("newrelic", {"personal-api-key": KEY, "account-id": "1", "base-url-nerdgraph": vendor.url})
    return vendor.measure("newRelic", {"query": "SELECT 1"})


def wavefront(vendor: Vendor) -> Measurement:
    vendor.keeps("wavefront-api-tokens", {WAVEFRONT: KEY})
    vendor.instead_of = f"https://{WAVEFRONT}"
    return vendor.measure("wavefront", {"address": WAVEFRONT, "query": "ts(m)"})


def graphite(vendor: Vendor) -> Measurement:
    return vendor.measure("graphite", {"address": vendor.url, "query": "target=a"})


def influxdb(vendor: Vendor) -> Measurement:
    vendor.keeps("influxdb", {"address": vendor.url, "authToken": KEY, "org": "acme"})
    return vendor.measure("influxdb", {"query": "from(bucket: 1)"})


def skywalking(vendor: Vendor) -> Measurement:
    return vendor.measure("skywalking", {"address": vendor.url, "query": "query { a }"})


def kayenta(vendor: Vendor) -> Measurement:
    window = {"scope": "shop", "region": "eu", "step": 60}
    names = ("application", "canaryConfigName", "metricsAccountName", "configurationAccountName", "storageAccountName")
    config: dict[str, Any] = {
        **dict.fromkeys(names, "a"),
        "address": vendor.url,
        "threshold": {"pass": 90, "marginal": 70},
        "scopes": [{"name": "default", "controlScope": window, "experimentScope": window}],
    }
    return vendor.measure("kayenta", config, interval="5m")


VENDORS: dict[str, Ask] = {
    "prometheus": prometheus,
    "prometheus range": prometheus_range,
    "web": web,
    "datadog v1": datadog("v1"),
    "datadog v2": datadog("v2"),
    "newRelic": new_relic,
    "wavefront": wavefront,
    "graphite": graphite,
    "influxdb": influxdb,
    "skywalking": skywalking,
    "kayenta": kayenta,
}
WITHOUT_CREDENTIALS = (graphite, skywalking, kayenta)
every_vendor = pytest.mark.parametrize("ask", VENDORS.values(), ids=VENDORS.keys())


@every_vendor
@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500, 503])
def test_a_refusal_is_told_with_its_status_and_words(vendor: Vendor, ask: Ask, status: int) -> None:
    repeated = "" if ask in WITHOUT_CREDENTIALS else KEY
    vendor.answers(f"<html>not now {repeated}".encode(), status)
    measured = ask(vendor)
    assert failed(measured, str(status), "not now")
    assert KEY not in measured.message
    assert len(vendor.asked) == 1


@every_vendor
def test_a_redirect_is_not_followed_but_named(vendor: Vendor, ask: Ask) -> None:
    vendor.headers = {"Location": "https://other.example/path?token=x"}
    vendor.answers(b"moved", 308)
    assert failed(ask(vendor), "308", "redirects to https://other.example/path: use that address")


def test_a_password_in_an_address_is_used_and_not_shown(vendor: Vendor) -> None:
    vendor.answers(f"<html>{KEY}".encode(), 401)
    vendor.url = vendor.url.replace("http://", f"http://me:{KEY}@")
    measured = graphite(vendor)
    assert vendor.asked[0].headers["authorization"].startswith("Basic ")
    assert failed(measured, "*****")
    assert KEY not in measured.message


@pytest.mark.parametrize("ask", [ask for name, ask in VENDORS.items() if name != "web"])
def test_a_limit_says_how_long_to_wait(vendor: Vendor, ask: Ask) -> None:
    vendor.headers = {"Retry-After": "30"}
    vendor.answers(b"slow down", 429)
    assert failed(ask(vendor), "429", "asks to wait 30 s", "slow down")


@pytest.mark.parametrize("ask", [ask for name, ask in VENDORS.items() if name != "web"])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"status": "suc', b"7", b"null", b'"text"', b"[]", b"{}"])
def test_what_is_not_an_answer_of_the_vendor_is_an_error(vendor: Vendor, ask: Ask, body: bytes) -> None:
    vendor.answers(body)
    measured = ask(vendor)
    assert failed(measured)
    assert "internal error" not in measured.message


@every_vendor
def test_silence_ends_with_the_time_out(vendor: Vendor, ask: Ask) -> None:
    vendor.delay, vendor.patience = 0.6, 0.1
    assert failed(ask(vendor), "no complete answer within 0.1 s")


@every_vendor
def test_a_server_that_is_not_there_is_told(vendor: Vendor, ask: Ask) -> None:
    vendor.url = "http://127.0.0.1:9"
    assert failed(ask(vendor), "cannot connect")


@every_vendor
def test_a_server_without_tls_is_not_trusted(vendor: Vendor, ask: Ask) -> None:
    vendor.url = vendor.url.replace("http://", "https://")
    measured = ask(vendor)
    assert failed(measured, "TLS")
    assert KEY not in measured.message


@every_vendor
def test_an_answer_without_end_is_refused(vendor: Vendor, ask: Ask) -> None:
    vendor.answers(b"[" * (9 << 20))
    assert failed(ask(vendor), "larger than")
