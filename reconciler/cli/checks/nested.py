"""Templates that name others: whether those are here, and whether the nesting ends."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.analysis.model import TemplateRef
from reconciler.analysis.templates import TemplateLookup
from reconciler.cli.checks import analysis
from reconciler.cli.checks.catalogue import Catalogue, Remark
from reconciler.cli.checks.item import Item
from reconciler.cli.checks.judged import kind_of, lookup
from reconciler.cli.checks.paths import shown
from reconciler.render.validate import Fault

KINDS = ("AnalysisTemplate", "ClusterAnalysisTemplate")


def remarks(item: Item, catalogue: Catalogue) -> Iterator[Remark]:
    """About one template, whether or not a Rollout uses it yet."""
    template = analysis.decoded(item)
    own, find = TemplateRef(item.name, item.kind == KINDS[1]), lookup(item, catalogue)
    for index, ref in enumerate(template.spec.templates if template else ()):
        path = ("spec", "templates", index, "templateName")
        if catalogue.find(kind_of(ref.cluster_scope), ref.template_name, item) is None:
            yield catalogue.missing(kind_of(ref.cluster_scope), ref.template_name, item, path)
        circle = _way(ref, own, find, set())
        if circle and own == min(circle, key=_order):  # told once, not by each of its members
            names = " → ".join(step.template_name for step in (own, *circle))
            what = f"{shown(path)}: analysis templates refer to each other in a circle: {names}"
            yield Remark(item, Fault(path, what, "remove one of these references"))


def _way(start: TemplateRef, goal: TemplateRef, find: TemplateLookup, seen: set[TemplateRef]) -> list[TemplateRef]:
    """From one to the other by references, both included; empty when there is none."""
    if start == goal:
        return [goal]
    seen.add(start)
    template = find(start.template_name, start.cluster_scope)
    for ref in template.spec.templates if template else ():
        rest = _way(ref, goal, find, seen) if ref == goal or ref not in seen else []
        if rest:
            return [start, *rest]
    return []


def _order(ref: TemplateRef) -> tuple[bool, str]:
    return ref.cluster_scope, ref.template_name
