"""`reconciler.yaml`, and Applications written as objects of Argo CD."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path as File

from reconciler.cli.checks.item import Item
from reconciler.config.application import application
from reconciler.config.fields import Notes
from reconciler.config.load import parse_settings
from reconciler.config.model import Secret
from reconciler.config.secrets import Vault
from reconciler.errors import Position, Problem, UserError
from reconciler.yaml.loader import load
from reconciler.yaml.positions import Positions

NAMES = ("reconciler.yaml", "reconciler.yml")
_SECTIONS = frozenset({"applications", "repositories"})


class _NoSecrets(Vault):
    """Where lint runs, the daemon's secrets are not: every name is taken as one that will be there."""

    def from_file(self, name: str) -> Secret:
        return Secret(f"the contents of {name}")

    def from_env(self, name: str) -> Secret:
        return Secret(f"the value of {name}")


def is_configuration(text: bytes, file: str) -> bool:
    """Whether a file is a configuration of the daemon, by its name or its sections."""
    if File(file).name in NAMES:
        return True
    if not any(section.encode() in text for section in _SECTIONS):
        return False
    try:
        documents = load(text, file)
    except UserError:
        return False
    first = documents[0].value if documents else None
    return isinstance(first, dict) and "kind" not in first and bool(_SECTIONS & first.keys())


def settings_problems(text: bytes, file: str) -> Iterable[Problem]:
    try:
        parse_settings(text, file, _NoSecrets(File(file).parent, {}))
    except UserError as error:
        return error.problems
    return ()


def application_problems(item: Item) -> Iterable[Problem]:
    """Of an object `kind: Application`."""
    found = item.found
    notes = Notes(found.at.file, found.positions or Positions(b"", 0))
    if found.positions is None:
        application(item.manifest, (), notes)
        return [Problem(f"{item.title}: {each.what}", each.fix, Position(found.at.file)) for each in notes.problems]
    application(item.manifest, found.inside, notes)
    return [Problem(f"{item.title}: {each.what}", each.fix, each.at) for each in notes.problems]
