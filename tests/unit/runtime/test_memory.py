from __future__ import annotations

import ctypes

import pytest

from reconciler.runtime.memory import give_back, share_arenas


def test_a_c_library_without_such_a_setting_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    share_arenas()
    give_back()


def test_the_setting_is_taken_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    class Library:
        mallopt = staticmethod(lambda what, value: asked.append((what, value)))
        malloc_trim = staticmethod(lambda kept: asked.append((kept,)))

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library())
    share_arenas()
    give_back()
    assert asked == [(-8, 2), (0,)]
