"""Two clients of one kind of object: `kubectl argo rollouts` and `reconciler rollouts`, and what each shows."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.cluster.rollouts_engine import Shop

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z")
_DELAY = re.compile(r"delay:\w+")
_COUNT = re.compile(r"[✔✖?⚠] \d+")
_AFTER_NAME = re.compile(r"\s{2,}")


class Client(Protocol):
    """Steers and shows the Rollout `shop` of a namespace."""

    shop: Shop

    def do(self, *arguments: str) -> str: ...


@dataclass(frozen=True)
class Ours:
    shop: Shop

    def do(self, *arguments: str) -> str:
        return self.shop.says(*arguments)


@dataclass(frozen=True)
class Theirs:
    shop: Shop
    plugin: Path

    def do(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = ("-n", self.shop.namespace, "--kubeconfig", str(self.shop.kubeconfig))
        return subprocess.run(
            [str(self.plugin), *arguments, *where], capture_output=True, text=True, timeout=60, check=False
        )


@dataclass(frozen=True)
class Shown:
    """What `get` says, whichever client prints it: facts by title, images, and (name, status, info) of the tree."""

    facts: dict[str, str]
    images: frozenset[str]
    tree: frozenset[tuple[str, ...]]


def shown(text: str) -> Shown:
    header, _, tree = text.strip().partition("\n\n")
    facts: dict[str, str] = {}
    images, title = set(), ""
    for line in header.splitlines():
        named = re.match(r"\s*(\w+(?: for)?):\s*(.*)", line) if not line.startswith("        ") else None
        title, value = (named[1], named[2]) if named else (title, line)
        if title == "Images":
            images.add(value.strip())
        elif title == "Replicas":
            facts |= dict(re.findall(r"(\w+) (\d+)", value))
        elif named:
            facts[title] = value.partition("  ")[0].strip()  # ours names the step, too
        else:
            facts[title] += f" {value.strip()}"  # ours folds a long message
    facts.pop("Waits for", None)  # only ours knows
    return Shown(facts, frozenset(images), frozenset(filter(None, map(_node, tree.splitlines()[1:]))))


def _node(line: str) -> tuple[str, ...]:
    cells = _AFTER_NAME.split(line.strip(" │├└─"))
    if len(cells) < 4:  # a revision, or what has no status yet
        return tuple(cells[:1])
    name, _, status, _, *info = cells
    if name.startswith("α"):
        info = [",".join(_COUNT.findall(each)) for each in info]  # ours says why it failed, too
    return (name, status, *(_DELAY.sub("delay", each) for each in info if each))


def timeless(status: dict[str, Any]) -> dict[str, Any]:
    """A Rollout's status without the moments at which things happened, and without the order of its conditions."""
    plain = {key: _without_times(value) for key, value in status.items()}
    plain["conditions"] = {each["type"]: each for each in plain.get("conditions", ())}
    plain.pop("duration", None)  # how long it was paused differs by who is faster
    return plain


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_times(each) for each in value]
    return _TIME.sub("TIME", value) if isinstance(value, str) else value
