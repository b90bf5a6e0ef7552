from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reconciler.apps.record import Key
from reconciler.sync.fights import HEALS, LONGEST_PAUSE, PAUSE, Fights

T0 = datetime(2026, 1, 1, tzinfo=UTC)
KEY = Key("", "ConfigMap", "shop", "a")
SECOND = timedelta(seconds=1)


def fight(fights: Fights, start: datetime, gap: timedelta = SECOND) -> datetime:
    for n in range(HEALS + 1):
        fights.healed(KEY, start + n * gap)
    return start + HEALS * gap


def test_the_sixth_heal_within_ten_minutes_is_the_last_for_ten_minutes() -> None:
    fights = Fights()
    last = fight(fights, T0)
    assert not fights.may_heal(KEY, last)
    assert not fights.may_heal(KEY, last + PAUSE - SECOND)
    assert fights.may_heal(KEY, last + PAUSE)


def test_a_fight_that_goes_on_pauses_twice_as_long_each_time_up_to_six_hours() -> None:
    fights, now = Fights(), T0
    pauses = []
    for _ in range(8):
        last = fight(fights, now)
        until = fights.paused_until(KEY)
        assert until is not None
        pauses.append(until - last)
        now = until
    assert pauses[:3] == [PAUSE, PAUSE * 2, PAUSE * 4]
    assert pauses[-1] == LONGEST_PAUSE


def test_an_occasional_edit_is_healed_every_time() -> None:
    fights = Fights()
    last = fight(fights, T0, gap=timedelta(minutes=3))
    assert fights.may_heal(KEY, last)


def test_other_objects_are_healed_meanwhile() -> None:
    fights = Fights()
    last = fight(fights, T0)
    assert fights.may_heal(KEY._replace(name="b"), last)
