"""Identity of a pod template: its hash, the hash of canary steps, and equality of templates.

Source: spec rollouts §2.1 (hash), §2.2 rule 3 (equality).
"""

from __future__ import annotations

from typing import Any

from reconciler.workloads.template_defaults import with_defaults
from reconciler.workloads.template_json import Misfit, encode_steps, encode_template, typed

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def pod_template_hash(template: dict[str, Any], collision_count: int | None = None) -> str:
    """Value of the label `rollouts-pod-template-hash`, e.g. `5bdc649f7c`. Raises `Misfit`."""
    data = encode_template(template).encode()
    if collision_count is not None:
        data += (collision_count % 2**32).to_bytes(4, "little") + bytes(4)
    return _safe(_fnv1a32(data))


def hash_or_nothing(template: dict[str, Any], collision_count: int | None = None) -> str:
    """The hash; empty for a template that makes no sense, of which `misfits` says why, or that is too deep."""
    try:
        return pod_template_hash(template, collision_count)
    except (Misfit, RecursionError):
        return ""


def misfits(template: dict[str, Any]) -> list[Misfit]:
    """What is wrong with a template that has no hash."""
    try:
        encode_template(template)
    except Misfit as misfit:
        return [misfit]
    return []


def steps_hash(steps: list[dict[str, Any]] | None) -> str:
    """Value of `status.currentStepHash` of a canary. Raises `Misfit`."""
    return _safe(_fnv1a32(encode_steps(steps).encode()))


def equal_templates(desired: dict[str, Any], actual: dict[str, Any]) -> bool:
    """Whether two pod templates, both of which have a hash, mean the same once API defaults are filled in."""
    return bool(_comparable(desired) == _comparable(actual))


def _comparable(template: dict[str, Any]) -> Any:
    value = typed(with_defaults(template), "PodTemplateSpec")
    value["spec"].pop("serviceAccount", None)  # deprecated alias that the API server mirrors
    return value


def _fnv1a32(data: bytes) -> int:
    state = 2166136261
    for byte in data:
        state = ((state ^ byte) * 16777619) & 0xFFFFFFFF
    return state


def _safe(number: int) -> str:
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(number))
