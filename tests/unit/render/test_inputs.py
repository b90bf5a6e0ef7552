"""Which pushes concern an Application, and a cache that stays within its bytes."""

from __future__ import annotations

import pytest

from reconciler.render.cache import Lru
from reconciler.render.inputs import Inputs

INPUTS = Inputs(
    files=frozenset({"base/kustomization.yaml", "app/link.yaml"}),
    listed=frozenset({"app"}),
    trees=frozenset({"shared/all"}),
)


@pytest.mark.parametrize(
    ("changed", "affected"),
    [
        ("base/kustomization.yaml", True),
        ("base/other.yaml", False),
        ("app/new.yaml", True),
        ("app/sub/new.yaml", False),
        ("shared/all/deep/x", True),
        ("shared/x", False),
        ("base", True),
        ("application/x", False),
        ("README.md", False),
    ],
)
def test_a_change_counts_where_something_was_read_or_listed(changed: str, affected: bool) -> None:
    assert INPUTS.affected_by({changed}) is affected


def test_the_root_directory_can_be_listed_or_taken_whole() -> None:
    assert Inputs(listed=frozenset({""})).affected_by({"a.yaml"})
    assert not Inputs(listed=frozenset({""})).affected_by({"d/a.yaml"})
    assert Inputs(trees=frozenset({""})).affected_by({"d/a.yaml"})
    assert not Inputs(trees=frozenset({""})).affected_by(set())


def test_unions_are_affected_by_either() -> None:
    both = Inputs(files=frozenset({"a"})) | Inputs(trees=frozenset({"b"}))
    assert both.affected_by({"a"})
    assert both.affected_by({"b/c"})


def test_the_least_recently_used_goes_first_and_the_bytes_stay_bounded() -> None:
    cache: Lru[bytes] = Lru(10, len)
    cache.put("a", b"1234")
    cache.put("b", b"1234")
    assert cache.get("a") == b"1234"
    cache.put("c", b"1234")
    assert (cache.get("b"), cache.get("a"), cache.size) == (None, b"1234", 8)
    cache.put("a", b"1")
    assert cache.size == 5
    cache.put("huge", b"x" * 11)
    assert cache.get("huge") is None
