"""Live views in a terminal of 24 lines: nothing that matters is cut off unseen."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console, RenderableType

from reconciler.cli.rollouts.tree_view import Fitted, details
from reconciler.cli.rollouts.view import Listing
from reconciler.rollouts.views.nodes import Node
from reconciler.rollouts.views.overview import Overview, overview
from tests.browser.releases import a_rollout

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def lines(what: RenderableType, width: int = 80, *, terminal: bool = True) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, height=24, force_terminal=terminal, color_system=None).print(what)
    return out.getvalue().splitlines()


def named(name: str, phase: str) -> Overview:
    found = a_rollout({"phase": phase})
    return overview(msgspec.structs.replace(found, metadata=msgspec.structs.replace(found.metadata, name=name)))


def tree(pods: int) -> Fitted:
    new = tuple(Node("Pod", f"shop-new-{index}", "Running", NOW, ("ready:1/1",)) for index in range(pods))
    broken = Node("Pod", "shop-old-broken", "CrashLoopBackOff", NOW, ("ready:0/1", "restarts:17"))
    judged = Node("AnalysisRun", "shop-new-2", "Failed", NOW, ("many words " * 20,))
    sets = [Node("ReplicaSet", f"shop-{name}", "Healthy", NOW) for name in ("new", "old")]
    newest = Node("Revision", "revision:2", children=(replace(sets[0], children=new), judged))
    older = Node("Revision", "revision:1", children=(replace(sets[1], children=(broken,)),))
    return Fitted(details(overview(a_rollout()), (newest, older), NOW))


@pytest.mark.parametrize("width", [80, 120])
def test_a_tree_that_is_too_long_says_how_much_is_hidden_and_shows_what_fails(width: int) -> None:
    shown = lines(tree(30), width)
    assert len(shown) <= 23, "one line is left for why the cluster is asked again"
    text = "\n".join(shown)
    for expected in ("Status:", "revision:2", "shop-new-2", "shop-old-broken", "lines hidden: "):
        assert expected in text
    number = int(text.split("… ")[1].split()[0])
    assert number + sum("shop-new-" in line for line in shown) == 31


def test_a_tree_that_fits_and_one_that_goes_into_a_file_are_whole() -> None:
    assert "hidden" not in "\n".join(lines(tree(1), 120))
    assert len([line for line in lines(tree(30), terminal=False) if "shop-new-" in line]) == 31


def test_a_list_that_is_too_long_keeps_those_that_need_a_look() -> None:
    phases = ["Healthy"] * 30 + ["Degraded"] + ["Healthy"] * 5 + ["Paused"]
    found = [named(f"app-{number}", phase) for number, phase in enumerate(phases)]
    shown = lines(Listing(found, namespaces=False, live=True))
    assert len(shown) <= 23
    assert any("app-30" in line for line in shown) and any("app-36" in line for line in shown)
    assert shown[-1].startswith("… 16 more")
    assert len(lines(Listing(found, namespaces=False))) == 38
