"""Patching the metadata of all pods of a ReplicaSet: several at once, each tried a few times (spec rollouts §2.6)."""

from __future__ import annotations

import time
from collections.abc import Callable

from reconciler.errors import NotFound, Transient
from reconciler.kube.api import Cluster, Object
from reconciler.kube.fence import InContext
from reconciler.kube.objects import PODS
from reconciler.workloads import keys
from reconciler.workloads.parts import Json

AT_ONCE = 10
ATTEMPTS = 3
_FIRST_WAIT_SECONDS = 0.1


def patch_owned(
    cluster: Cluster,
    namespace: str,
    pod_hash: str,
    owner: str,
    metadata: Json,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Merges `metadata` into every pod of the ReplicaSet with the uid `owner`; pods that are gone need none.

    Raises the error of a pod that could not be patched in three attempts, when all have been tried.
    """
    found = cluster.list(PODS, namespace, label_selector=f"{keys.HASH}={pod_hash}")
    names = [pod["metadata"]["name"] for pod in found if _lacks(pod["metadata"], owner, metadata)]
    if not names:
        return

    def patch(name: str) -> Exception | None:
        return _patch(cluster, namespace, name, {"metadata": metadata}, sleep)

    with InContext(min(AT_ONCE, len(names)), "pods") as pool:
        errors = [error for error in pool.map(patch, names) if error]
    if errors:
        raise errors[0]


def _lacks(meta: Object, owner: str, metadata: Json) -> bool:
    owned = any(each["uid"] == owner for each in meta.get("ownerReferences") or ())
    return owned and any(
        (meta.get(kind) or {}).get(key) != value for kind, entries in metadata.items() for key, value in entries.items()
    )


def _patch(
    cluster: Cluster, namespace: str, name: str, patch: Object, sleep: Callable[[float], None]
) -> Exception | None:
    error: Exception | None = None
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(_FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
        try:
            cluster.patch(PODS, namespace, name, patch)
        except NotFound:
            return None
        except Transient as transient:
            error = transient
        except Exception as other:
            return other
        else:
            return None
    return error
