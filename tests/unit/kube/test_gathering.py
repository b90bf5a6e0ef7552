from __future__ import annotations

import pytest

from reconciler.kube.gathering import CROWD, FULL, LONGEST_SECONDS, LONGEST_STORY, Gathering
from reconciler.kube.happenings import EventType, Happening, ObjectRef

START = 1_767_225_600.0


def about(number: int) -> ObjectRef:
    return ObjectRef("argoproj.io/v1alpha1", "Rollout", "ns", f"app-{number}")


class Desk:
    """A gathering, and seconds that pass."""

    def __init__(self, most: int = 1000) -> None:
        self.gathering, self.now = Gathering(most), 0.0

    def tell(self, number: int, reason: str, message: str, type_: EventType = "Normal") -> bool:
        happening = Happening(about(number), type_, reason, message)
        return self.gathering.add(happening, START + self.now, self.now)

    def crowd(self, reason: str = "Scaled") -> None:
        for number in range(CROWD):
            self.tell(number, reason, f"{reason} of {number}")

    def due(self) -> list[tuple[str, str, str, int]]:
        """(object, reason, message, count) of all that is due."""
        found = []
        while (due := self.gathering.next_due()) is not None and due <= self.now:
            found += self.gathering.pop()
        return [(h.about.name, h.reason, h.message, tally.count) for h, tally in found]


def test_alone_an_object_has_an_event_for_every_reason_after_a_second() -> None:
    desk = Desk()
    desk.tell(0, "Updated", "to 2")
    desk.tell(0, "Scaled", "a up")
    desk.tell(0, "Scaled", "b down")
    assert desk.due() == []
    desk.now = 1.0
    assert desk.due() == [("app-0", "Updated", "to 2", 1), ("app-0", "Scaled", "a up; b down", 2)]


def test_in_a_crowd_an_object_has_one_event_that_tells_everything_in_order() -> None:
    desk = Desk()
    desk.crowd()
    for reason, message in (("Paused", "by a step"), ("Scaled", "again"), ("Completed", "well"), ("Scaled", "again")):
        desk.tell(3, reason, message)
    desk.gathering.at_rest(about(3), desk.now)
    story = "Scaled: Scaled of 3; Paused: by a step; Scaled: again; Completed: well"
    assert desk.due() == [("app-3", "Completed", story, 5)]


def test_the_time_of_the_first_and_of_the_last_message_are_kept() -> None:
    desk = Desk()
    desk.crowd()
    desk.now = 0.5
    desk.tell(0, "Completed", "well")
    desk.gathering.at_rest(about(0), desk.now)
    [(_, tally)] = desk.gathering.pop()
    assert (tally.first, tally.last) == (START, START + 0.5)


@pytest.mark.parametrize(("objects", "seconds"), [(1, 1), (CROWD, 5), (100, 50), (1000, LONGEST_SECONDS)])
def test_the_larger_the_crowd_the_longer_all_of_it_waits(objects: int, seconds: float) -> None:
    desk = Desk()
    for number in range(objects):
        desk.tell(number, "Scaled", "up")
    desk.now = seconds - 0.1
    assert desk.due() == []
    desk.now = seconds
    assert len(desk.due()) == objects


def test_a_story_that_no_event_could_hold_waits_for_no_more() -> None:
    desk = Desk()
    desk.crowd()
    for number in range(FULL - 2):
        desk.tell(0, "Scaled", f"to {number}")
    assert desk.due() == []
    desk.tell(0, "Scaled", "to the last")
    assert sum(count for *_, count in desk.due()) == FULL


def test_warnings_wait_for_nothing() -> None:
    desk = Desk()
    desk.crowd()
    desk.tell(1, "Aborted", "error rate", "Warning")
    assert desk.due() == [("app-1", "Aborted", "error rate", 1)]


def test_a_story_that_is_too_long_is_continued_and_nothing_is_cut() -> None:
    desk = Desk()
    desk.crowd()
    messages = [f"{number}" * 900 for number in range(1, 8)]
    for number, message in enumerate(messages):
        desk.tell(0, f"Reason{number}", message)
    desk.gathering.at_rest(about(0), desk.now)
    told = desk.due()
    assert len(told) == 2
    assert all(len(text) <= LONGEST_STORY for _, _, text, _ in told)
    assert [message for message in messages if not any(message in text for _, _, text, _ in told)] == []


def test_what_comes_after_a_story_was_told_is_another_one() -> None:
    desk = Desk()
    desk.tell(0, "Scaled", "up")
    desk.now = 1.0
    desk.due()
    desk.tell(0, "Scaled", "down")
    assert desk.due() == []
    desk.now = 2.0
    assert desk.due() == [("app-0", "Scaled", "down", 1)]
    assert len(desk.gathering) == 0


def test_repeats_always_fit_and_new_messages_only_while_there_is_room() -> None:
    desk = Desk(most=1)
    assert desk.tell(0, "Scaled", "up")
    assert desk.tell(0, "Scaled", "up")
    assert not desk.tell(0, "Scaled", "down")
