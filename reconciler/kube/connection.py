"""How to reach an API server: address, connection pool, and the credentials of each request.

Kubeconfig files, in-cluster accounts, exec plugins, client certificates and the refresh of tokens are the `kubernetes`
package's business. Its pool is used directly with bytes: its request layer would encode a JSON body a second time and
relabel a JSON patch. Only some of its parts are loaded, and only when a cluster is first connected (`package.py`).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import InsecureRequestWarning

from reconciler.errors import Problem, Refused, UserError
from reconciler.kube import package

log = logging.getLogger(__name__)

POOL_SIZE = 96
"""Connections kept per server: more than all workers and watches, or each surplus request opens a new one."""

SERVICE_ACCOUNT_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@dataclass(frozen=True, slots=True)
class Connection:
    """`authorize` is asked for every request, so that a refreshed token is used at once."""

    url: str
    pool: urllib3.PoolManager
    authorize: Callable[[], Mapping[str, str]]


def plain(url: str, token: str = "") -> Connection:
    """A server that needs no certificates: the sandbox, or a proxy on loopback."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Connection(url.rstrip("/"), urllib3.PoolManager(maxsize=POOL_SIZE), lambda: headers)


def configured(kubeconfig: str = "", context: str = "") -> Connection:
    """The named file and context; without both: the pod's own account, else the default kubeconfig.

    Raises `UserError` when there is no usable configuration.
    """
    settings = package.parts().configuration()
    settings.connection_pool_maxsize = POOL_SIZE
    settings.keep_alive = True
    _load(settings, kubeconfig, context)
    if not settings.verify_ssl:
        urllib3.disable_warnings(InsecureRequestWarning)  # one warning, not one per request
        log.warning("%s: the kubeconfig turns certificate checks off", settings.host)
    refreshing = threading.Lock()  # an exec plugin is started once, not by every worker whose token has expired

    def authorize() -> Mapping[str, str]:
        with refreshing:
            return _bearer(settings)

    pool = package.parts().api_client(settings).rest_client.pool_manager
    return Connection(settings.host.rstrip("/"), pool, authorize)


def _load(settings: Any, kubeconfig: str, context: str) -> None:
    config = package.parts().config
    try:
        if _inside_a_pod() and not (kubeconfig or context or os.environ.get("KUBECONFIG")):
            config.load_incluster_config(settings)
        else:
            config.load_kube_config(kubeconfig or None, context or None, settings, persist_config=False)
    except Exception as error:  # a malformed file can fail anywhere in the package
        where = kubeconfig or os.environ.get("KUBECONFIG") or "the default kubeconfig"
        fix = "name a readable file with --kubeconfig and a context of it with --context"
        known = isinstance(error, (config.ConfigException, OSError))
        # The package names entries by their whole content, tokens included; that begins with a brace.
        what = str(error).partition("{")[0] if known else f"malformed ({type(error).__name__})"
        raise UserError(Problem(f"cannot use {where}: {what}", fix)) from None


def _inside_a_pod() -> bool:
    return "KUBERNETES_SERVICE_HOST" in os.environ and SERVICE_ACCOUNT_TOKEN.exists()


def _bearer(settings: Any) -> Mapping[str, str]:
    try:
        auth = settings.auth_settings().get("BearerToken")  # runs the package's refresh hook
    except Exception as error:  # an exec plugin may fail in any way
        raise Refused(f"cannot refresh the credentials for {settings.host}: {type(error).__name__}") from None
    return {"Authorization": auth["value"]} if auth and auth["value"] else {}
