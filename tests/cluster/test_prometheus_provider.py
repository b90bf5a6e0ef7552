"""The prometheus provider against a real Prometheus: every kind of answer, what it refuses, and who it lets in."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from reconciler.analysis import providers
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.http.client import HttpClient
from tests.testbed.network import HOST
from tests.testbed.prometheus import Prometheus

pytestmark = pytest.mark.cluster

USER, PASSWORD = "me", "test"
PASSWORD_HASH = "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay"
"""bcrypt, as Prometheus' documentation gives it for that password."""

SPAN = {"start": 'now() - duration("10s")', "end": "now()", "step": "5s"}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It scrapes itself, and reads from another server that is not there."""
    targets: dict[str, str] = {}
    elsewhere = {"remote_read": [{"url": "http://127.0.0.1:9/read", "read_recent": True}]}
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), HOST, targets, more=elsewhere)
    targets["self"] = urlsplit(server.url).netloc
    with server:
        ends = time.monotonic() + 15
        while not server.query("up == 1") and time.monotonic() < ends:
            time.sleep(0.05)
        yield server


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    directory = tmp_path_factory.mktemp("guarded")
    with Prometheus(directory, HOST, {}, user=f"{USER}:{PASSWORD}", password_hash=PASSWORD_HASH) as server:
        yield server


def ask(prometheus: Prometheus, query: str, **config: Any) -> Answer:
    around = Surroundings(send=HttpClient("analysis-test").send)
    settings = {"address": prometheus.url, "query": query, **config}
    return providers.find("prometheus").measure(settings, datetime.now(UTC), around)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("query", "config", "value", "text"),
    [
        ("scalar(vector(0.5))", {}, "0.5", "0.5"),
        ("up", {}, "[1.0]", "[1]"),
        ("vector(1) or on() vector(2)", {}, "[1.0]", "[1]"),
        ('label_replace(up, "a", "b", "", "") or up', {}, "[1.0, 1.0]", "[1,1]"),
        ("nothing_of_that_name", {}, "[]", "[]"),
        ("vector(0) / vector(0)", {}, "[nan]", "[NaN]"),
        ("scalar(nothing_of_that_name)", {}, "nan", "NaN"),
        ("-vector(1) / 0", {}, "[-inf]", "[-Inf]"),
        ("vector(1) or " + " or ".join(["vector(2)"] * 300), {}, "[1.0]", "[1]"),
        ("vector(3)", {"rangeQuery": SPAN}, "[3.0, 3.0, 3.0]", "[3,3,3]"),
        ("nothing_of_that_name", {"rangeQuery": SPAN}, "[]", "[]"),
        ('up{job=~"self|a b/c+d", job!~"é"}', {}, "[1.0]", "[1]"),
    ],
    ids=[
        "scalar",
        "vector",
        "first of two",
        "several series",
        "empty",
        "NaN",
        "a scalar of nothing",
        "infinity",
        "posted, as it is long",
        "range",
        "empty range",
        "characters that addresses escape",
    ],
)
def test_an_answer_is_read(prometheus: Prometheus, query: str, config: dict[str, Any], value: str, text: str) -> None:
    answer = ask(prometheus, query, **config)
    assert (str(answer.value), answer.text) == (value, text)
    assert answer.metric_metadata == {"ResolvedPrometheusQuery": query}


def test_warnings_are_kept_beside_the_value(prometheus: Prometheus) -> None:
    answer = ask(prometheus, "up")
    assert answer.value == [1.0]
    assert answer.metadata["warnings"].startswith('"remote_read: ')


@pytest.mark.parametrize(
    ("query", "config", "message"),
    [
        ("rate(", {}, r"bad_data: .*parse error"),
        ("up[5m]", {"rangeQuery": SPAN}, r"bad_data: .*invalid expression type"),
        ("up * on(a) group_left up", {"rangeQuery": {**SPAN, "step": "1us"}}, r"bad_data: .*11,000 points"),
        ('"text"', {}, "answered with a string"),
        ("up", {"address": "PROMETHEUS/elsewhere"}, "answered 404"),
    ],
    ids=["syntax", "a range of ranges", "too many points", "string", "not its API"],
)
def test_a_refusal_says_what_prometheus_says(
    prometheus: Prometheus, query: str, config: dict[str, Any], message: str
) -> None:
    placed = {
        key: each.replace("PROMETHEUS", prometheus.url) if key == "address" else each for key, each in config.items()
    }
    with pytest.raises(ProviderError, match=message):
        ask(prometheus, query, **placed)


TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    "config",
    [
        {"authentication": {"basicAuth": {"username": USER, "password": PASSWORD}}},
        {"headers": [{"key": "Authorization", "value": f"Basic {TOKEN}"}]},
        {"address": f"http://{USER}:{PASSWORD}@"},
    ],
    ids=["basic authentication", "header", "address"],
)
def test_it_is_let_in_with_credentials(guarded: Prometheus, config: dict[str, Any]) -> None:
    if "address" in config:
        config = {"address": guarded.url.replace("http://", config["address"])}
    assert ask(guarded, "vector(1)", **config).value == [1.0]


@pytest.mark.parametrize("password", ["", "wrong"])
def test_it_is_not_let_in_with_others(guarded: Prometheus, password: str) -> None:
    basic = {"basicAuth": {"username": USER, "password": password}} if password else {}
    with pytest.raises(ProviderError, match=r"answered 401 \(are the credentials right\?\)"):
        ask(guarded, "vector(1)", authentication=basic)
