"""Secret arguments: read when a measurement is taken, and masked wherever they could show (spec rollouts §7.2)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from urllib.parse import quote, quote_plus

import orjson

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
    spelt = {spelling for secret in filter(None, secrets) for spelling in _spellings(secret)}
    for secret in sorted(spelt, key=len, reverse=True):
        text = text.replace(secret, SECRET_PLACEHOLDER)
    return text


def _spellings(secret: str) -> tuple[str, ...]:
    """As it is, and as it stands in JSON and in addresses."""
    return secret, orjson.dumps(secret).decode()[1:-1], quote(secret, safe=""), quote_plus(secret)


def secret_texts(namespace: str, name: str, cluster: Cluster) -> dict[str, str]:
    """All keys of a Secret whose values are text. Raises UserError when there is no such Secret."""
    texts: dict[str, str] = {}
    for key, encoded in _data(namespace, name, cluster).items():
        with suppress(binascii.Error, UnicodeDecodeError):  # a key that is not text is none that a provider asks for
            texts[key] = _text(encoded)
    return texts


def _read(ref: SecretKeyRef, namespace: str, cluster: Cluster) -> str:
    data = _data(namespace, ref.name, cluster)
    if ref.key not in data:
        raise UserError(Problem(f'Secret "{ref.name}" has no key "{ref.key}"'))
    try:
        return _text(data[ref.key])
    except (binascii.Error, UnicodeDecodeError):
        raise UserError(Problem(f'key "{ref.key}" of Secret "{ref.name}" is not text')) from None


def _data(namespace: str, name: str, cluster: Cluster) -> Mapping[str, str]:
    try:
        return cluster.get(SECRETS, namespace, name).get("data") or {}
    except NotFound:
        raise UserError(Problem(f'Secret "{name}" not found in namespace {namespace}')) from None


def _text(encoded: str) -> str:
    return base64.b64decode(encoded, validate=True).decode()
