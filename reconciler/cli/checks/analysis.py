"""What the analysis engine would refuse about a template or a run, before anything is measured (spec rollouts §7).

Arguments without a value stand for something that only the Rollout knows, so nothing is concluded from what a
placeholder stands in: a count that is an argument is not compared with a limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from reconciler.analysis import providers, validate
from reconciler.analysis.arguments import substitute
from reconciler.analysis.model import AnalysisRun, AnalysisTemplate, RunSpec, decode_template
from reconciler.analysis.providers.contract import Checked, NotLent, OverHttp, ProviderError, Surroundings
from reconciler.analysis.providers.oauth2 import WithTokens, client_of
from reconciler.analysis.providers.sigv4 import WithSignatures
from reconciler.cli.checks import conditions, metric_annotations, paths
from reconciler.cli.checks.item import Item
from reconciler.config.fields import nearest
from reconciler.errors import ReconcilerError, UserError
from reconciler.render.validate import Fault
from reconciler.yaml.positions import Path

KINDS = ("AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun")
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_LIMITS = ("failureLimit", "inconclusiveLimit", "consecutiveErrorLimit", "consecutiveSuccessLimit")
_TIMES = ("interval", "initialDelay")
_WHERE = re.compile(r"(metrics|dryRun|measurementRetention)\[\d+\][\w.\[\]]*")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_STAND_IN = "1"


def decoded(item: Item) -> AnalysisTemplate | None:
    """The template; of a run, what it has in common with one. None when a field has the wrong type."""
    try:
        return decode_template(orjson.dumps(item.manifest))
    except msgspec.ValidationError:
        return None


def faults(item: Item) -> Iterator[Fault]:
    template = decoded(item)
    if template is None:
        return
    spec = template.spec
    known = {arg.name: arg.value for arg in spec.args}
    for index, metric in enumerate(spec.metrics):
        path: Path = ("spec", "metrics", index)
        yield from _unknown_arguments(metric, path, known)
        yield from _provider(metric_annotations.as_asked(template, metric), path, known)
    yield from _as_a_run(item, template, {name: value or _STAND_IN for name, value in known.items()})
    yield from metric_annotations.faults(template, known)


def warnings(item: Item) -> Iterator[Fault]:
    template = decoded(item)
    if template is None:
        return
    for index, metric in enumerate(template.spec.metrics):
        judged = metric.get("successCondition") or metric.get("failureCondition")
        provider = metric.get("provider")
        ruled = metric_annotations.names_rule(template, metric)
        judging = set(providers.PROVIDERS) - providers.JUDGES
        if not judged and not ruled and isinstance(provider, dict) and provider.keys() & judging:
            what = f"spec.metrics[{index}] has no condition: whatever is measured counts as a success"
            yield Fault(("spec", "metrics", index), what, "add successCondition or failureCondition")
    if not template.spec.templates:
        yield from _idle_arguments(template)


def condition_faults(item: Item) -> Iterator[conditions.Finding]:
    """Problems and warnings about conditions; they come as what they are."""
    template = decoded(item)
    for index, metric in enumerate(template.spec.metrics if template else ()):
        known = {arg.name: arg.value for arg in (template.spec.args if template else ())}
        for name in ("successCondition", "failureCondition"):
            text = metric.get(name)
            if isinstance(text, str) and text:
                sure = all(known.get(arg) is not None for arg in _arguments(text))
                yield from conditions.check(
                    _filled(text, known), ("spec", "metrics", index, name), metric.get("provider"), sure
                )


def _unknown_arguments(value: Any, path: Path, known: Mapping[str, str | None]) -> Iterator[Fault]:
    if isinstance(value, str):
        for match in _PLACEHOLDER.finditer(value):
            name = match[1].strip()
            if name.removeprefix("args.") not in known or not name.startswith("args."):
                near = nearest(name.removeprefix("args."), known)
                fix = f"did you mean {{{{args.{near}}}}}?" if near else "declare it in spec.args"
                yield Fault(path, f"{paths.shown(path)} uses {{{{{name}}}}}, which is not an argument", fix)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unknown_arguments(inner, (*path, key), known)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unknown_arguments(inner, (*path, index), known)


def _provider(metric: Mapping[str, Any], path: Path, known: Mapping[str, str | None]) -> Iterator[Fault]:
    """Whether there is such a provider here, and whether it could ask with these settings."""
    chosen = metric.get("provider")
    if not isinstance(chosen, dict) or len(chosen) != 1 or "plugin" in chosen:
        return
    name, config = next(iter(chosen.items()))
    where = (*path, "provider", name)
    try:
        provider = providers.find(name)
        sure = all(known.get(arg) is not None for arg in _arguments(orjson.dumps(config).decode()))
        if sure and isinstance(config, dict):
            _ask_nothing(
                provider, substitute(config, {arg: value for arg, value in known.items() if value is not None})
            )
    except NotLent:
        return  # the settings are right; credentials are in the cluster
    except ReconcilerError as error:
        yield Fault(where, f"{paths.shown(where)}: {error}")
    except (AttributeError, KeyError, TypeError, ValueError):
        return  # a setting has the wrong type, which the schema tells


def _ask_nothing(provider: Any, config: Mapping[str, Any]) -> None:
    """Lets the provider judge its settings as it would before sending. Raises what it finds wrong."""
    if isinstance(provider, WithTokens):
        client_of(config)
        provider = provider.provider
    if isinstance(provider, WithSignatures):
        provider = provider.provider
    if isinstance(provider, Checked):
        provider.check(config)
    if isinstance(provider, OverHttp):
        around = Surroundings(send=_never, prometheus_url="http://prometheus")
        provider.provider.request(config, _NOW, around)


def _never(request: Any) -> Any:
    raise ProviderError(f"lint sends nothing, but {request} was asked for")


def _as_a_run(item: Item, template: AnalysisTemplate, values: Mapping[str, str]) -> Iterator[Fault]:
    """The rules on a whole run, as the engine would apply them to this template alone."""
    spec = template.spec
    metrics = tuple(_comparable(metric, template) for metric in spec.metrics)
    run_spec = RunSpec(metrics=metrics, dry_run=spec.dry_run, measurement_retention=spec.measurement_retention)
    unknown = {name: _STAND_IN for metric in metrics for name in _arguments(orjson.dumps(metric).decode())}
    try:
        validate.metrics(AnalysisRun(spec=run_spec), unknown | dict(values))
    except UserError as error:
        for problem in error.problems:
            where = _WHERE.match(problem.what)
            if where or not spec.templates:
                path = paths.read(where[0] if where else "metrics", item.manifest.get("spec"))
                yield Fault(("spec", *path), f"spec.{problem.what}" if where else problem.what, problem.fix)
    except (AttributeError, TypeError):
        return  # a field of a metric has the wrong type, which the schema tells


def _comparable(metric: Mapping[str, Any], template: AnalysisTemplate) -> dict[str, Any]:
    """The metric without numbers that only the Rollout will know, and without what would be compared with them."""
    values = {arg.name: arg.value for arg in template.spec.args}
    open_ = {name for name, text in metric.items() if any(values.get(arg) is None for arg in _arguments(str(text)))}
    made = {name: value for name, value in metric.items() if name not in open_ or name not in (*_LIMITS, *_TIMES)}
    if open_ & {"interval", "count", *_LIMITS}:
        made.pop("count", None)
        made["interval"] = "1m" if "interval" in open_ else made.get("interval") or "1m"
    return made


def _idle_arguments(template: AnalysisTemplate) -> Iterator[Fault]:
    spec = template.spec
    used = _arguments(orjson.dumps([*spec.metrics, template.metadata.annotations]).decode())
    for index, arg in enumerate(spec.args):
        if arg.name not in used:
            yield Fault(("spec", "args", index), f"the argument {arg.name!r} is used by no metric", "remove it")


def _arguments(text: str) -> set[str]:
    return {match[1].strip().removeprefix("args.") for match in _PLACEHOLDER.finditer(text)}


def _filled(text: str, known: Mapping[str, str | None]) -> str:
    return _PLACEHOLDER.sub(lambda m: known.get(m[1].strip().removeprefix("args.")) or _STAND_IN, text)
