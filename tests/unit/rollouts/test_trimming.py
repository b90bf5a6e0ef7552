"""A tree in a small terminal: what fails and what is new stays in sight, and what is left out is counted."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.rollouts.trimming import trim
from reconciler.rollouts.views.nodes import Node


def names(node: Node) -> Iterator[str]:
    yield node.name
    for child in node.children:
        yield from names(child)


def pods(prefix: str, count: int, status: str = "Running") -> tuple[Node, ...]:
    return tuple(Node("Pod", f"{prefix}-{index}", status) for index in range(count))


def revision(number: int, pods: tuple[Node, ...], *info: str) -> Node:
    rs = Node("ReplicaSet", f"rs{number}", "Healthy", info=info, children=pods)
    return Node("Revision", f"revision:{number}", children=(rs,))


FAILED = Node("AnalysisRun", "judged", "Failed")
BROKEN = (*pods("old", 5), Node("Pod", "broken", "CrashLoopBackOff"))
ROOT = Node("Rollout", "shop", children=(revision(3, pods("new", 6)), revision(2, ()), revision(1, BROKEN, "stable")))


def test_a_tree_that_fits_is_whole() -> None:
    assert trim(ROOT, 20).root == ROOT
    assert trim(ROOT, 20).hidden == ()


def test_what_fails_stays_and_the_newest_revision_comes_before_the_rest() -> None:
    trimmed = trim(ROOT, 8)
    assert list(names(trimmed.root)) == ["shop", "revision:3", "rs3", "new-0", "new-1", "revision:1", "rs1", "broken"]
    assert dict(trimmed.hidden) == {"Pod": 9, "Revision": 1, "ReplicaSet": 1}


def test_no_more_lines_than_asked_for_and_none_without_its_parent() -> None:
    for lines in range(1, 20):
        trimmed = trim(ROOT, lines)
        shown = list(names(trimmed.root))
        assert len(shown) + sum(number for _, number in trimmed.hidden) == len(list(names(ROOT)))
        assert len(shown) <= lines


def test_the_stable_version_comes_before_older_ones() -> None:
    root = Node("Rollout", "shop", children=(revision(3, ()), revision(2, ()), revision(1, (), "stable")))
    assert list(names(trim(root, 5).root)) == ["shop", "revision:3", "rs3", "revision:1", "rs1"]


def test_the_stable_version_comes_before_more_pods_of_the_newest_and_no_revision_stands_alone() -> None:
    root = Node("Rollout", "shop", children=(revision(2, pods("new", 9)), revision(1, pods("old", 9), "stable")))
    assert list(names(trim(root, 6).root)) == ["shop", "revision:2", "rs2", "new-0", "revision:1", "rs1"]
    assert list(names(trim(root, 4).root)) == ["shop", "revision:2", "rs2", "new-0"]


def test_a_failed_run_of_an_older_revision_stays() -> None:
    older = Node("Revision", "revision:1", children=(*revision(1, pods("p", 9)).children, FAILED))
    shown = list(names(trim(Node("Rollout", "shop", children=(revision(2, ()), older)), 6).root))
    assert "judged" in shown


def test_all_sides_of_an_experiment_come_before_pods() -> None:
    sides = tuple(Node("ReplicaSet", name, "Healthy", children=pods(name, 3)) for name in ("a", "b"))
    assert list(names(trim(Node("Experiment", "ab", children=sides), 4).root)) == ["ab", "a", "a-0", "b"]
