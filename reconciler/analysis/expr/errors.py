"""The one thing that a condition can do wrong."""

from __future__ import annotations

from reconciler.errors import ReconcilerError


class ExpressionError(ReconcilerError):
    """The expression cannot be compiled, or cannot be evaluated for this result. The text says which part and why."""
