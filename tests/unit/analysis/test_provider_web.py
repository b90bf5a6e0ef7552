from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.analysis import jsonpath
from reconciler.analysis.expr.types import FLOAT, MAP, STRING
from reconciler.analysis.providers import find
from reconciler.analysis.providers.contract import ProviderError, Surroundings
from reconciler.analysis.providers.web import request, value
from reconciler.http.model import Request, Response

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOCUMENT = {
    "items": [{"name": "a", "cpu": 7, "ready": True}, {"name": "b", "cpu": 2, "ready": False}],
    "a-b": {"c.d": 1},
    "none": None,
}


def asked(**config: Any) -> Request:
    return request({"url": "http://w/x", **config}, NOW, Surroundings(send=lambda _: Response(200, {}, b"1")))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("{$}", DOCUMENT),
        ("{$.items[0].name}", "a"),
        ("{.items[-1].cpu}", 2),
        ("$.items[*].name", "a"),
        ("{.items[1:].name}", "b"),
        ("{.items[?(@.cpu < 5)].name}", "b"),
        ('{.items[?(@.name == "b")].cpu}', 2),
        ("{.items[?(@.name=='b')].cpu}", 2),
        ("{.items[?(@.ready)].name}", "a"),
        ("{..cpu}", 7),
        ("{['a-b']['c.d']}", 1),
        ('{.a-b["c.d"]}', 1),
        ("{.none}", None),
    ],
)
def test_a_path_selects_its_first_match(path: str, expected: Any) -> None:
    assert jsonpath.first(path, DOCUMENT) == expected


@pytest.mark.parametrize(
    "path", ["{.nobody}", "{.items[5]}", "{.items[?(@.cpu > 9)]}", "{.items.name}", "{.items[}", "{.a b}"]
)
def test_a_path_without_a_match_is_an_error(path: str) -> None:
    with pytest.raises(jsonpath.PathError):
        jsonpath.first(path, DOCUMENT)


def test_a_question_is_sent_as_written() -> None:
    plain = asked(headers=[{"key": "X", "value": "y"}], insecure=True)
    assert (plain.method, plain.url, plain.headers, plain.body) == ("GET", "http://w/x", {"X": "y"}, b"")
    assert (plain.timeout, plain.insecure, plain.secrets) == (10, True, ("y",))
    posted = asked(method="POST", jsonBody={"a": [1]}, headers=[{"key": "content-type", "value": "text/plain"}])
    assert (posted.headers, posted.body) == ({"Content-Type": "application/json"}, b'{"a":[1]}')


@pytest.mark.parametrize(
    "config",
    [
        {"body": "x"},
        {"jsonBody": {}},
        {"method": "POST", "body": "x", "jsonBody": {}},
        {"method": "DELETE"},
        {"timeoutSeconds": "soon"},
        {"timeoutSeconds": "nan"},
        {"timeoutSeconds": -1},
    ],
    ids=str,
)
def test_contradictory_settings_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ProviderError):
        asked(**config)


@pytest.mark.parametrize(
    ("body", "path", "result", "text", "type_"),
    [
        (b'{"a": {"b": 5}}', "{$.a.b}", 5.0, "5", FLOAT),
        (b'{"a": {"b": 5}}', "{$.a}", {"b": 5.0}, '{"b":5}', MAP),
        (b"all is well", "{$.a}", "all is well", "all is well", STRING),
    ],
)
def test_the_answer_is_what_the_path_selects(body: bytes, path: str, result: Any, text: str, type_: Any) -> None:
    answer = value({"jsonPath": path}, Response(201, {}, body))
    assert (answer.value, answer.text, answer.type) == (result, text, type_)
    assert type(answer.value) is type(result)


def test_refusals_and_missing_values_are_errors() -> None:
    with pytest.raises(ProviderError, match=r"non 2xx response code: 404 .*: gone"):
        value({}, Response(404, {}, b"gone"))
    with pytest.raises(ProviderError, match="selects nothing"):
        value({"jsonPath": "{.a}"}, Response(200, {}, b"{}"))


def test_providers_are_found_by_name() -> None:
    around = Surroundings(send=lambda question: Response(200, {}, question.url.encode()))
    assert find("web").measure({"url": "http://w/x"}, NOW, around).value == "http://w/x"
    with pytest.raises(ProviderError, match="plugin nobody/here"):
        find("plugin nobody/here")
