"""The table of metric providers: a name is imported when it is first used.

To add one: a module `NAME.py` with `request` and `value` (or an object with `measure`), and a line here. Packages of
third parties use the entry point group `reconciler.metric_providers`; templates name these under `provider.plugin`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from reconciler.analysis.metric import RULE_PROVIDER
from reconciler.analysis.providers.contract import Lasting, OverHttp, Provider, ProviderError
from reconciler.analysis.providers.oauth2 import WithTokens
from reconciler.analysis.providers.sigv4 import WithSignatures

ENTRY_POINTS = "reconciler.metric_providers"

SHAPES = (("request", "value"), ("measure",), ("advance", "terminate"))
"""What makes an object a provider (`contract.py`)."""

PROVIDERS = {
    "cloudWatch": "reconciler.analysis.providers.cloud_watch",
    "datadog": "reconciler.analysis.providers.datadog",
    "graphite": "reconciler.analysis.providers.graphite",
    "influxdb": "reconciler.analysis.providers.influxdb",
    "job": "reconciler.analysis.providers.job",
    "kayenta": "reconciler.analysis.providers.kayenta",
    "newRelic": "reconciler.analysis.providers.new_relic",
    "prometheus": "reconciler.analysis.providers.prometheus",
    RULE_PROVIDER: "reconciler.analysis.providers.prometheus_rule",
    "skywalking": "reconciler.analysis.providers.skywalking",
    "wavefront": "reconciler.analysis.providers.wavefront",
    "web": "reconciler.analysis.providers.web",
}
"""Name in `metric.provider` → module."""

JUDGES = frozenset({"job", "kayenta"})
"""Those who give a verdict of their own: conditions are not evaluated."""

WITH_TOKENS = ("prometheus", RULE_PROVIDER, "web")
"""Those whose settings have `authentication.oauth2`."""

WITH_SIGNATURES = ("prometheus", RULE_PROVIDER)
"""Those whose settings have `authentication.sigv4`."""


@cache
def find(name: str) -> Provider | Lasting:
    """The provider of that name; `plugin NAME` is one of a third party. Raises ProviderError when there is none."""
    if name.startswith("plugin "):
        return _of_a_package(name.removeprefix("plugin "))
    if name not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS.keys() - {RULE_PROVIDER}))
        raise ProviderError(f"provider {name} is not supported yet; there are {known} and plugins")
    provider = _as_provider(import_module(PROVIDERS[name]))
    if isinstance(provider, Lasting):
        return provider
    if name in WITH_SIGNATURES:
        provider = WithSignatures(provider)
    return WithTokens(provider) if name in WITH_TOKENS else provider


def _of_a_package(name: str) -> Provider | Lasting:
    found = list(entry_points(group=ENTRY_POINTS, name=name))
    if not found:
        raise ProviderError(f"no installed package provides the metric provider plugin {name}")
    packages = ", ".join(sorted(point.dist.name if point.dist else "?" for point in found))
    if len(found) > 1:
        raise ProviderError(f"several installed packages provide the metric provider plugin {name}: {packages}")
    try:
        loaded = found[0].load()
    except Exception as error:  # a package of others can fail in any way
        raise ProviderError(f"plugin {name} of {packages} cannot be loaded: {error}") from None
    if not any(all(hasattr(loaded, part) for part in shape) for shape in SHAPES):
        shapes = ", nor ".join(" and ".join(shape) for shape in SHAPES)
        raise ProviderError(f"plugin {name} of {packages} has neither {shapes}")
    return _as_provider(loaded)


def _as_provider(found: Any) -> Provider | Lasting:
    if isinstance(found, Lasting):
        return found
    provider: Provider = found if hasattr(found, "measure") else OverHttp(found)
    return provider
