from __future__ import annotations

from typing import NamedTuple

import pytest
from sync_builders import application, config_map, deployment, entry, target

from reconciler.apps.delivery import Health
from reconciler.apps.record import Entry, Key
from reconciler.sync.declared import Declared, declare
from reconciler.sync.health.model import Assessment
from reconciler.sync.plan import Why, plan
from reconciler.sync.waves import Apply, Fail, Wait, next_step


class Seen(NamedTuple):
    uid: str
    own: str


def declared(*targets) -> tuple[Declared, ...]:
    return declare(application(), targets).objects


def applied(item: Declared, **more) -> Entry:
    return Entry(*item.key[:1], item.version, *item.key[1:], **{"uid": "u", "target": item.digest, "own": "o", **more})


A = declared(config_map("a", k="1"))[0]
OLD = applied(A, target="another")

CASES = {
    "unknown": (None, None, Why.NEW),
    "only intended": (applied(A, uid=""), Seen("u", "o"), Why.NEW),
    "as applied": (applied(A), Seen("u", "o"), None),
    "changed in git": (OLD, Seen("u", "o"), Why.CHANGED),
    "other api version": (
        applied(A, own="o").__class__("", "v2", *A.key[1:], "u", A.digest, "o"),
        Seen("u", "o"),
        Why.CHANGED,
    ),
    "edited": (applied(A), Seen("u", "edited"), Why.DRIFTED),
    "replaced": (applied(A), Seen("other", "o"), Why.DRIFTED),
    "deleted": (applied(A), None, Why.MISSING),
    "deleted and changed": (OLD, None, Why.CHANGED),
}


@pytest.mark.parametrize(("known", "live", "why"), CASES.values(), ids=CASES.keys())
def test_an_object_is_written_only_for_a_reason(known: Entry | None, live: Seen | None, why: Why | None) -> None:
    found = plan([A], {A.key: known} if known else {}, {A.key: live} if live else {})
    assert [change.why for change in found.changes] == ([why] if why else [])
    assert found.unchanged == (0 if why else 1)


def test_what_git_no_longer_declares_is_extra_and_nothing_else_is() -> None:
    found = plan([A], {A.key: applied(A), entry("old").key: entry("old")}, {A.key: Seen("u", "o")})
    assert [extra.name for extra in found.extras] == ["old"]
    assert found.changes == ()


HEALTHY = Assessment(Health.HEALTHY)


def step(items: tuple[Declared, ...], health: dict[str, Assessment], done: int = 0):
    changes = plan(items[done:], {}, {}).changes
    return next_step(changes, items, {item.key: health.get(item.key.name, HEALTHY) for item in items})


WAVES = declared(config_map("one", wave=1), config_map("two", wave=2), config_map("two-b", wave=2))


def test_only_the_first_wave_is_applied() -> None:
    found = step(WAVES, {})
    assert isinstance(found, Apply)
    assert [change.declared.key.name for change in found.changes] == ["one"]


def test_a_wave_waits_for_the_health_of_the_one_before() -> None:
    waiting = {"one": Assessment(Health.PROGRESSING, "1 of 2 pods")}
    assert step(WAVES, waiting, done=1) == Wait("wave 2 waits for ConfigMap shop/one: 1 of 2 pods")


@pytest.mark.parametrize("health", [Health.HEALTHY, Health.SUSPENDED])
def test_a_healthy_or_paused_wave_lets_the_next_one_go(health: Health) -> None:
    found = step(WAVES, {"one": Assessment(health)}, done=1)
    assert isinstance(found, Apply)
    assert len(found.changes) == 2


def test_a_wave_that_stays_degraded_stops_the_operation_and_a_short_stumble_does_not() -> None:
    stays = {"one": Assessment(Health.DEGRADED, "crash", terminal=True)}
    assert step(WAVES, stays, done=1) == Fail("ConfigMap shop/one: crash")
    assert isinstance(step(WAVES, {"one": Assessment(Health.DEGRADED, "crash")}, done=1), Wait)


def test_the_health_of_the_last_wave_does_not_hold_the_apply() -> None:
    assert step(WAVES, {"two": Assessment(Health.PROGRESSING)}, done=3) is None


def test_custom_resources_wait_until_their_definition_is_served() -> None:
    crd = target("CustomResourceDefinition", "widgets.x.io", "apiextensions.k8s.io/v1", namespace="")
    items = declared(crd, target("Widget", "w", "x.io/v1"))
    assert isinstance(step(items, {"widgets.x.io": Assessment(Health.PROGRESSING, "not served")}, done=1), Wait)
    assert isinstance(step(items, {}, done=1), Apply)


def test_an_unchanged_unhealthy_neighbour_in_the_same_wave_holds_nobody() -> None:
    items = declared(config_map("a"), deployment("web"))
    assert isinstance(step(items, {"a": Assessment(Health.DEGRADED)}, done=1), Apply)


def test_keys_read_as_people_write_them() -> None:
    assert str(Key("apps", "Deployment", "shop", "web")) == "Deployment shop/web"
    assert str(Key("", "Namespace", "", "shop")) == "Namespace shop"
