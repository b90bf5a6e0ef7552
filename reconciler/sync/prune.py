"""What may be deleted because it left git (spec gitops §3.6). Pure; `deletion.py` looks again at each object.

Entries are marked as left only after every wave of a commit was applied, from a render without error. Pruning then
waits until the workloads are through (old pods may still use an old ConfigMap), and stays inside a budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.apps.record import Entry
from reconciler.sync import order

BUDGET_OBJECTS = 10
BUDGET_SHARE = 0.25
KEPT = "its annotations ask to keep it"
MOVING = "it changed while it was looked at"
REFUSED = "deleting it was refused"
PROTECTED = ("Namespace", "CustomResourceDefinition", "PersistentVolume", "PersistentVolumeClaim", "StatefulSet")


@dataclass(frozen=True, slots=True)
class Pruning:
    """`due` is in the order of deletion; `held` says why some or all must wait for a person ("" when none does)."""

    due: tuple[Entry, ...] = ()
    held: str = ""


def pruning(inventory: Sequence[Entry], *, approved: bool, allow_empty: bool) -> Pruning:
    """Applies the budget: more than max(10, a quarter of the inventory), or a protected kind, needs approval."""
    left = [entry for entry in inventory if entry.left]
    if not left or approved:
        return Pruning(deletion_order(left))
    if len(left) == len(inventory) and not allow_empty:
        return Pruning(held=f"git declares nothing any more; all {len(left)} objects would be deleted")
    if len(left) > max(BUDGET_OBJECTS, int(len(inventory) * BUDGET_SHARE)):
        return Pruning(held=f"{len(left)} of {len(inventory)} objects would be deleted at once")
    protected = [entry for entry in left if entry.kind in PROTECTED]
    free = [entry for entry in left if entry.kind not in PROTECTED]
    names = ", ".join(str(entry.key) for entry in protected[:3])
    held = f"{names} would be deleted, and with it what it holds" if protected else ""
    return Pruning(deletion_order(free), held)


def deletion_order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The reverse of apply: dependents first, namespaces and definitions last."""
    return tuple(sorted(entries, key=lambda entry: order.sort_key(0, entry.key), reverse=True))


def refusal(live: dict[str, object], entry: Entry, claimed_by: str, app: str) -> str:
    """Why this live object must stay although it left git; "" when it may go. `claimed_by` is its owner annotation."""
    metadata = live.get("metadata")
    assert isinstance(metadata, dict)
    if entry.uid and metadata.get("uid") != entry.uid:
        return "it is another object than the one that was applied"
    if claimed_by != app:
        return f"it now belongs to {claimed_by or 'nobody'}"
    if any(owner.get("controller") for owner in metadata.get("ownerReferences") or []):
        return "a controller owns it"
    return KEPT if keeps(live) else ""


def keeps(live: dict[str, object]) -> bool:
    """The annotations with which people exclude an object from pruning, in three dialects."""
    options = order.annotation(live, "argocd.argoproj.io/sync-options")
    return (
        "Prune=false" in [option.strip() for option in options.split(",")]
        or order.annotation(live, "kustomize.toolkit.fluxcd.io/prune").lower() == "disabled"
        or order.annotation(live, "helm.sh/resource-policy") == "keep"
    )
