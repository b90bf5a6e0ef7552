"""Against a server that answers as Kayenta's API does: /canaryConfig, /canary/CONFIGURATION, /canary/EXECUTION."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from reconciler.analysis.model import Measurement, Phase
from reconciler.analysis.providers.contract import ProviderError
from reconciler.analysis.providers.kayenta import check
from tests.unit.analysis.providers.vendor import GOLDEN, NOW, Vendor, failed

WINDOW = {"scope": "shop", "region": "eu-west-1", "step": 60}
ACCOUNTS = {"metricsAccountName": "prom", "configurationAccountName": "configs", "storageAccountName": "store"}
STARTED = {"canaryExecutionId": "01JGEXECUTION"}


def config(vendor: Vendor, **more: Any) -> dict[str, Any]:
    return {
        "address": f"{vendor.url}/",
        "application": "shop",
        "canaryConfigName": "golden-signals",
        **ACCOUNTS,
        "threshold": {"pass": 90, "marginal": 75},
        "scopes": [{"name": "default", "controlScope": {**WINDOW, "scope": "stable"}, "experimentScope": WINDOW}],
        **more,
    }


@pytest.fixture
def kayenta(vendor: Vendor) -> Vendor:
    vendor.answers_at("/canaryConfig", "kayenta/configurations.json")
    vendor.answers_at("/canary/b7c2-golden", "kayenta/started.json")
    return vendor


def resumed(vendor: Vendor, settings: Mapping[str, Any], body: bytes, status: int = 200) -> Measurement:
    vendor.answers_at("/canary/01JGEXECUTION", body, status)
    flying = Measurement(Phase.RUNNING, started_at=NOW, metadata=STARTED)
    return vendor.take("kayenta", settings, in_flight=flying, interval="5m").measurement


def golden(name: str, **values: str) -> bytes:
    text = (GOLDEN / "kayenta" / name).read_text()
    for key, value in values.items():
        text = text.replace(key, value)
    return text.encode()


def test_an_execution_of_the_named_configuration_is_started(kayenta: Vendor) -> None:
    measured = kayenta.measure("kayenta", config(kayenta), interval="5m")
    listed, started = kayenta.asked
    assert (listed.method, listed.path) == ("GET", "/canaryConfig")
    assert listed.query == {"application": "shop", "configurationAccountName": "configs"}
    assert (started.method, started.path) == ("POST", "/canary/b7c2-golden")
    assert started.query == {"application": "shop", **ACCOUNTS}
    assert started.headers["content-type"] == "application/json"
    span = {"location": "eu-west-1", "step": 60, "start": "2025-12-31T23:55:00Z", "end": "2026-01-01T00:00:00Z"}
    scopes = {"default": {"controlScope": {"scope": "stable", **span}, "experimentScope": {"scope": "shop", **span}}}
    assert started.json() == {"scopes": scopes, "thresholds": {"pass": 90, "marginal": 75}}
    assert (measured.phase, measured.metadata) == (Phase.RUNNING, STARTED)
    assert measured.resume_at == NOW + timedelta(seconds=15)


def test_times_of_the_scopes_are_sent_as_they_are(kayenta: Vendor) -> None:
    window = {**WINDOW, "start": "2025-12-01T00:00:00Z", "end": "2025-12-02T00:00:00Z"}
    scopes = [{"name": "default", "controlScope": window, "experimentScope": window}]
    kayenta.measure("kayenta", config(kayenta, scopes=scopes))
    sent = kayenta.asked[1].json()["scopes"]["default"]["experimentScope"]
    assert (sent["start"], sent["end"]) == (window["start"], window["end"])


def test_with_lookback_everything_since_the_run_began_is_compared(kayenta: Vendor) -> None:
    kayenta.take("kayenta", config(kayenta, lookback=True), run_begun=NOW - timedelta(hours=1), interval="5m")
    assert kayenta.asked[1].json()["scopes"]["default"]["controlScope"]["start"] == "2025-12-31T23:00:00Z"


def test_scopes_without_times_need_something_that_says_when(kayenta: Vendor) -> None:
    assert failed(kayenta.measure("kayenta", config(kayenta)), "need lookback, or an interval")


@pytest.mark.parametrize(
    ("score", "phase", "message"),
    [
        ("90.0", Phase.SUCCESSFUL, ""),
        ("89.9", Phase.INCONCLUSIVE, "score 89.9 is below pass (90): of two groups"),
        ("75", Phase.INCONCLUSIVE, "score 75 is below pass (90): of two groups"),
        ("74.5", Phase.FAILED, "score 74.5 is below marginal (75): of two groups"),
    ],
)
def test_the_score_is_compared_with_the_thresholds(kayenta: Vendor, score: str, phase: Phase, message: str) -> None:
    measured = resumed(kayenta, config(kayenta), golden("ended.json", SCORE=score))
    (asked,) = kayenta.asked
    assert (asked.method, asked.path, asked.query) == ("GET", "/canary/01JGEXECUTION", {"storageAccountName": "store"})
    assert (measured.phase, measured.message) == (phase, message)
    assert (measured.value, measured.metadata) == (f"{float(score):g}", STARTED)


def test_an_execution_that_goes_on_is_asked_again_after_15_seconds(kayenta: Vendor) -> None:
    measured = resumed(kayenta, config(kayenta), golden("running.json"))
    assert (measured.phase, measured.finished_at, measured.metadata) == (Phase.RUNNING, None, STARTED)
    assert measured.resume_at == NOW + timedelta(seconds=15)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (golden("terminal.json"), 200, "the execution is terminal: Unexpected Task Failure: prometheus: 503"),
        (b'{"status": "running"}', 200, "shape that is not known"),
        (b'{"complete": true, "status": "succeeded", "result": {}}', 200, "gave no score"),
        (golden("ended.json", SCORE='"NaN"'), 200, "instead of a number"),
        (b'{"message": "no such execution"}', 404, "answered 404"),
        (b"<html>", 502, "answered 502"),
        (b"<html>", 200, "not JSON"),
    ],
)
def test_without_a_score_the_measurement_is_an_error(kayenta: Vendor, body: bytes, status: int, message: str) -> None:
    assert failed(resumed(kayenta, config(kayenta), body, status), message)


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/canaryConfig", b"[]", 200, 'no canary configuration "golden-signals" of shop; there are: none'),
        ("/canaryConfig", b'[{"id": "x"}]', 200, "shape that is not known"),
        ("/canaryConfig", b"{}", 200, "shape that is not known"),
        ("/canaryConfig", b"", 401, "are the credentials right?"),
        ("/canary/b7c2-golden", b'{"message": "unknown account prom"}', 400, "unknown account prom"),
        ("/canary/b7c2-golden", b"{}", 200, "shape that is not known"),
    ],
)
def test_an_execution_that_cannot_be_started_is_an_error(
    kayenta: Vendor, path: str, body: bytes, status: int, message: str
) -> None:
    kayenta.answers_at(path, body, status)
    assert failed(kayenta.measure("kayenta", config(kayenta), interval="5m"), message)


def test_terminating_does_not_wait_for_the_score(kayenta: Vendor) -> None:
    flying = Measurement(Phase.RUNNING, started_at=NOW, metadata=STARTED)
    ended = kayenta.end("kayenta", config(kayenta), flying)
    assert (ended.phase, ended.message, ended.metadata) == (Phase.SUCCESSFUL, "Metric Terminated", STARTED)
    assert not kayenta.asked


def test_all_that_is_wrong_with_the_settings_is_told_at_once() -> None:
    one_sided = {"controlScope": {**WINDOW, "start": "x"}, "experimentScope": {"step": -1}}
    with pytest.raises(ProviderError) as raised:
        check({"address": "shop", "threshold": {"pass": 1, "marginal": "2"}, "scopes": [one_sided]})
    for text in (
        ".address 'shop' is not an http(s) URL",
        ".application is empty",
        ".storageAccountName is empty",
        ".threshold.pass must not be less than marginal",
        ".scopes[0].name is empty",
        "set start of both controlScope and experimentScope, or of none",
        ".scopes[0].experimentScope.scope is empty",
        ".scopes[0].experimentScope.step must be a whole number",
    ):
        assert text in str(raised.value)
