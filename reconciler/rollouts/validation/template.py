"""What is wrong with the selector and the pod template of a Rollout (spec rollouts §1.9)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.kube.objects import POD_TEMPLATES
from reconciler.rollouts import workload
from reconciler.rollouts.model import RolloutSpec
from reconciler.workloads import podrules, selectors
from reconciler.workloads.field_errors import invalid, required
from reconciler.workloads.podrules import metadata
from reconciler.workloads.template_hash import misfits

_SELECTOR, _TEMPLATE = "spec.selector", "spec.template"


def selector_problems(spec: RolloutSpec) -> Iterator[str]:
    if spec.selector is None:
        if spec.workload_ref is None or spec.workload_ref.kind == POD_TEMPLATES.kind:  # which has no selector to lend
            yield required(_SELECTOR, "say which pods belong to this Rollout")
        return
    if not spec.selector.match_labels and not spec.selector.match_expressions:
        yield invalid(_SELECTOR, {}, "an empty selector is not allowed")
    try:
        yield from metadata.selector(msgspec.to_builtins(spec.selector), _SELECTOR)
    except (AttributeError, TypeError):
        yield invalid(_SELECTOR, "matchExpressions", "each needs a key and an operator, and texts as values")


def template_problems(spec: RolloutSpec, template_hash: str, *, resolved: bool) -> Iterator[str]:
    """`template_hash` is empty when the template makes no sense; `resolved`: it is that of the Rollout's workload."""
    if spec.workload_ref is not None and not resolved:
        yield from workload.problems(spec.workload_ref)
        if spec.template:
            yield invalid(_TEMPLATE, "set", "must be empty when workloadRef is set")
    elif not spec.template:
        yield required(_TEMPLATE, "say what to run")
    elif not template_hash:
        yield from (f"{_TEMPLATE}.{each.path}: Invalid value: {each.why}" for each in misfits(spec.template))
    else:
        yield from _sound(spec)


def _sound(spec: RolloutSpec) -> Iterator[str]:
    template = spec.template or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if spec.selector and not selectors.matches(spec.selector, labels):
        yield invalid(f"{_TEMPLATE}.metadata.labels", labels, "selector does not match the template's labels")
    yield from podrules.problems(template, _TEMPLATE)
