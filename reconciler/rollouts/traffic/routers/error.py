"""Why a router's objects cannot carry a split; the text is shown to users."""

from __future__ import annotations


class RouterError(Exception):
    """The object is missing, is not ours, or has no place for the weight."""
