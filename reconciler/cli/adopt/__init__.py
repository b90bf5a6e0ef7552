"""`reconciler adopt`: a Deployment becomes a Rollout in place, and back."""

from __future__ import annotations

from reconciler.cli.adopt.verb import adopt

__all__ = ["adopt"]
