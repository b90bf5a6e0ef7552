"""The namespace that a kubeconfig means when none is named."""

from __future__ import annotations

from reconciler.kube import package

DEFAULT = "default"


def namespace(kubeconfig: str = "", context: str = "") -> str:
    """That of the named context, else of the current one, else `default`. Raises nothing: connecting tells."""
    try:
        every, current = package.parts().config.list_kube_config_contexts(kubeconfig or None)
    except Exception:  # no file, or a malformed one: `connection.configured` explains it
        return DEFAULT
    chosen = next((each for each in every if each.get("name") == context), None) if context else current
    return str(((chosen or {}).get("context") or {}).get("namespace") or DEFAULT)
