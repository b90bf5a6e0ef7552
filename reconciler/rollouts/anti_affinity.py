"""Anti-affinity: pods of a new version are kept off the nodes of stable ones (spec rollouts §2.7).

The term is put into the ReplicaSet's template alone, never into the Rollout: comparisons and `undo` take it off again.
It is only followed while an update is under way; a promoted version keeps the term that it was made with.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.rollouts.intents import PatchReplicaSet
from reconciler.rollouts.strategy_model import AntiAffinity
from reconciler.workloads import keys
from reconciler.workloads.field_errors import invalid, required
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet

_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_NODE = "kubernetes.io/hostname"


def problems(chosen: AntiAffinity | None, path: str) -> Iterator[str]:
    """What is wrong with the `antiAffinity` of a strategy (spec §1.9)."""
    if chosen is None:
        return
    if chosen.required is not None and chosen.preferred is not None:
        yield invalid(path, "preferred and required", "choose one of them")
    elif chosen.required is None and chosen.preferred is None:
        yield required(path, f"choose {_PREFERRED} or {_REQUIRED}")
    if chosen.preferred and not 1 <= chosen.preferred.weight <= 100:
        yield invalid(f"{path}.{_PREFERRED}.weight", chosen.preferred.weight, "must be between 1 and 100")


def inject(template: Json, chosen: AntiAffinity | None, namespace: str, pod_hash: str, stable_hash: str) -> None:
    """Writes the term against `stable_hash` into the template of version `pod_hash`, which the caller owns.

    Nothing where none is chosen, or where there is no other version to stay away from.
    """
    if chosen is None or not stable_hash or stable_hash == pod_hash:
        return
    term = _term(namespace, stable_hash)
    kind, entry = (_REQUIRED, term)
    if chosen.preferred:
        kind, entry = _PREFERRED, {"weight": chosen.preferred.weight, "podAffinityTerm": term}
    spec = template["spec"] = dict(template.get("spec") or {})
    affinity = spec["affinity"] = dict(spec.get("affinity") or {})
    anti = affinity["podAntiAffinity"] = dict(affinity.get("podAntiAffinity") or {})
    anti[kind] = [*(anti.get(kind) or ()), entry]


def remove(template: Json) -> None:
    """Takes our terms out of a template that the caller owns; what they leave empty goes as well."""
    spec = template.get("spec") or {}
    affinity = spec.get("affinity") or {}
    anti = affinity.get("podAntiAffinity") or {}
    ours = [kind for kind in (_PREFERRED, _REQUIRED) if any(map(_is_ours, anti.get(kind) or ()))]
    for kind in ours:
        anti[kind] = [entry for entry in anti[kind] if not _is_ours(entry)]
        if not anti[kind]:
            del anti[kind]
    if ours and not anti:
        del affinity["podAntiAffinity"]
    if ours and not affinity:
        del spec["affinity"]


def refresh(rs: ReplicaSet, chosen: AntiAffinity | None, stable_hash: str) -> list[PatchReplicaSet]:
    """Turns the term of the wanted version against the stable one of now; pods that run already stay where they are."""
    if chosen is None:
        return []
    wanted = rs.spec.template
    against = {_against(entry) for entry in _entries(wanted) if _is_ours(entry)}
    if not against or against == {stable_hash} or stable_hash in ("", rs.hash):
        return []
    remove(wanted)
    inject(wanted, chosen, rs.metadata.namespace, rs.hash, stable_hash)
    anti = wanted["spec"]["affinity"]["podAntiAffinity"]
    affinity = {"podAntiAffinity": {kind: anti.get(kind) for kind in (_PREFERRED, _REQUIRED)}}
    patch = {"spec": {"template": {"spec": {"affinity": affinity}}}}
    return [PatchReplicaSet(rs.name, patch, rs.metadata.resource_version)]


def _term(namespace: str, stable_hash: str) -> Json:
    expression = {"key": keys.HASH, "operator": "In", "values": [stable_hash]}
    return {"labelSelector": {"matchExpressions": [expression]}, "namespaces": [namespace], "topologyKey": _NODE}


def _entries(template: Json) -> list[Json]:
    anti = ((template.get("spec") or {}).get("affinity") or {}).get("podAntiAffinity") or {}
    return [entry for kind in (_PREFERRED, _REQUIRED) for entry in anti.get(kind) or ()]


def _is_ours(entry: Json) -> bool:
    """Users have no reason to write a term about the hash label of one version."""
    return bool(_against(entry))


def _against(entry: Json) -> str:
    """The hash that a term keeps away from; empty for a term that is not ours."""
    term = entry.get("podAffinityTerm") or entry
    expressions = (term.get("labelSelector") or {}).get("matchExpressions") or []
    if len(expressions) != 1 or expressions[0].get("key") != keys.HASH:
        return ""
    return str(next(iter(expressions[0].get("values") or ()), ""))
