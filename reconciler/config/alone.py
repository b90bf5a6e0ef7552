"""`reconciler run --only rollouts …` → `Settings` without any repository."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.config.application import is_dns_label
from reconciler.config.load import check_listen
from reconciler.config.model import Kubernetes, RolloutsEngine, Settings
from reconciler.config.repository import is_http_url
from reconciler.config.rollouts import PROMETHEUS_VARIABLE, engine_flag_problems
from reconciler.errors import Problem, UserError


def alone(
    engine: RolloutsEngine, kubernetes: Kubernetes, prometheus: str, listen: str, env: Mapping[str, str]
) -> Settings:
    """`prometheus` defaults to ARGO_ROLLOUTS_PROMETHEUS_ADDRESS of `env`.

    Raises `UserError` with all problems of all flags.
    """
    namespace, url = kubernetes.watch_namespace, prometheus or env.get(PROMETHEUS_VARIABLE, "")
    problems = engine_flag_problems(engine)
    if namespace and not is_dns_label(namespace):
        problems.append(Problem(f"--namespace {namespace!r} is not valid", "name a namespace"))
    if url and not is_http_url(url):
        problems.append(Problem(f"--prometheus {url!r} is not valid", "write an http or https URL"))
    try:
        check_listen(listen)
    except ValueError as error:
        problems.append(Problem(f"--listen: {error}"))
    if problems:
        raise UserError(problems)
    return Settings((), (), kubernetes, engine, listen, prometheus_url=url.rstrip("/"))
