from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sync_builders import entry

from reconciler.sync.prune import BUDGET_OBJECTS, BUDGET_SHARE, PROTECTED, keeps, pruning, refusal


def inventory(left: int, kept: int, kind: str = "ConfigMap") -> list:
    gone = [entry(f"old-{n}", kind, left=True) for n in range(left)]
    return gone + [entry(f"kept-{n}") for n in range(kept)]


def test_what_left_git_goes_and_the_rest_stays() -> None:
    found = pruning(inventory(2, 3), approved=False, allow_empty=False)
    assert sorted(e.name for e in found.due) == ["old-0", "old-1"]
    assert found.held == ""


@pytest.mark.parametrize(
    ("left", "kept", "held"),
    [(10, 1, False), (11, 30, True), (11, 33, False), (25, 75, False), (26, 74, True)],
)
def test_more_than_the_budget_waits_for_approval(left: int, kept: int, held: bool) -> None:
    found = pruning(inventory(left, kept), approved=False, allow_empty=False)
    assert bool(found.held) is held
    assert len(found.due) == (0 if held else left)
    assert len(pruning(inventory(left, kept), approved=True, allow_empty=False).due) == left


@pytest.mark.parametrize("kind", PROTECTED)
def test_what_holds_data_waits_for_approval_while_the_rest_goes(kind: str) -> None:
    items = [*inventory(1, 8, kind), entry("plain", left=True)]
    found = pruning(items, approved=False, allow_empty=False)
    assert [e.name for e in found.due] == ["plain"]
    assert "old-0" in found.held


def test_a_commit_that_declares_nothing_deletes_nothing() -> None:
    assert pruning(inventory(2, 0), approved=False, allow_empty=False).due == ()
    assert len(pruning(inventory(2, 0), approved=False, allow_empty=True).due) == 2


def test_namespaces_go_after_what_is_in_them() -> None:
    items = [entry("shop", "Namespace", left=True), entry("web", "Deployment", left=True), entry("c", left=True)]
    found = pruning([*items, *inventory(0, 9)], approved=True, allow_empty=False)
    assert [e.kind for e in found.due] == ["Deployment", "ConfigMap", "Namespace"]


@given(left=st.integers(0, 60), kept=st.integers(1, 60))
def test_without_approval_never_more_than_the_budget_goes(left: int, kept: int) -> None:
    found = pruning(inventory(left, kept), approved=False, allow_empty=True)
    assert len(found.due) <= max(BUDGET_OBJECTS, int((left + kept) * BUDGET_SHARE))
    assert all(e.left for e in found.due)


def live(uid: str = "uid-old", **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"uid": uid, **metadata}}


@pytest.mark.parametrize(
    ("obj", "owner", "stays"),
    [
        (live(), "shop", ""),
        (live(uid="another"), "shop", "another object"),
        (live(), "billing", "belongs to billing"),
        (live(), "", "belongs to nobody"),
        (live(ownerReferences=[{"controller": True}]), "shop", "controller owns"),
        (live(annotations={"argocd.argoproj.io/sync-options": "Prune=false"}), "shop", "keep"),
    ],
    ids=["ours", "recreated", "moved", "unclaimed", "controlled", "kept"],
)
def test_only_the_very_object_that_we_applied_is_deleted(obj: dict[str, Any], owner: str, stays: str) -> None:
    found = refusal(obj, entry("old"), owner, "shop")
    assert (stays in found) if stays else (found == "")


@pytest.mark.parametrize(
    "annotations",
    [
        {"argocd.argoproj.io/sync-options": "Validate=false, Prune=false"},
        {"kustomize.toolkit.fluxcd.io/prune": "Disabled"},
        {"helm.sh/resource-policy": "keep"},
    ],
)
def test_an_annotation_excludes_an_object_from_pruning(annotations: dict[str, str]) -> None:
    assert keeps(live(annotations=annotations))
