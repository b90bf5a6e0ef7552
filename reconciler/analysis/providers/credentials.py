"""Credentials of a provider: keys of a Secret, by default in the daemon's namespace (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.analysis.providers.contract import ProviderError, Surroundings


def of_secret(around: Surroundings, name: str, needed: Sequence[str], namespace: str = "") -> dict[str, str]:
    """The Secret's texts by key, without the line ends that editors leave. Raises ProviderError naming what is missing.

    The namespace "" is the daemon's own.
    """
    texts = {key: text.strip() for key, text in around.secret(namespace, name).items()}
    missing = [key for key in needed if not texts.get(key)]
    if missing:
        where = f"namespace {namespace}" if namespace else "the daemon's namespace"
        raise ProviderError(f'Secret "{name}" in {where} has no {" and no ".join(missing)}')
    return texts
