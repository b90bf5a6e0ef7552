"""What the C library does with memory that Python gives back."""

from __future__ import annotations

import ctypes

_ARENA_MAX = -8
_ARENAS = 2


def share_arenas() -> None:
    """Has all threads take memory from the same few places; to be called before they are started.

    By default dozens of threads get one each, and what one of them gave back is of no use to the others: a third of a
    busy daemon's memory. Where the C library has no such setting nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Returns to the system what is free: worth it after something large, such as a list of all objects, is gone."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)
