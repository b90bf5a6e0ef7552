"""Secret arguments: read when a measurement is taken, and masked wherever they could show (spec rollouts §7.2)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence

from reconciler.analysis.model import Argument, SecretKeyRef
from reconciler.analysis.validate import SECRET_PLACEHOLDER
from reconciler.errors import NotFound, Problem, UserError
from reconciler.kube.api import Cluster
from reconciler.kube.objects import SECRETS


def secret_values(args: Sequence[Argument], namespace: str, cluster: Cluster) -> dict[str, str]:
    """Argument name → plain text of its secret. Raises UserError naming what is missing, or what reading raises."""
    return {
        arg.name: _read(arg.value_from.secret_key_ref, namespace, cluster)
        for arg in args
        if arg.value is None and arg.value_from is not None and arg.value_from.secret_key_ref is not None
    }


def mask(text: str, secrets: Collection[str]) -> str:
    """The text without the secrets, the longest first so that no rest of one is left."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, SECRET_PLACEHOLDER)
    return text


def _read(ref: SecretKeyRef, namespace: str, cluster: Cluster) -> str:
    try:
        data = cluster.get(SECRETS, namespace, ref.name).get("data") or {}
    except NotFound:
        raise UserError(Problem(f'Secret "{ref.name}" not found in namespace {namespace}')) from None
    if ref.key not in data:
        raise UserError(Problem(f'Secret "{ref.name}" has no key "{ref.key}"'))
    try:
        return base64.b64decode(data[ref.key], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise UserError(Problem(f'key "{ref.key}" of Secret "{ref.name}" is not text')) from None
