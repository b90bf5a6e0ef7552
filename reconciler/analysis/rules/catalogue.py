"""The rules that a Prometheus evaluates, as `/api/v1/rules` lists them, and the one that a name means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches

import msgspec

DEFAULT_INTERVAL = timedelta(minutes=1)
"""Prometheus' own, for a server that does not say how often it evaluates a group."""

MOST_SIMILAR = 5
_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="([^"]*)"')
_LABELS = re.compile(r'\{ *(?:[A-Za-z_][A-Za-z0-9_]*="[^"]*"(?: *, *|(?= *\})))* *\}')


class RuleError(ValueError):
    """There is no such rule, or more than one; the text says what can be written instead."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`hold`: how long the expression must hold until the alert fires; always nothing for a recording rule."""

    name: str
    expression: str
    group: str
    file: str
    interval: timedelta = DEFAULT_INTERVAL
    alerting: bool = False
    hold: timedelta = timedelta()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.group}/{self.name}"


class _Rule(msgspec.Struct, frozen=True):
    name: str = ""
    query: str = ""
    type: str = ""
    duration: float = 0.0
    labels: dict[str, str] = {}


class _Group(msgspec.Struct, frozen=True):
    name: str = ""
    file: str = ""
    interval: float = 0.0
    rules: tuple[_Rule, ...] = ()


class _Data(msgspec.Struct, frozen=True):
    groups: tuple[_Group, ...] = ()


class _Answer(msgspec.Struct, frozen=True):
    data: _Data = _Data()


_decoder = msgspec.json.Decoder(_Answer)


def read(body: bytes) -> tuple[Rule, ...]:
    """All rules, in the order of the answer. Raises `msgspec.MsgspecError` for what is no answer of this kind."""
    return tuple(_rule(group, rule) for group in _decoder.decode(body).data.groups for rule in group.rules)


def _rule(group: _Group, rule: _Rule) -> Rule:
    interval = timedelta(seconds=group.interval) if group.interval > 0 else DEFAULT_INTERVAL
    hold = timedelta(seconds=max(rule.duration, 0))
    return Rule(rule.name, rule.query, group.name, group.file, interval, rule.type == "alerting", hold, rule.labels)


def find(rules: Iterable[Rule], wanted: str) -> Rule:
    """The rule called `wanted`: NAME, or GROUP/NAME, or either with labels that it adds, as in NAME{severity="page"}.

    Raises RuleError that lists what there is.
    """
    known = [*rules]
    name, labels = _parts(wanted)
    found = [rule for rule in known if rule.name == name] or [rule for rule in known if rule.path == name]
    found = [rule for rule in found if labels.items() <= rule.labels.items()]
    if len({(rule.expression, rule.alerting, rule.hold) for rule in found}) == 1:
        return found[0]
    if found:
        raise RuleError(f"{len(found)} rules are named {wanted}; name one of {', '.join(_ways(found))}")
    if not known:
        raise RuleError(f"there is no rule {wanted}: this Prometheus evaluates no rules")
    raise RuleError(f"there is no rule {wanted}{_advice(known, name)}")


def _parts(wanted: str) -> tuple[str, dict[str, str]]:
    name, opening, labels = wanted.partition("{")
    if not opening or not _LABELS.fullmatch(opening + labels):
        return wanted, {}
    return name, dict(_LABEL.findall(labels))


def _ways(found: Iterable[Rule]) -> Iterator[str]:
    """How each of several can be told from the others, and where it is written."""
    for rule in found:
        labels = ", ".join(f'{name}="{text}"' for name, text in rule.labels.items())
        yield f"{rule.path}{{{labels}}}{f' ({rule.file})' if rule.file else ''}"


def _advice(known: Iterable[Rule], wanted: str) -> str:
    names = {rule.name.lower(): rule.name for rule in known}
    similar = get_close_matches(wanted.rpartition("/")[2].lower(), names, MOST_SIMILAR)
    return f"; similar ones are {', '.join(names[name] for name in similar)}" if similar else ""
