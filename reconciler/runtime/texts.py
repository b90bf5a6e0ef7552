"""One copy of a text that thousands of objects hold."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def shared(text: str) -> str:
    """The same text as the one that was seen before, for as long as it is seen now and then.

    Unlike `sys.intern` it never keeps more than a few thousand, whatever the version of Python and whatever comes.
    """
    return text
