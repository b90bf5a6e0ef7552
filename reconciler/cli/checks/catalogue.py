"""The objects that were given, to be found by what names them, and what is said when one is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.cli.checks.item import Item
from reconciler.cli.checks.paths import shown
from reconciler.config.fields import nearest
from reconciler.render.validate import Fault
from reconciler.yaml.positions import Path


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding about `item`; a warning unless `certain`."""

    item: Item
    fault: Fault
    certain: bool = True


class Catalogue:
    """All objects that were given, by kind. Those without a namespace may be meant for any."""

    def __init__(self, items: Iterable[Item], sound: Iterable[Item]) -> None:
        self._sound = {id(item) for item in sound}
        self._named: dict[tuple[str, str], list[Item]] = {}
        self._beside: dict[tuple[str, str], list[Item]] = {}
        for item in items:
            self._named.setdefault((item.kind, item.name), []).append(item)
            self._beside.setdefault((item.kind, item.origin), []).append(item)

    def find(self, kind: str, name: str, near: Item) -> Item | None:
        """The object of that name; one of the same origin first."""
        known = _reachable(self._named.get((kind, name), ()), near)
        return min(known, key=lambda each: each.origin != near.origin, default=None)

    def is_sound(self, item: Item) -> bool:
        return id(item) in self._sound

    def missing(self, kind: str, name: str, near: Item, path: Path) -> Remark:
        """That there is no such object, with the name beside it that was probably meant."""
        names = [each.name for each in self._others(kind, near)]
        meant = nearest(name, names)
        fix = f"did you mean {meant!r}?" if meant else f"there are {', '.join(names[:5])}" * bool(names)
        what = f"{shown(path)}: there is no {kind} {name!r} among these files"
        return Remark(near, Fault(path, what, fix), certain=bool(names) and kind != "ClusterAnalysisTemplate")

    def doubts(self, kind: str, name: str, near: Item) -> bool:
        """Whether the name itself is probably wrong: it is missing although others are beside it."""
        return self.find(kind, name, near) is None and bool(self._others(kind, near))

    def _others(self, kind: str, near: Item) -> list[Item]:
        return _reachable(self._beside.get((kind, near.origin), ()), near)


def _reachable(items: Iterable[Item], near: Item) -> list[Item]:
    mine = near.found.namespace
    return [each for each in items if not mine or each.found.namespace in ("", mine)]
