"""Which Rollouts an analysis template concerns: those that name it, or one that it is nested in (spec §7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from reconciler.analysis.model import AnalysisTemplate, RolloutAnalysis, TemplateRef
from reconciler.kube.store import Store
from reconciler.rollouts.experiment_step import fields as experiment_step
from reconciler.rollouts.model import Rollout, RolloutSpec
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.stores import Index, Key
from reconciler.rollouts.strategy_model import Canary
from reconciler.workloads.parts import Json

_ANY = "*"
"""The namespace of a template that a ClusterAnalysisTemplate names: that of the run."""


class Users:
    """Make it before the stores are filled."""

    def __init__(
        self, rollouts: Store[Rollout], templates: Store[AnalysisTemplate], cluster_templates: Store[AnalysisTemplate]
    ) -> None:
        self._rollouts = Index(rollouts, named)
        self._nesting = [Index(store, _nested) for store in (templates, cluster_templates)]

    def of(self, template: AnalysisTemplate) -> list[Key]:
        """The Rollouts that use the template, whether or not it exists."""
        around = self._around((template.metadata.namespace, template.metadata.name))
        return list(dict.fromkeys(key for each in around for key in self._rollouts.keys(each)))

    def _around(self, template: Key) -> list[Key]:
        """It and those that it is nested in, at any depth; templates may be nested in a circle."""
        found = [template]
        for namespace, name in found:  # which grows meanwhile
            asked = [(namespace, name)] if not namespace else [(namespace, name), (_ANY, name)]
            around = (key for each in asked for index in self._nesting for key in index.keys(each))
            found += [key for key in dict.fromkeys(around) if key not in found]
        return found


def named(rollout: Rollout) -> Iterator[Key]:
    """`(namespace, name)` of the templates that it names; cluster-scoped ones have no namespace."""
    spec, own = rollout.spec, wanted.of(rollout)
    strategy: tuple[TemplateRef, ...] = spec.once("templates", lambda: tuple(_of_strategy(spec)))
    annotated = chain.from_iterable(map(_references, (own.bake, own.first_deploy)))
    yield from _keys((*strategy, *annotated), rollout.metadata.namespace)


def _nested(template: AnalysisTemplate) -> Iterator[Key]:
    yield from _keys(template.spec.templates, template.metadata.namespace or _ANY)


def _keys(references: Iterable[TemplateRef], namespace: str) -> Iterator[Key]:
    return (("" if each.cluster_scope else namespace, each.template_name) for each in references)


def _of_strategy(spec: RolloutSpec) -> Iterator[TemplateRef]:
    strategy = spec.strategy.chosen
    if not isinstance(strategy, Canary):
        for analysis in strategy.analyses:
            yield from _references(analysis)
        return
    yield from _references(strategy.analysis)
    try:
        steps = strategy.typed_steps()
    except msgspec.ValidationError:
        return
    for step in steps:
        yield from _of_step(step)


def _of_step(step: Step) -> Iterator[TemplateRef]:
    yield from _references(step.analysis)
    experiment = experiment_step.read(step)
    for analysis in experiment.analyses if experiment else ():
        yield TemplateRef(analysis.template_name, analysis.cluster_scope)


def _references(analysis: Json | None) -> tuple[TemplateRef, ...]:
    try:
        return msgspec.convert(analysis or {}, RolloutAnalysis).templates
    except msgspec.ValidationError:
        return ()
