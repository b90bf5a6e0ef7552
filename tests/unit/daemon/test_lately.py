"""What pages ask the cluster for is asked once in a while, however many look."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from reconciler.daemon.lately import Lately
from reconciler.errors import Transient
from reconciler.runtime.clock import VirtualClock


def counted() -> tuple[list[int], Callable[[], int]]:
    asked: list[int] = []

    def ask() -> int:
        asked.append(len(asked))
        return asked[-1]

    return asked, ask


def test_an_answer_is_good_for_its_time_and_for_its_object_alone() -> None:
    clock, (asked, ask) = VirtualClock(), counted()
    lately: Lately[int] = Lately(2.0, clock)
    assert [lately.get("a", ask) for _ in range(200)] == [0] * 200
    assert lately.get("b", ask) == 1
    clock.advance(2.5)
    assert lately.get("a", ask) == 2
    assert len(asked) == 3


def test_an_error_is_no_answer() -> None:
    lately: Lately[int] = Lately(60.0, VirtualClock())

    def fails() -> int:
        raise Transient("away")

    with pytest.raises(Transient):
        lately.get("a", fails)
    assert lately.get("a", counted()[1]) == 0


@pytest.mark.parametrize("fails", [False, True])
def test_who_asks_while_another_waits_for_the_answer_gets_that_one(fails: bool) -> None:
    lately: Lately[int] = Lately(2.0, VirtualClock())
    asked, entered, answer = list[int](), threading.Event(), threading.Event()

    def ask() -> int:
        asked.append(1)
        entered.set()
        answer.wait(5)
        if fails:
            raise Transient("busy")
        return 7

    with ThreadPoolExecutor(8) as people:
        first = people.submit(lately.get, "a", ask)
        assert entered.wait(5)
        others = [people.submit(lately.get, "a", ask) for _ in range(7)]
        wait(others, timeout=0.2)
        answer.set()
        told = {str(each.exception(5)) if fails else str(each.result(5)) for each in (first, *others)}
    assert (told, len(asked)) == ({"busy" if fails else "7"}, 1)
