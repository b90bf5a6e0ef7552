"""A story that two clients tell: act by act the same Rollout, the same status and the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.cluster.clients import Client, Ours, Theirs, shown, timeless
from tests.cluster.rollouts_engine import Shop, until
from tests.testbed.access import Access


@dataclass(frozen=True)
class Act:
    """What is typed, and what is shown when it has come true; `before` is what happens around it first.

    `runs` are AnalysisRuns by the end of their name, each with its status and its counts.
    """

    typed: str
    facts: dict[str, str]
    images: tuple[str, ...]
    runs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    before: Callable[[Shop], None] = lambda _: None


HEALTHY = {"Status": "✔ Healthy", "Desired": "4", "Current": "4", "Updated": "4", "Ready": "4", "Available": "4"}


@contextmanager
def both(control_plane: Access, namespace: str, plugin: Path) -> Iterator[tuple[Client, Theirs]]:
    """Ours and theirs, each with a namespace and an engine of its own."""
    other = f"{namespace}-b"
    control_plane.kubectl("create", "namespace", other)
    shops = [Shop(control_plane.kubeconfig, each) for each in (namespace, other)]
    for shop in shops:
        for name in ("live", "next"):
            control_plane.kubectl("-n", shop.namespace, "create", "service", "clusterip", name, "--tcp=80")
            control_plane.kubectl("-n", shop.namespace, "set", "selector", "service", name, "app=shop")
        shop.start()
    try:
        yield Ours(shops[0]), Theirs(shops[1], plugin)
    finally:
        for shop in shops:
            shop.stop()
        control_plane.kubectl("delete", "namespace", other, "--wait=false")


def tell(story: tuple[Act, ...], ours: Client, theirs: Theirs) -> None:
    """Each act by both clients, and after each that all agree."""
    for number, act in enumerate(story):
        for client in (ours, theirs):
            act.before(client.shop)
            if act.typed:
                client.do(*act.typed.split())
        where = f"after {number}: {act.typed}"
        agree(partial(_shows, theirs, act), where)
        same_status(ours, theirs, where)
        same_words(theirs, where)


def _shows(theirs: Client, act: Act) -> tuple[object, object]:
    found = shown(theirs.do("get", "rollout", "shop", "--no-color"))
    facts = {title: found.facts.get(title) for title in act.facts}
    judged = {name.split("-", 2)[2]: tuple(told) for name, *told in found.tree if name.startswith("α")}
    runs = {name: judged.get(name) for name in act.runs}
    return (facts, set(found.images), runs), (act.facts, set(act.images), act.runs)


def same_status(ours: Client, theirs: Client, where: str = "at the end") -> None:
    agree(lambda: (_status(ours), _status(theirs)), f"statuses {where}")


def _status(client: Client) -> object:
    return timeless(client.shop.stored()["status"])


def same_words(theirs: Theirs, where: str) -> None:
    """Both clients about the same Rollout: header and tree, `list`, and the exit code of `status`."""
    shop = theirs.shop
    agree(lambda: (shown(theirs.do("get", "rollout", "shop", "--no-color")), shown(shop.says("get", "shop"))), where)
    line = shop.says("list").replace("॥", "").replace("✔", "").replace("✖", "")
    agree(lambda: (theirs.do("list", "rollouts").split(), line.split()), where)
    told, ours = theirs.run("status", "shop", "--watch=false"), shop.run("status", "shop", "--no-watch")
    assert (told.returncode, told.stdout.split()[0]) == (ours.exit_code, ours.output.split()[0]), where


def agree(look: Callable[[], tuple[object, object]], where: str) -> None:
    """Wait until both are the same; what differs is said."""
    seen: list[object] = []

    def same() -> bool:
        seen[:] = look()
        return seen[0] == seen[1]

    until(same, lambda: f"{where}:\n{seen[0]}\n{seen[1]}")
