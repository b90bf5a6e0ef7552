"""One object by itself: its kind, its fields, the rules of Kubernetes, and the rules of our engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.cli.checks import analysis, builtin, definitions, experiments, fields, rollouts
from reconciler.cli.checks.item import Item
from reconciler.cli.checks.kinds import OURS, Kinds
from reconciler.render.validate import Fault
from reconciler.yaml.positions import Path


@dataclass(frozen=True, slots=True)
class Examined:
    """`doubts` are worth a look. `sound`: every field has the right type, and all that are required are there."""

    faults: tuple[Fault, ...] = ()
    doubts: tuple[Fault, ...] = ()
    sound: bool = True


def examine(item: Item, kinds: Kinds) -> Examined:
    kind = kinds.find(item)
    if kind is None:
        complaint = kinds.complaint(item)
        return Examined((complaint,) if complaint else ())
    wrong = list(fields.faults(item.manifest, kind.schema))
    sound = not any(map(_blocks, wrong))
    if sound:
        wrong += builtin.faults(item, kind)
        wrong += definitions.faults(item.manifest) if kind.kind == "CustomResourceDefinition" else ()
    faults, doubts = _engine(item, sound) if item.found.group == OURS else ((), ())
    return Examined((*wrong, *_others(faults, wrong)), tuple(_others(doubts, wrong)), sound)


def _engine(item: Item, sound: bool) -> tuple[Iterable[Fault], Iterable[Fault]]:
    """What our engines say; of an object with wrong types they say what they can."""
    try:
        if item.kind == "Rollout":
            return list(rollouts.faults(item)), ()
        if item.kind == "Experiment":
            return list(experiments.faults(item)), ()
        if item.kind not in analysis.KINDS:
            return (), ()
        conditions = list(analysis.condition_faults(item))
        faults = [*analysis.faults(item), *(each.fault for each in conditions if each.certain)]
        return faults, [*analysis.warnings(item), *(each.fault for each in conditions if not each.certain)]
    except (AttributeError, KeyError, TypeError, ValueError):
        if sound:
            raise
        return (), ()


def _others(faults: Iterable[Fault], known: list[Fault]) -> Iterator[Fault]:
    """Those that are not a consequence of a known one: an unknown `setWieght` also leaves its step without a kind."""
    return (fault for fault in faults if not any(_follows(fault.path, each) for each in known))


def _follows(path: Path, known: Fault) -> bool:
    above = path[: len(known.path)] == known.path
    inside = known.path[: len(path)] == path and (_blocks(known) or len(known.path) == len(path) + 1)
    return above or inside


def _blocks(fault: Fault) -> bool:
    """Whether rules that look at several fields would stumble over this one."""
    return not fault.what.startswith("unknown field")
