"""What the experiments engine would refuse, and the analyses of Experiments and of a canary's experiment steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
import orjson

from reconciler.analysis.model import RolloutAnalysis
from reconciler.cli.checks import judged, rollouts
from reconciler.cli.checks.catalogue import Catalogue, Remark
from reconciler.cli.checks.item import Item
from reconciler.experiments import arguments
from reconciler.experiments.model import Analysis, Experiment, ExperimentSpec, Template, decode_experiment
from reconciler.experiments.validation import problems
from reconciler.render.validate import Fault
from reconciler.rollouts.experiment_step import fields as experiment_step
from reconciler.rollouts.experiment_step.fields import ExperimentStep
from reconciler.rollouts.strategy_model import Canary
from reconciler.yaml.positions import Path


def decoded(item: Item) -> Experiment | None:
    """The Experiment as the engine reads it; None when not even its metadata can be read."""
    try:
        return decode_experiment(orjson.dumps(item.manifest))
    except msgspec.ValidationError:
        return None


def faults(item: Item) -> Iterator[Fault]:
    """About an Experiment by itself."""
    found = decoded(item)
    yield from (rollouts.placed(item, text) for text in (problems(found) if found else ()))


def remarks(item: Item, catalogue: Catalogue) -> Iterator[Remark]:
    """About the analysis templates that an Experiment names."""
    found = decoded(item)
    if found:
        yield from _analyses(item, found.spec.analyses, ("spec", "analyses"), catalogue)


def of_steps(item: Item, canary: Canary, catalogue: Catalogue) -> Iterator[Remark]:
    """The same about the steps of a canary, whose Experiment does not exist yet."""
    for index, step in enumerate(canary.typed_steps()):
        found = experiment_step.read(step)
        if found:
            path = ("spec", "strategy", "canary", "steps", index, "experiment", "analyses")
            yield from _placeholders(item, found, path)
            yield from _analyses(
                item, msgspec.convert(msgspec.to_builtins(found.analyses), list[Analysis]), path, catalogue
            )


def _placeholders(item: Item, step: ExperimentStep, path: Path) -> Iterator[Remark]:
    spec = ExperimentSpec(templates=tuple(Template(name=each.name) for each in step.templates), duration=step.duration)
    for index, analysis in enumerate(step.analyses):
        for place, arg in enumerate(analysis.args):
            for unknown in arguments.unknown(spec, arg.value or ""):
                at = (*path, index, "args", place, "value")
                known = ", ".join(arguments.known(spec))
                yield Remark(item, Fault(at, f"nothing fills in {{{{{unknown}}}}}", f"known are {known}"))


def _analyses(item: Item, analyses: Iterable[Analysis], path: Path, catalogue: Catalogue) -> Iterator[Remark]:
    for index, each in enumerate(analyses):
        reference = {"templateName": each.template_name, "clusterScope": each.cluster_scope}
        wanted = msgspec.convert({"templates": [reference], "args": msgspec.to_builtins(each.args)}, RolloutAnalysis)
        at: Path = (*path, index)
        named = [(*at, "templateName")]
        yield from judged.checked(item, wanted, at, named, catalogue, endless=not each.required_for_completion)
