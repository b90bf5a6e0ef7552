"""The loader is strict about what would deploy something else, bounded in cost, and says where."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UserError
from reconciler.yaml.loader import Limits, load


def problems(text: str | bytes, limits: Limits | None = None) -> list[str]:
    with pytest.raises(UserError) as caught:
        load(text.encode() if isinstance(text, str) else text, "f.yaml", limits)
    return [str(problem) for problem in caught.value.problems]


def test_documents_know_their_index_and_line_and_empty_ones_vanish() -> None:
    documents = load(b"---\n# only a comment\n---\na: 1\n---\n---\nb: 2\n", "f.yaml")
    assert [(each.value, each.index, each.line) for each in documents] == [({"a": 1}, 1, 4), ({"b": 2}, 3, 7)]


def test_all_problems_of_a_file_come_at_once_with_their_places() -> None:
    assert problems("a: 1\na: 2\nn: 3\nb: !secret x\n") == [
        "f.yaml:2:1: key 'a' is there twice (remove one of the two)",
        'f.yaml:3:1: Kubernetes reads the key n as false (write "n")',
        "f.yaml:4:4: the tag !secret is not supported (remove it and write the value itself)",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1\n", "f.yaml:2:1: did not find expected ',' or ']'"),
        ("a: b: c\n", "f.yaml:1:5: mapping values are not allowed"),
        ("a: *x\n", "f.yaml:1:4: there is no anchor &x"),
        ("a: &x [*x]\n", "f.yaml:1:8: the anchor &x contains itself"),
        ("a: .nan\n", "f.yaml:1:4: .nan cannot be written as JSON"),
        ("{a: 1}: b\n", "f.yaml:1:1: a key must be text"),
        ("a: {b: 1}\nc:\n  b: 2\n  <<: 3\n", "f.yaml:4:7: << merges mappings only"),
        ("a: &a {b: 1}\nc:\n  b: 2\n  <<: *a\n", "f.yaml:4:7: << also sets b, which is written above it"),
        ("a: !!int x\n", "f.yaml:1:4: 'x' is not a int"),
        ("a: 1\nb: \0\n", "f.yaml:2: control characters are not allowed"),
        (b"a: 1\nb: \xe4\n", "f.yaml:2: "),
    ],
    ids=lambda value: None if isinstance(value, bytes) else repr(value)[:20],
)
def test_a_mistake_is_named_with_its_place(text: str | bytes, says: str) -> None:
    assert problems(text)[0].startswith(says)


def test_an_alias_bomb_is_stopped_before_it_costs_anything() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    started = time.monotonic()
    assert "nodes after its aliases are expanded" in problems(bomb, Limits(nodes=100_000))[0]
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("text", "limits", "says"),
    [
        ("[" * 11, Limits(depth=10), "nested deeper than 10 levels"),
        ("- " * 5000 + "x", Limits(), "nested deeper than 100 levels"),
        ("{a: " * 100_000, Limits(), "nested deeper than 100 levels"),
        ("--- 1\n" * 4, Limits(documents=3), "more than 3 documents"),
        ("a: " + "x" * 11, Limits(scalar_bytes=10), "a value longer than 10 bytes"),
        ("[1, 2, 3, 4]", Limits(nodes=4), "more than 4 nodes"),
    ],
    ids=["flow", "block", "a hundred thousand", "documents", "scalar", "nodes"],
)
def test_every_limit_names_itself(text: str, limits: Limits, says: str) -> None:
    assert says in problems(text, limits)[0]


def test_the_number_of_problems_is_bounded_too() -> None:
    assert len(problems("a: 1\n" * 1000, Limits(problems=7))) == 7


def test_aliases_are_copies() -> None:
    (document,) = load(b"a: &x {b: [1]}\nc: *x\n", "f.yaml")
    document.value["a"]["b"].append(2)
    assert document.value["c"] == {"b": [1]}


def test_places_are_found_by_path() -> None:
    text = b"kind: A\n---\nspec:\n  list:\n  - name: x\n    deep: {k: v}\n  - 2\nref: &r {q: 1}\nuse: *r\n"
    positions = load(text, "f.yaml")[1].positions
    assert positions.of(("spec", "list")) == (4, 3)
    assert positions.of(("spec", "list", 0, "deep", "k")) == (6, 12)
    assert positions.of(("spec", "list", 1)) == (7, 5)
    assert positions.of(("use", "q")) == (9, 1), "inside of an alias: the field that holds it"
    assert positions.of(("spec", "missing", "more")) == (3, 1), "not written: what would hold it"


@given(st.binary(max_size=60))
def test_no_input_can_raise_anything_but_a_user_error(text: bytes) -> None:
    try:
        load(text, "f.yaml")
    except UserError as error:
        assert error.problems
