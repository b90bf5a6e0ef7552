"""Where pods may run: affinity, tolerations, spreading, readiness gates."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.workloads.field_errors import duplicate, invalid, required, unsupported
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import metadata, names

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")


def problems(spec: Json, path: str) -> Iterator[str]:
    affinity, here = spec.get("affinity") or {}, f"{path}.affinity"
    yield from _nodes(affinity.get("nodeAffinity") or {}, f"{here}.nodeAffinity")
    for field in ("podAffinity", "podAntiAffinity"):
        yield from _pods(affinity.get(field) or {}, f"{here}.{field}")
    for index, toleration in enumerate(spec.get("tolerations") or ()):
        yield from _toleration(toleration, f"{path}.tolerations[{index}]")
    yield from _spread(spec, path)
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType") or ""
        if why := names.qualified(kind):
            yield invalid(f"{path}.readinessGates[{index}].conditionType", kind, why)


def _nodes(affinity: Json, path: str) -> Iterator[str]:
    if (must := affinity.get(_REQUIRED)) is not None:
        terms = must.get("nodeSelectorTerms") or ()
        if not terms:
            yield required(f"{path}.{_REQUIRED}.nodeSelectorTerms", "at least one term is needed")
        for index, term in enumerate(terms):
            yield from _node_term(term, f"{path}.{_REQUIRED}.nodeSelectorTerms[{index}]")
    for index, wish in enumerate(affinity.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        yield from _weight(wish, here)
        yield from _node_term(wish.get("preference") or {}, f"{here}.preference")


def _node_term(term: Json, path: str) -> Iterator[str]:
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        here, operator = f"{path}.matchExpressions[{index}]", expression.get("operator") or ""
        if operator not in _NODE_OPERATORS:
            yield unsupported(f"{here}.operator", operator, _NODE_OPERATORS)
        if operator in ("In", "NotIn") and not expression.get("values"):
            yield required(f"{here}.values", f"operator {operator} compares with at least one")
        key = expression.get("key") or ""
        if why := names.qualified(key):
            yield invalid(f"{here}.key", key, why)


def _pods(affinity: Json, path: str) -> Iterator[str]:
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        yield from _pod_term(term, f"{path}.{_REQUIRED}[{index}]")
    for index, wish in enumerate(affinity.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        yield from _weight(wish, here)
        yield from _pod_term(wish.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")


def _pod_term(term: Json, path: str) -> Iterator[str]:
    if not term.get("topologyKey"):
        yield required(f"{path}.topologyKey", "say what counts as one place, such as kubernetes.io/hostname")
    yield from names.check(names.qualified, term.get("topologyKey"), f"{path}.topologyKey")
    yield from metadata.selector(term.get("labelSelector") or {}, f"{path}.labelSelector")


def _weight(wish: Json, path: str) -> Iterator[str]:
    if not 1 <= (weight := wish.get("weight") or 0) <= 100:
        yield invalid(f"{path}.weight", weight, "must be between 1 and 100")


def _toleration(toleration: Json, path: str) -> Iterator[str]:
    key, operator = toleration.get("key") or "", toleration.get("operator") or "Equal"
    effect = toleration.get("effect") or ""
    yield from names.check(names.qualified, key, f"{path}.key")
    if not key and operator != "Exists":
        yield invalid(f"{path}.operator", operator, "must be Exists when key is empty: that tolerates everything")
    if operator == "Exists" and toleration.get("value"):
        yield invalid(f"{path}.value", toleration["value"], "must be empty with operator Exists")
    if effect and effect not in _EFFECTS:
        yield unsupported(f"{path}.effect", effect, _EFFECTS)
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        yield invalid(f"{path}.effect", effect, "must be NoExecute when tolerationSeconds is set")


def _spread(spec: Json, path: str) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for index, rule in enumerate(spec.get("topologySpreadConstraints") or ()):
        here = f"{path}.topologySpreadConstraints[{index}]"
        key, otherwise = rule.get("topologyKey") or "", rule.get("whenUnsatisfiable") or ""
        if (skew := rule.get("maxSkew") or 0) <= 0:
            yield invalid(f"{here}.maxSkew", skew, "must be greater than 0")
        if not key:
            yield required(f"{here}.topologyKey", "say what counts as one place, such as kubernetes.io/hostname")
        if otherwise not in _UNSATISFIABLE:
            yield unsupported(f"{here}.whenUnsatisfiable", otherwise, _UNSATISFIABLE)
        elif (key, otherwise) in seen:
            yield duplicate(here, [key, otherwise])
        seen.add((key, otherwise))
