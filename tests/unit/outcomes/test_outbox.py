"""What may be sent when: one entry per commit and context, verdicts before stages, never more than is wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.forges.model import CommitStatus, State
from reconciler.outcomes import outbox as boxes
from reconciler.outcomes.outbox import KEPT_SETTLED, MAX_STAGES, MAX_UPDATES, Entry, Outbox
from reconciler.outcomes.pace import PER_HOUR, PER_MINUTE, Pace
from reconciler.outcomes.project import Outcome
from tests.unit.outcomes.deliveries import T0, A, B


def wish(text: str, state: State = State.PENDING, sha: str = A, current: bool = True) -> Outcome:
    terminal = state is not State.PENDING
    return Outcome(CommitStatus(sha, "reconciler/shop", state, text), terminal, current)


def offered(*wishes: Outcome, to: Outbox | None = None, at: float = 0) -> Outbox:
    return boxes.offer(to or Outbox(), wishes, T0 + timedelta(seconds=at))


def texts(outbox: Outbox, at: float = 0) -> list[str]:
    return [entry.wanted.description for entry in boxes.due(outbox, T0 + timedelta(seconds=at))]


def all_sent(outbox: Outbox, at: float = 0) -> Outbox:
    for entry in boxes.due(outbox, T0 + timedelta(seconds=at)):
        outbox = boxes.delivered(outbox, entry, T0 + timedelta(seconds=at))
    return outbox


SUCCESS = wish("2 objects healthy", State.SUCCESS)
FAILURE = wish("error-rate 34%", State.FAILURE)
SUPERSEDED = wish("superseded by bbbbbbb", State.ERROR, current=False)


def test_only_the_newest_wish_is_sent():
    assert texts(offered(wish("queued"), wish("rendering"), wish("applying"))) == ["applying"]


def test_what_was_delivered_is_not_sent_again():
    outbox = all_sent(offered(wish("queued")))
    assert offered(wish("queued"), to=outbox) is outbox
    assert texts(outbox, at=3600) == []
    assert boxes.wake_at(outbox) is None


def test_stages_keep_ten_seconds_between_them_and_say_when_they_are_due():
    outbox = offered(wish("canary 20%"), to=all_sent(offered(wish("canary 10%"))), at=1)
    assert texts(outbox, at=9.9) == []
    assert boxes.wake_at(outbox) == T0.timestamp() + 10
    assert texts(outbox, at=10) == ["canary 20%"]


def test_the_first_news_of_a_canary_that_gets_traffic_does_not_wait_and_all_later_ones_do():
    started, further = (replace(wish(text), serving=True) for text in ("canary 20%", "canary 40%"))
    outbox = offered(started, to=all_sent(offered(wish("applying"))), at=1)
    assert texts(outbox, at=1) == ["canary 20%"]
    outbox = offered(further, to=all_sent(outbox, at=1), at=2)
    assert (texts(outbox, at=10.9), texts(outbox, at=11)) == ([], ["canary 40%"])


def test_a_canary_that_starts_over_and_over_keeps_the_ten_seconds():
    started = replace(wish("canary 20%"), serving=True)
    outbox = all_sent(offered(started, to=all_sent(offered(wish("applying")))))
    outbox = all_sent(offered(wish("applying again"), to=outbox, at=20), at=20)
    assert texts(offered(started, to=outbox, at=21), at=21) == []


def test_a_verdict_does_not_wait_for_the_ten_seconds():
    outbox = offered(SUCCESS, to=all_sent(offered(wish("canary 90%"))), at=1)
    assert texts(outbox, at=1) == ["2 objects healthy"]


def test_a_verdict_waits_while_a_lost_request_might_still_arrive():
    sending = offered(wish("canary 90%"))
    outbox = boxes.deferred(sending, sending.entries[0], None, "timeout", T0)
    outbox = offered(SUCCESS, to=outbox, at=1)
    assert texts(outbox, at=4.9) == []
    assert texts(outbox, at=5) == ["2 objects healthy"]


def test_verdicts_go_out_before_stages_and_the_longest_waiting_first():
    outbox = offered(wish("stage", sha="1" * 40), at=0)
    outbox = offered(wish("late", State.FAILURE, sha="2" * 40), to=outbox, at=2)
    outbox = offered(wish("later", State.FAILURE, sha="3" * 40), to=outbox, at=3)
    assert texts(outbox, at=3) == ["late", "later", "stage"]


@pytest.mark.parametrize(
    ("before", "then", "stands"),
    [
        pytest.param(SUCCESS, wish("canary 5%"), SUCCESS, id="success, then motion"),
        pytest.param(SUCCESS, FAILURE, SUCCESS, id="success, then degraded later"),
        pytest.param(SUCCESS, wish("3 objects healthy", State.SUCCESS), SUCCESS, id="success, reworded"),
        pytest.param(SUCCESS, SUPERSEDED, SUCCESS, id="success, then a newer commit"),
        pytest.param(FAILURE, wish("canary 5%"), FAILURE, id="failure, then retried"),
        pytest.param(FAILURE, SUPERSEDED, FAILURE, id="failure, then a newer commit"),
        pytest.param(FAILURE, SUCCESS, SUCCESS, id="failure, then promoted after all"),
        pytest.param(SUPERSEDED, SUCCESS, SUCCESS, id="superseded too early"),
        pytest.param(wish("own trouble"), SUCCESS, SUCCESS, id="a stage, then success"),
    ],
)
def test_verdicts_stand_against_what_comes_later(before: Outcome, then: Outcome, stands: Outcome):
    assert texts(offered(before, then)) == [stands.status.description]


def test_a_commit_that_runs_again_after_another_gets_a_new_verdict():
    outbox = offered(SUCCESS, wish("queued", sha=B), wish("applying"))
    assert "applying" in texts(outbox)


def test_stages_stop_before_the_limit_so_that_a_verdict_always_fits():
    outbox = Outbox()
    for number in range(40):
        outbox = all_sent(offered(wish(f"canary {number}%"), to=outbox, at=number * 10), at=number * 10)
    assert outbox.entries[0].updates == MAX_STAGES
    assert boxes.wake_at(outbox) is None
    outbox = all_sent(offered(FAILURE, to=outbox, at=401), at=401)
    assert outbox.entries[0].sent == FAILURE.status
    assert outbox.entries[0].updates <= MAX_UPDATES


def test_delays_grow_until_they_reach_five_minutes_and_start_afresh_after_success():
    outbox, waits, at = offered(wish("queued")), [], 0.0
    for _ in range(8):
        outbox = boxes.deferred(outbox, outbox.entries[0], None, "500", T0 + timedelta(seconds=at))
        waits.append((boxes.wake_at(outbox) or 0) - T0.timestamp() - at)
        at += waits[-1]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    assert all_sent(outbox, at).entries[0].failures == 0


def test_a_delay_that_the_forge_asked_for_is_kept():
    sending = offered(FAILURE)
    outbox = boxes.deferred(sending, sending.entries[0], 77, "slow down", T0)
    assert boxes.wake_at(outbox) == T0.timestamp() + 77


def test_a_rejected_status_is_not_repeated_but_a_verdict_is_tried_once():
    sending = offered(wish("queued"))
    outbox = boxes.rejected(sending, sending.entries[0], "not found")
    assert texts(offered(wish("applying"), to=outbox)) == []
    outbox = offered(SUCCESS, to=outbox)
    assert texts(outbox) == ["2 objects healthy"]
    assert texts(boxes.rejected(outbox, outbox.entries[0], "not found")) == []


def test_an_outbox_survives_being_written_down():
    outbox = all_sent(offered(SUCCESS, wish("queued", sha=B)))
    outbox = offered(wish("applying 1/2 – ümlaut", sha=B), to=outbox, at=3)
    assert boxes.decode(boxes.encode(outbox)) == outbox


def test_old_verdicts_are_forgotten_but_not_those_still_spoken_of_or_still_to_be_sent():
    many = [wish("done", State.SUCCESS, sha=f"{number:040x}") for number in range(KEPT_SETTLED + 20)]
    outbox = offered(wish("waits", State.FAILURE, sha="f" * 40), to=all_sent(offered(*many)))
    kept = {entry.wanted.sha for entry in boxes.forget(outbox, {f"{0:040x}"}).entries}
    assert len(kept) == KEPT_SETTLED + 2
    assert {f"{0:040x}", "f" * 40} <= kept
    assert f"{1:040x}" not in kept


def test_an_outbox_stays_small_even_when_the_forge_never_answers():
    many = [wish("failed", State.FAILURE, sha=f"{number:040x}") for number in range(boxes.MAX_ENTRIES + 5)]
    assert len(boxes.forget(offered(*many), set()).entries) == boxes.MAX_ENTRIES


def take(pace: Pace, count: int, now: float, terminal: bool = True) -> int:
    """How many of `count` are let through."""
    return sum(pace.take(now, terminal=terminal) == 0 for _ in range(count))


def test_one_repository_gets_forty_statuses_a_minute_and_says_when_the_next_may_go():
    pace = Pace()
    assert take(pace, 100, now=0) == PER_MINUTE
    assert pace.take(20, terminal=True) == 40
    assert take(pace, 100, now=60) == PER_MINUTE


def test_one_repository_gets_four_hundred_statuses_an_hour():
    pace = Pace()
    assert sum(take(pace, 100, now=minute * 60) for minute in range(60)) == PER_HOUR


def test_stages_leave_room_for_verdicts():
    pace = Pace()
    assert take(pace, 100, now=0, terminal=False) == 30
    assert take(pace, 100, now=0, terminal=True) == 10


def test_a_forge_that_asked_for_silence_gets_it_from_everyone():
    pace = Pace()
    pace.silence(0, 60)
    assert pace.take(10, terminal=True) == 50
    assert pace.take(60, terminal=False) == 0


def test_an_entry_is_known_by_commit_and_context():
    assert Entry(SUCCESS.status).key == (A, "reconciler/shop")
