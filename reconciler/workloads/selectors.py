"""Label selectors: matching, and the text form of `status.selector` (Kubernetes API conventions)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from reconciler.workloads.parts import Json, Part


class Selector(Part, frozen=True):
    match_labels: dict[str, str] = msgspec.field(default_factory=dict)
    match_expressions: tuple[Json, ...] = ()


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether `labels` satisfy every part; an empty selector matches nothing here, as for controllers."""
    if not selector.match_labels and not selector.match_expressions:
        return False
    named = all(labels.get(key) == value for key, value in selector.match_labels.items())
    return named and all(_holds(expression, labels) for expression in selector.match_expressions)


def text(selector: Selector | None) -> str:
    """E.g. `app=shop,tier in (a,b)`, as the scale subresource needs it."""
    if selector is None:
        return ""
    parts = {key: f"{key}={value}" for key, value in selector.match_labels.items()}
    parts |= {str(e.get("key")): _expression_text(e) for e in selector.match_expressions}
    return ",".join(parts[key] for key in sorted(parts))


def _holds(expression: Json, labels: Mapping[str, str]) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def _expression_text(expression: Json) -> str:
    key, values = str(expression.get("key")), ",".join(sorted(expression.get("values") or ()))
    return {
        "In": f"{key} in ({values})",
        "NotIn": f"{key} notin ({values})",
        "Exists": key,
        "DoesNotExist": f"!{key}",
    }.get(str(expression.get("operator")), key)
