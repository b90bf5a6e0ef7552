from __future__ import annotations

import ctypes

import pytest

from reconciler.runtime.memory import share_arenas


def test_a_c_library_without_such_a_setting_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    share_arenas()


def test_the_setting_is_taken_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    class Library:
        mallopt = staticmethod(lambda what, value: asked.append((what, value)))

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library())
    share_arenas()
    assert asked == [(-8, 2)]
