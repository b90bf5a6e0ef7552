"""The mark and the colour of each status, those of the established client (spec rollouts §11.4). Pure."""

from __future__ import annotations

from rich.text import Text

from reconciler.cli.printing import clean

Mark = tuple[str, str]

_GOES_ON, _GOOD, _BAD, _WARNING = ("◌", "blue"), ("✔", "green"), ("✖", "red"), ("⚠", "red")
_MARKS: dict[str, Mark] = {
    "Healthy": _GOOD,
    "Successful": _GOOD,
    "Progressing": _GOES_ON,
    "Running": _GOES_ON,
    "Pending": ("◷", "blue"),
    "": _GOES_ON,
    "Paused": ("॥", "yellow"),
    "Inconclusive": ("?", "yellow"),
    "ScaledDown": ("•", "dim"),
    "Degraded": _BAD,
    "Failed": _BAD,
    "Error": _WARNING,
    "Unknown": ("?", "magenta"),
}
_OF_PODS: dict[str, Mark] = {
    "Running": _GOOD,
    "Completed": _GOOD,
    "Pending": _GOES_ON,
    "ContainerCreating": _GOES_ON,
    "Terminating": _GOES_ON,
    "ImagePullBackOff": _WARNING,
    "RegistryUnavailable": _WARNING,
    "Unknown": ("?", "magenta"),
}
"""Of a pod `Running` is what it shall be; of an analysis it is not the end."""


def status_text(status: str, kind: str = "") -> Text:
    """A status with its mark; `kind` is that of the node that has it, where it is one of a tree."""
    mark, colour = _of_pod(status) if kind == "Pod" else _MARKS.get(status, _BAD)
    return clean(f"{mark} {status}".rstrip(), colour)


def _of_pod(status: str) -> Mark:
    """Pods say why they do not run in many words: CrashLoopBackOff, OOMKilled, Init:0/1, ErrImagePull, …"""
    if status.startswith("Init:"):
        return _GOES_ON
    if status.startswith("Err") or status.endswith("Error"):
        return _WARNING
    return _OF_PODS.get(status, _BAD)
