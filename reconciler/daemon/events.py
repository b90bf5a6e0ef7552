"""Events of the rollouts engine, in the shape that the recorder of the kube door takes."""

from __future__ import annotations

from typing import Literal

from reconciler.kube.events import EventRecorder, ObjectRef


class ObjectEvents:
    """`rollouts.ports.Events` over a recorder."""

    def __init__(self, recorder: EventRecorder) -> None:
        self._recorder = recorder

    def event(self, about: ObjectRef, type: Literal["Normal", "Warning"], reason: str, message: str) -> None:  # noqa: A002
        self._recorder.event(about, type, reason, message)
