"""What `lint` checks, and how: `check(path)` reads, asks every check, and gives all that was found at once.

Nothing is sent anywhere: schemas come with the product, and rules are those that the engines themselves apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from reconciler.cli.checks import configuration, references
from reconciler.cli.checks.findings import Findings, ordered
from reconciler.cli.checks.item import Item
from reconciler.cli.checks.kinds import Kinds
from reconciler.cli.checks.objects import examine
from reconciler.cli.checks.reading import Material, read
from reconciler.errors import Problem, UserError

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
    half_read = _check_objects(material, problems, warnings)
    return Findings(ordered(problems), ordered(warnings), len(material.files), len(material.items), half_read)


def _check_objects(material: Material, problems: list[Problem], warnings: list[Problem]) -> int:
    """How many objects could not be checked to the end."""
    kinds = Kinds(material.items)
    sound: list[Item] = []
    for item in material.items:
        examined = examine(item, kinds)
        problems += map(item.problem, examined.faults)
        warnings += map(item.problem, examined.doubts)
        if examined.sound:
            sound.append(item)
        if (item.found.group, item.kind) == _KNOWN_OTHERWISE[0]:
            problems += configuration.application_problems(item)
    warnings += _unchecked(material.items, kinds)
    problems += _duplicates(material.items)
    for remark in references.remarks(material.items, sound):
        (problems if remark.certain else warnings).append(remark.item.problem(remark.fault))
    return len(material.items) - len(sound)


def _unchecked(items: Iterable[Item], kinds: Kinds) -> Iterator[Problem]:
    """One for each kind of which nothing is known."""
    first = {(item.api_version, item.kind): item for item in reversed(list(items))}
    for item in first.values():
        known = kinds.find(item) or kinds.complaint(item) or (item.found.group, item.kind) in _KNOWN_OTHERWISE
        if not known:
            what = f"no schema is known for {item.kind} of {item.api_version}, so its fields were not checked"
            yield Problem(what, "put its CustomResourceDefinition beside it to have them checked", item.found.at)


def _duplicates(items: Iterable[Item]) -> Iterator[Problem]:
    """One object written twice among what is applied together."""
    seen: dict[tuple[str, str, str, str, str], Item] = {}
    for item in items:
        found = item.found
        first = seen.setdefault((item.origin, found.group, found.kind, found.namespace, found.name), item)
        if first is not item:
            yield Problem(f"{item.title} is there twice", f"it is also in {first.found.at}; remove one", found.at)
