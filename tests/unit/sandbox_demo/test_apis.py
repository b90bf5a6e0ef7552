"""The demo's stand-ins over HTTP: they check what the real ones check and answer 501 to the rest."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.sandbox.demo import forge_api, prometheus_api
from reconciler.sandbox.demo.series import SeriesStore
from reconciler.sandbox.demo.serving import LocalServer

SHA = "a" * 40


def call(url: str, body: Any = None, token: str = "good") -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture
def forge() -> Iterator[tuple[str, forge_api.StatusBook]]:
    book = forge_api.StatusBook("good")
    server = LocalServer(forge_api.application(book))
    yield server.start(), book
    server.stop()


def test_a_status_is_kept_and_listed_newest_first(forge: tuple[str, forge_api.StatusBook]) -> None:
    url, _ = forge
    for state in ("pending", "success"):
        code, _ = call(f"{url}/repos/o/r/statuses/{SHA}", {"state": state, "context": "c"})
        assert code == 201
    _, listed = call(f"{url}/repos/o/r/commits/{SHA}/statuses")
    assert [status["state"] for status in listed] == ["success", "pending"]


@pytest.mark.parametrize(
    ("path", "body", "token", "code"),
    [
        (f"statuses/{SHA}", {"state": "fine"}, "good", 422),
        (f"statuses/{SHA}", {"state": "success", "description": "x" * 141}, "good", 422),
        ("statuses/abc", {"state": "success"}, "good", 422),
        (f"statuses/{SHA}", {"state": "success"}, "bad", 401),
        ("deployments", {"ref": "main"}, "good", 501),
    ],
    ids=["state", "description-too-long", "short-sha", "token", "unknown-endpoint"],
)
def test_what_github_refuses_is_refused(
    forge: tuple[str, forge_api.StatusBook], path: str, body: Any, token: str, code: int
) -> None:
    url, book = forge
    assert call(f"{url}/repos/o/r/{path}", body, token)[0] == code
    assert book.posted == []


def test_at_most_a_thousand_statuses_for_one_sha_and_context() -> None:
    book = forge_api.StatusBook("t")
    status = forge_api.PostedStatus(SHA, "c", "pending", "", "", forge_api.datetime.now(forge_api.UTC))
    accepted = [book.add(status) for _ in range(1001)]
    assert accepted.count(False) == 1


def test_queries_are_answered_at_an_instant_and_over_a_range() -> None:
    store = SeriesStore()
    for second in range(61):
        store.append(1000.0 + second, [("seen_total", {}, float(second))])
    server = LocalServer(prometheus_api.application(store, now=lambda: 1060.0))
    url = server.start()
    try:
        _, instant = call(f"{url}/api/v1/query?query=sum(rate(seen_total[30s]))")
        assert float(instant["data"]["result"][0]["value"][1]) == pytest.approx(1.0)
        _, ranged = call(f"{url}/api/v1/query_range?query=seen_total&start=1000&end=1060&step=30s")
        assert [point[1] for point in ranged["data"]["result"][0]["values"]] == ["0.0", "30.0", "60.0"]
        assert call(f"{url}/api/v1/query?query=topk(1,seen_total)")[0] == 400
        assert call(f"{url}/api/v1/labels")[0] == 501
    finally:
        server.stop()
