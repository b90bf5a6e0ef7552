"""Times as the API stores them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

_FIRST_YEAR, _LAST_YEAR = 2, 8999
"""So far from both ends of the calendar, no period that is added and no zone leads out of it."""


def stamp(moment: datetime) -> str:
    """The text of a time; what is finer than a second is lost."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_not_before(moment: datetime) -> str:
    """As `stamp`, but rounded up: what is counted from it, or ends at it, is never shorter than was asked for."""
    return stamp(moment + timedelta(seconds=1, microseconds=-1))


def moment(text: str) -> datetime:
    """The inverse of `stamp`; accepts any RFC 3339 text. Raises ValueError."""
    return datetime.fromisoformat(text)


def readable(text: str | None) -> str | None:
    """The text if it is a time with its zone that one can count from; None for anything else, written by hand."""
    try:
        found = moment(text) if text else None
    except ValueError:
        return None
    return text if found and found.tzinfo and _FIRST_YEAR <= found.year <= _LAST_YEAR else None
