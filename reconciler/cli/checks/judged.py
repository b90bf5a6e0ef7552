"""The analyses of a Rollout: whether their templates are here, fit together, and get the arguments that they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from reconciler.analysis.arguments import merge
from reconciler.analysis.metric import read_metric
from reconciler.analysis.model import AnalysisTemplate, RolloutAnalysis, TemplateRef, TemplateSpec
from reconciler.analysis.templates import TemplateLookup, flatten
from reconciler.cli.checks import analysis
from reconciler.cli.checks.catalogue import Catalogue, Remark
from reconciler.cli.checks.item import Item
from reconciler.cli.checks.paths import shown
from reconciler.config.fields import nearest
from reconciler.render.validate import Fault
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.proving import wanted as own_analyses
from reconciler.rollouts.strategy_model import BlueGreen, Canary
from reconciler.yaml.positions import Path

_CANARY: Path = ("spec", "strategy", "canary")


def remarks(item: Item, strategy: Canary | BlueGreen, catalogue: Catalogue) -> Iterator[Remark]:
    """About every analysis that a strategy names."""
    return (
        _of_canary(item, strategy, catalogue)
        if isinstance(strategy, Canary)
        else _of_blue_green(item, strategy, catalogue)
    )


def _of_blue_green(item: Item, strategy: BlueGreen, catalogue: Catalogue) -> Iterator[Remark]:
    named = {
        "prePromotionAnalysis": strategy.pre_promotion_analysis,
        "postPromotionAnalysis": strategy.post_promotion_analysis,
    }
    for field, written in named.items():
        if written:
            yield from _analysis(item, written, (*strategy.path.split("."), field), catalogue, endless=False)


def _of_canary(item: Item, canary: Canary, catalogue: Catalogue) -> Iterator[Remark]:
    if canary.analysis:
        yield from _analysis(item, canary.analysis, (*_CANARY, "analysis"), catalogue, endless=True)
    for index, step in enumerate(canary.steps or ()):
        if isinstance(step.get("analysis"), dict):
            path = (*_CANARY, "steps", index, "analysis")
            yield from _analysis(item, step["analysis"], path, catalogue, endless=False)


def proving(item: Item, rollout: Rollout, catalogue: Catalogue) -> Iterator[Remark]:
    """About the analyses in its annotations."""
    own = own_analyses.of(rollout)
    if own.bake:
        yield from _analysis(item, own.bake, _annotated(own_analyses.BAKE), catalogue, endless=own.lasts is not None)
    if own.first_deploy:
        yield from _analysis(item, own.first_deploy, _annotated(own_analyses.FIRST_DEPLOY), catalogue, endless=False)


def _annotated(annotation: str) -> Path:
    return ("metadata", "annotations", annotation)


def _analysis(item: Item, written: object, path: Path, catalogue: Catalogue, *, endless: bool) -> Iterator[Remark]:
    """`endless`: whether a metric may go on for as long as the update does."""
    try:
        wanted = msgspec.convert(written, RolloutAnalysis)
    except msgspec.ValidationError as error:
        yield Remark(item, Fault(path, f"{shown(path)}: {error}"))
        return
    named = [(*path, "templates", index, "templateName") for index in range(len(wanted.templates))]
    yield from checked(item, wanted, path, named, catalogue, endless=endless)


def checked(
    item: Item, wanted: RolloutAnalysis, path: Path, named: Sequence[Path], catalogue: Catalogue, *, endless: bool
) -> Iterator[Remark]:
    """`named`: where each template is named."""
    found = [catalogue.find(kind_of(ref.cluster_scope), ref.template_name, item) for ref in wanted.templates]
    for at, ref, template in zip(named, wanted.templates, found, strict=True):
        if template is None:
            yield _missing(item, ref, at, catalogue)
    if found and all(template is not None and catalogue.is_sound(template) for template in found):
        yield from _together(item, wanted, path, catalogue)
        yield from () if endless else _endless(item, _flat(item, wanted, catalogue), path)


def _missing(item: Item, ref: TemplateRef, path: Path, catalogue: Catalogue) -> Remark:
    return catalogue.missing(kind_of(ref.cluster_scope), ref.template_name, item, path)


def _together(item: Item, wanted: RolloutAnalysis, path: Path, catalogue: Catalogue) -> Iterator[Remark]:
    flat, problems = flatten(wanted.templates, lookup(item, catalogue))
    _, unresolved = merge(wanted.args, flat.spec.args)
    for problem in problems + unresolved:
        yield Remark(item, Fault(path, f"{shown(path)}: {problem.what}", problem.fix))
    declared = {arg.name for arg in flat.spec.args}
    for index, arg in enumerate(wanted.args):
        if arg.name not in declared:
            where = (*path, "args", index)
            near = nearest(arg.name, sorted(declared))
            what = f"{shown(where)}: no template knows the argument {arg.name!r}, so it is dropped"
            yield Remark(item, Fault(where, what, f"did you mean {near!r}?" if near else ""), certain=False)


def _endless(item: Item, spec: TemplateSpec, path: Path) -> Iterator[Remark]:
    for metric in spec.metrics:
        read, problems = read_metric(metric, "")
        if read.count == 0 and not problems:
            what = f"{shown(path)}: metric {read.name!r} is measured without end, so this step would never be done"
            yield Remark(item, Fault(path, what, "give the metric a count, or use it as background analysis"))


def _flat(item: Item, wanted: RolloutAnalysis, catalogue: Catalogue) -> TemplateSpec:
    return flatten(wanted.templates, lookup(item, catalogue))[0].spec


def lookup(item: Item, catalogue: Catalogue) -> TemplateLookup:
    def find(name: str, cluster_scope: bool) -> AnalysisTemplate | None:
        found = catalogue.find(kind_of(cluster_scope), name, item)
        return analysis.decoded(found) if found and catalogue.is_sound(found) else None

    return find


def kind_of(cluster_scope: bool) -> str:
    return "ClusterAnalysisTemplate" if cluster_scope else "AnalysisTemplate"
