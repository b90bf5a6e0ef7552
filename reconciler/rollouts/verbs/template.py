"""The verbs that change what runs: `undo` and `set image` (spec rollouts §4.10). Pure.

Both are JSON patches with tests, so that they change the fields they mean or nothing. They are about a pod template
wherever it stands: in the Rollout, or in the workload that its `workloadRef` names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.errors import Problem, UserError
from reconciler.kube.api import Object
from reconciler.rollouts import identity
from reconciler.rollouts.verbs import Action, Patch
from reconciler.workloads import keys
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet

_KINDS = ("containers", "initContainers", "ephemeralContainers")


def template_path(holder: Object) -> tuple[str, ...]:
    """Where an object of this kind keeps its pod template."""
    return ("template",) if holder.get("kind") == "PodTemplate" else ("spec", "template")


def undo(
    holder: Object, replica_sets: Iterable[ReplicaSet], revision: int | None = None, stable_hash: str = ""
) -> Action:
    """Back to the template of a revision. Raises `UserError`.

    When none is named: to the stable version while another is on its way or was given up; else to the newest before
    it that was not given up.
    """
    known = {rs.revision: rs for rs in replica_sets if rs.revision}
    newest = max(known, default=0)
    wanted = revision if revision is not None else _last_good(known, newest, stable_hash)
    if wanted == newest and newest:
        return Action(f"runs revision {newest} already")
    if wanted not in known:
        raise UserError(_unknown(holder, known, wanted))
    path = "/" + "/".join(template_path(holder))
    patch = Patch([{"op": "replace", "path": path, "value": _original(known[wanted])}], kind="json")
    return Action(f"goes back to revision {wanted}", _how(known[wanted], stable_hash), (patch,))


def set_image(holder: Object, images: Mapping[str, str]) -> Action:
    """Other images for containers by name, `*` for all. Raises `UserError` for a container that is not there."""
    template: Any = holder
    path = template_path(holder)
    for part in path:
        template = template.get(part) or {}
    pod = template.get("spec") or {}
    found = [(kind, index, each) for kind in _KINDS for index, each in enumerate(pod.get(kind) or ())]
    names = {str(container.get("name", "")) for _, _, container in found}
    if missing := [name for name in images if name != "*" and name not in names]:
        raise UserError(
            Problem(f"no container is called {', '.join(missing)}", f"there are {', '.join(sorted(names))}")
        )
    base = "/" + "/".join((*path, "spec"))
    changes = [op for kind, index, each in found for op in _replace(f"{base}/{kind}/{index}", each, images)]
    if not changes:
        return Action("has these images already")
    return Action("image updated", "a new revision is rolled out", (Patch(changes, kind="json"),))


def _last_good(known: Mapping[int, ReplicaSet], newest: int, stable_hash: str) -> int:
    """The revision to go back to; 0 when there is none."""
    stable = next((number for number, rs in known.items() if stable_hash and rs.hash == stable_hash), newest)
    if stable != newest:
        return stable
    good = (n for n, rs in known.items() if n != newest and keys.ABORTED_AT not in rs.metadata.annotations)
    return max(good, default=0)


def _how(wanted: ReplicaSet, stable_hash: str) -> str:
    """What follows: the stable version comes back without steps (spec rollouts §4.8)."""
    if stable_hash and wanted.hash == stable_hash:
        return "it is the stable version, which takes over again at once, without steps and pauses"
    return "it is rolled out as a new revision, with its steps"


def _replace(path: str, container: Json, images: Mapping[str, str]) -> list[dict[str, Any]]:
    name = container.get("name", "")
    image = images.get(name, images.get("*", ""))
    if not image or container.get("image") == image:
        return []
    return [
        {"op": "test", "path": f"{path}/name", "value": name},
        {"op": "add", "path": f"{path}/image", "value": image},  # of a member that exists, "add" replaces it
    ]


def _unknown(holder: Object, known: Mapping[int, ReplicaSet], wanted: int) -> Problem:
    name = (holder.get("metadata") or {}).get("name", "")
    if not wanted and len(known) > 1:
        fix = f"name one with --to-revision; see `reconciler rollouts history {name}`"
        return Problem(f"every earlier revision of {name} was aborted", fix)
    if not wanted:
        return Problem(f"{name} has no earlier revision", f"see `reconciler rollouts history {name}`")
    listed = ", ".join(map(str, sorted(known))) or "none"
    return Problem(f"{name} has no revision {wanted}", f"revisions that are kept: {listed}")


def _original(replica_set: ReplicaSet) -> Json:
    """The template as it was written: without our label, ephemeral metadata and anti-affinity."""
    template = identity.plain_template(replica_set)
    template["metadata"].pop("creationTimestamp", None)
    return template
