"""The resources that are served now: built-in ones, and those of established CustomResourceDefinitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.sandbox.kinds import Kind


class Registry:
    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.kinds: dict[tuple[str, str, str], Kind] = {}
        for kind in kinds:
            self.add(kind)

    def add(self, kind: Kind) -> None:
        self.kinds[(kind.group, kind.version, kind.plural)] = kind

    def drop_resource(self, group: str, plural: str) -> None:
        for key in [key for key in self.kinds if (key[0], key[2]) == (group, plural)]:
            del self.kinds[key]

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        return self.kinds.get((group, version, plural))

    def named(self, api_version: str, kind: str) -> Kind | None:
        """The resource of an object's apiVersion and kind."""
        group, _, version = api_version.rpartition("/")
        return next((k for k in self.of_version(group, version) if k.kind == kind), None)

    def stored(self, storage: str) -> Kind | None:
        return next((kind for kind in self.kinds.values() if kind.storage == storage), None)

    def storages(self) -> dict[str, Kind]:
        """One kind per resource, whatever its versions."""
        return {kind.storage: kind for kind in reversed(self.kinds.values())}

    def of_version(self, group: str, version: str) -> Iterator[Kind]:
        return (kind for kind in self.kinds.values() if (kind.group, kind.version) == (group, version))

    def versions(self, group: str) -> list[str]:
        return list(dict.fromkeys(kind.version for kind in self.kinds.values() if kind.group == group))

    def groups(self) -> list[str]:
        return list(dict.fromkeys(kind.group for kind in self.kinds.values() if kind.group))
