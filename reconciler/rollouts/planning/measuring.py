"""How long what judges an update takes, for rehearsals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from reconciler.analysis.model import RolloutRunKind
from reconciler.kube.api import Object


@dataclass(frozen=True, slots=True)
class Measuring:
    """What an `analysis` measures, in words, and how long; `lasts` None: as long as the update."""

    text: str
    lasts: timedelta | None = timedelta()


Measures = Callable[[Object, RolloutRunKind], Measuring]
