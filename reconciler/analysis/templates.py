"""Templates, nested in one another, become one list of metrics, rules and arguments (spec rollouts §7.2). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from reconciler.analysis import metric_annotations
from reconciler.analysis.model import AnalysisTemplate, Argument, TemplateRef, TemplateSpec
from reconciler.errors import Problem

TemplateLookup = Callable[[str, bool], AnalysisTemplate | None]
"""(name, cluster scope) → template, or None when there is none."""


@dataclass(frozen=True, slots=True)
class Flat:
    """What all templates say together, and the annotations about metrics that the run takes over from them."""

    spec: TemplateSpec
    annotations: dict[str, str]


def flatten(refs: Iterable[TemplateRef], lookup: TemplateLookup) -> tuple[Flat, list[Problem]]:
    """Namespaced templates before cluster-scoped ones, each once; every contradiction between them is a problem."""
    problems: list[Problem] = []
    found = list(_walk(refs, lookup, (), set(), problems))
    templates = [t for t in found if t.metadata.namespace] + [t for t in found if not t.metadata.namespace]
    specs = [template.spec for template in templates]
    spec = TemplateSpec(
        metrics=tuple(metric for spec in specs for metric in spec.metrics),
        args=tuple(_combined_args((arg for spec in specs for arg in spec.args), problems)),
        dry_run=tuple(rule for spec in specs for rule in spec.dry_run),
        measurement_retention=tuple(rule for spec in specs for rule in spec.measurement_retention),
    )
    problems += _repeated("two metrics are named", (str(metric.get("name", "")) for metric in spec.metrics))
    problems += _repeated("two dryRun rules are for metric", (rule.metric_name for rule in spec.dry_run))
    problems += _repeated(
        "two measurementRetention rules are for metric", (rule.metric_name for rule in spec.measurement_retention)
    )
    return Flat(spec, metric_annotations.of_templates(templates)), problems


def _walk(
    refs: Iterable[TemplateRef],
    lookup: TemplateLookup,
    above: tuple[TemplateRef, ...],
    seen: set[TemplateRef],
    problems: list[Problem],
) -> Iterator[AnalysisTemplate]:
    """Depth first. A template below itself would never end (spec §14): a problem that shows the circle."""
    for ref in refs:
        if ref in above:
            circle = " → ".join(step.template_name for step in (*above[above.index(ref) :], ref))
            problems.append(Problem(f"analysis templates refer to each other in a circle: {circle}"))
            continue
        if ref in seen:
            continue
        seen.add(ref)
        template = lookup(ref.template_name, ref.cluster_scope)
        if template is None:
            kind = "ClusterAnalysisTemplate" if ref.cluster_scope else "AnalysisTemplate"
            problems.append(Problem(f'{kind} "{ref.template_name}" not found', "create it, or mend templateName"))
            continue
        yield template
        yield from _walk(template.spec.templates, lookup, (*above, ref), seen, problems)


def _combined_args(args: Iterable[Argument], problems: list[Problem]) -> Iterable[Argument]:
    """One argument per name: the first that has a value, else the first."""
    combined: dict[str, Argument] = {}
    for arg in args:
        known = combined.setdefault(arg.name, arg)
        if known.value is None and arg.value is not None:
            combined[arg.name] = arg
        elif arg.value is not None and arg.value != known.value:
            problems.append(
                Problem(f'templates give argument "{arg.name}" different values: "{known.value}" and "{arg.value}"')
            )
    return combined.values()


def _repeated(what: str, names: Iterable[str]) -> list[Problem]:
    return [Problem(f'{what} "{name}"', "names must be unique") for name, n in Counter(names).items() if n > 1]
