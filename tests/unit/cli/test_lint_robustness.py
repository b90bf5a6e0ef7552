"""Whatever stands in a manifest, lint answers: a value of any type in any place is a problem, never a crash."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.cli.checks import check, paths
from reconciler.yaml.loader import load

GOLDEN = Path(__file__).parents[2] / "golden" / "lint"
FILES = ("good/many.yaml", "good/analysis.yaml", "references/shop.yaml", "references/site.yaml", "kinds/kinds.yaml")
DOCUMENTS = [
    document.value for name in FILES for document in load((GOLDEN / name).read_bytes(), name) if document.value
]
JUNK: list[Any] = [None, 0, -1, 1.5, True, "", "{{args.x}}", "text", [], [None], ["a"], [[]], {}, {"a": None}, {"": {}}]
VALUES = st.recursive(
    st.sampled_from([0, "text", None, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b/c", "kind"]), inner),
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


PLACES = [(index, path) for index, document in enumerate(DOCUMENTS) for path in places(document) if path]


def put(value: Any, path: tuple[str | int, ...], junk: Any) -> Any:
    made = copy.deepcopy(value)
    holder = made
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = junk
    return made


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.sampled_from(PLACES), junk=st.sampled_from(JUNK))
def test_junk_in_any_place_is_answered(where: tuple[int, tuple[str | int, ...]], junk: Any, tmp_path: Path) -> None:
    changed, path = where
    for index, document in enumerate(DOCUMENTS):
        text = orjson.dumps(put(document, path, junk) if index == changed else document)
        (tmp_path / f"{index}.json").write_bytes(text)
    check(tmp_path)


@given(value=VALUES)
def test_a_path_is_read_as_it_is_shown(value: Any) -> None:
    for path in places(value):
        if path:
            assert paths.read(paths.shown(path), value) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [("metadata.annotations.a.b/c", ("metadata", "annotations", "a.b/c")), ("data[my.key]", ("data", "my.key"))],
)
def test_keys_with_dots_are_found(text: str, path: tuple[str, ...]) -> None:
    assert paths.read(text, {"metadata": {"annotations": {"a": "", "a.b/c": ""}}, "data": {}}) == path
