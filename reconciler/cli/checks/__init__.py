"""What `lint` checks, and how: `check(path)` reads, asks every check, and gives all that was found at once.

Nothing is sent anywhere: schemas come with the product, and rules are those that the engines themselves apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from reconciler.cli.checks import analysis, builtin, configuration, fields, references, rollouts
from reconciler.cli.checks.findings import Findings, ordered
from reconciler.cli.checks.item import Item
from reconciler.cli.checks.kinds import Kinds
from reconciler.cli.checks.reading import Material, read
from reconciler.errors import Problem, UserError
from reconciler.render.validate import Fault
from reconciler.yaml.positions import Path as FieldPath

_KNOWN_OTHERWISE = (("argoproj.io", "Application"), ("traefik.io", "TraefikService"))
"""Kinds without a schema here of which everything that matters is checked: by the configuration, by Rollouts."""


def check(path: Path) -> Findings:
    """Everything that is wrong below `path`. Raises `UserError` when nothing is there to be checked."""
    material = read(path)
    if not (material.items or material.configurations or material.problems or material.warnings):
        raise UserError(Problem(f"{path} holds no manifests", "they end in .yaml, .yml or .json"))
    problems, warnings = list(material.problems), list(material.warnings)
    for file, text in material.configurations:
        problems += configuration.settings_problems(text, file)
    _check_objects(material, problems, warnings)
    return Findings(ordered(problems), ordered(warnings), len(material.files), len(material.items))


def _check_objects(material: Material, problems: list[Problem], warnings: list[Problem]) -> None:
    kinds = Kinds(material.items)
    unknown: dict[tuple[str, str], Item] = {}
    for item in material.items:
        if kinds.find(item) is None and (fault := kinds.complaint(item)):
            problems.append(item.problem(fault))
        elif kinds.find(item) is None and (item.found.group, item.kind) not in _KNOWN_OTHERWISE:
            unknown.setdefault((item.api_version, item.kind), item)
        problems += _problems(item, kinds)
        warnings += _warnings(item)
    warnings += [_unchecked(item) for item in unknown.values()]
    problems += _duplicates(material.items)
    for remark in references.remarks(material.items):
        (problems if remark.certain else warnings).append(references.as_problem(remark))


def _problems(item: Item, kinds: Kinds) -> Iterator[Problem]:
    if _is_application(item):
        yield from configuration.application_problems(item)
    kind = kinds.find(item)
    wrong = list(fields.faults(item.manifest, kind.schema)) if kind else []
    yield from map(item.problem, wrong)
    if kind and not any(_blocks(fault) for fault in wrong):
        yield from map(item.problem, builtin.faults(item, kind))
    yield from map(item.problem, _others(_engine_faults(item), wrong))


def _engine_faults(item: Item) -> Iterator[Fault]:
    """What our engines say about their own kinds."""
    if item.found.group != "argoproj.io":
        return
    if item.kind == "Rollout":
        yield from rollouts.faults(item)
    if item.kind in analysis.KINDS:
        yield from analysis.faults(item)
        yield from (each.fault for each in analysis.condition_faults(item) if each.certain)


def _warnings(item: Item) -> Iterator[Problem]:
    if item.found.group == "argoproj.io" and item.kind in analysis.KINDS:
        yield from map(item.problem, analysis.warnings(item))
        yield from (item.problem(each.fault) for each in analysis.condition_faults(item) if not each.certain)


def _others(faults: Iterable[Fault], known: list[Fault]) -> Iterator[Fault]:
    """Those that are not a consequence of a known one: an unknown `setWieght` also leaves its step without a kind."""
    return (fault for fault in faults if not any(_follows(fault.path, each) for each in known))


def _follows(path: FieldPath, known: Fault) -> bool:
    above = path[: len(known.path)] == known.path
    inside = known.path[: len(path)] == path and (_blocks(known) or len(known.path) == len(path) + 1)
    return above or inside


def _blocks(fault: Fault) -> bool:
    """Whether rules that look at several fields would stumble over this one."""
    return not fault.what.startswith("unknown field")


def _is_application(item: Item) -> bool:
    return item.kind == "Application" and item.found.group == "argoproj.io"


def _unchecked(item: Item) -> Problem:
    what = f"no schema is known for {item.kind} of {item.api_version}, so its fields were not checked"
    return Problem(what, "put its CustomResourceDefinition beside it to have them checked", item.found.at)


def _duplicates(items: Iterable[Item]) -> Iterator[Problem]:
    """One object written twice among what is applied together."""
    seen: dict[tuple[str, str, str, str, str], Item] = {}
    for item in items:
        found = item.found
        first = seen.setdefault((item.origin, found.group, found.kind, found.namespace, found.name), item)
        if first is not item:
            yield Problem(f"{item.title} is there twice", f"it is also in {first.found.at}; remove one", found.at)
