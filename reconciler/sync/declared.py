"""From rendered targets to what sync applies: tracking added, fields of others left out (spec gitops §2.4, §2.5).

All of it is pure and decided once per commit; what depends on the live object is decided at the apply (`payload.py`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from reconciler.apps.record import Key
from reconciler.config.model import Application, IgnoreDifference
from reconciler.errors import Position, Problem, UserError
from reconciler.kube.api import Object
from reconciler.sync import order, pointers, tracking
from reconciler.sync.digests import digest
from reconciler.sync.normalise import fold_secret

REPLICAS = "/spec/replicas"
HONOURED_OPTIONS = frozenset(
    {
        "AllowRewrite=true",
        "ApplyOutOfSyncOnly=true",
        "CreateNamespace=true",
        "Prune=false",
        "PruneLast=true",
        "RespectIgnoreDifferences=true",
        "ServerSideApply=true",
        "Validate=true",
    }
)
"""Options that do what they say; several of them are simply how this program always works."""


class TargetKey(Protocol):
    """The identity of a rendered object."""

    @property
    def group(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...


class Target(Protocol):
    """One rendered object, and where in git it is written."""

    @property
    def object(self) -> Object: ...
    @property
    def at(self) -> Position: ...
    @property
    def key(self) -> TargetKey: ...


@dataclass(frozen=True, slots=True)
class Declared:
    """One object as sync wants it.

    `body` is complete (what a creation sends); `ignored` pointers are dropped from it once the object exists, and
    `managers` name field managers whose fields are then dropped as well. `digest` is of the body without the ignored
    fields, so that a change there changes nothing.
    """

    key: Key
    version: str
    body: Object
    digest: str
    wave: int
    at: Position
    ignored: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.key.group}/{self.version}" if self.key.group else self.version

    @property
    def step(self) -> tuple[int, int]:
        """Objects of a later step wait for those of earlier ones."""
        return (self.wave, order.stage(self.key))


@dataclass(frozen=True, slots=True)
class Desired:
    """All objects of one Application at one commit, in the order of apply, with what the user should know."""

    objects: tuple[Declared, ...]
    warnings: tuple[Problem, ...]


def declare(app: Application, targets: Sequence[Target]) -> Desired:
    """Raises `UserError` with every target that cannot be applied as it is written."""
    scaled = autoscaled(targets)
    objects, warnings, problems = [], option_warnings(app), []
    for target in targets:
        if hook := order.annotation(target.object, order.HOOK):
            warnings.append(_hook_warning(target, hook))
            continue
        try:
            objects.append(_declare(app, target, scaled))
        except UserError as error:
            problems += [Problem(p.what, p.fix, target.at) for p in error.problems]
    if problems:
        raise UserError(problems)
    ordered = sorted(objects, key=lambda item: order.sort_key(item.wave, item.key))
    return Desired(tuple(ordered), tuple(warnings))


def _declare(app: Application, target: Target, scaled: frozenset[Key]) -> Declared:
    key = key_of(target)
    body = copy.deepcopy(target.object)
    _clean(body)
    fold_secret(body)
    tracking.mark(body, app.name, key)
    rules = [rule for rule in app.ignore_differences if matches(rule, key)]
    ignored = tuple(pointer for rule in rules for pointer in rule.json_pointers)
    if key in scaled and REPLICAS not in ignored:
        ignored += (REPLICAS,)
    managers = tuple(name for rule in rules for name in rule.managed_fields_managers)
    return Declared(
        key, _version(body), body, _digest(body, ignored), order.wave_of(body), target.at, ignored, managers
    )


def option_warnings(app: Application) -> list[Problem]:
    """Sync options that are understood but change nothing here: saying so is better than pretending."""
    unknown = [option for option in app.sync_policy.sync_options if option not in HONOURED_OPTIONS]
    return [Problem(f"the sync option {option} has no effect", fix="remove it") for option in unknown]


def key_of(target: Target) -> Key:
    return Key(target.key.group, target.key.kind, target.key.namespace, target.key.name)


def matches(rule: IgnoreDifference, key: Key) -> bool:
    """Globs on group and kind; an empty name or namespace means every one."""
    return (
        fnmatchcase(key.group, rule.group)
        and fnmatchcase(key.kind, rule.kind)
        and (not rule.name or fnmatchcase(key.name, rule.name))
        and (not rule.namespace or fnmatchcase(key.namespace, rule.namespace))
    )


def autoscaled(targets: Iterable[Target]) -> frozenset[Key]:
    """Workloads whose replicas an autoscaler of the same Application sets: git must not set them back (§2.4)."""
    found = set()
    for target in targets:
        if target.object.get("kind") not in ("HorizontalPodAutoscaler", "ScaledObject"):
            continue
        ref = (target.object.get("spec") or {}).get("scaleTargetRef") or {}
        group = str(ref.get("apiVersion") or "apps/v1").rpartition("/")[0]
        found.add(Key(group, str(ref.get("kind") or "Deployment"), target.key.namespace, str(ref.get("name"))))
    return frozenset(found)


def _clean(body: Object) -> None:
    """Leaves out what only the server may write."""
    body.pop("status", None)
    for field in ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"):
        body["metadata"].pop(field, None)


def _version(body: Object) -> str:
    return str(body["apiVersion"]).rpartition("/")[2]


def _digest(body: Object, ignored: tuple[str, ...]) -> str:
    try:
        shown = copy.deepcopy(body) if ignored else body
        pointers.drop(shown, ignored)
    except ValueError as error:
        raise UserError(Problem(f"ignoreDifferences: {error}")) from None
    return digest(shown)


def _hook_warning(target: Target, hook: str) -> Problem:
    return Problem(
        f"{key_of(target)} is a {hook} hook; hooks are not run yet, so it is not applied",
        fix=f"remove the annotation {order.HOOK} to have it applied like any other object",
        at=target.at,
    )
