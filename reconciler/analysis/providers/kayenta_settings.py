"""The settings of a Kayenta metric, read with all that is wrong with them (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.analysis.providers.settings import SettingsReader


@dataclass(frozen=True, slots=True)
class Window:
    """What is measured, where, every `step` seconds; `start` and `end` are RFC 3339 times, or empty for the usual."""

    scope: str
    region: str
    step: int
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Scope:
    name: str
    control: Window
    experiment: Window


@dataclass(frozen=True, slots=True)
class KayentaSettings:
    """`lookback`: without a start in the scopes, everything since the run began is compared, not one interval."""

    address: str
    application: str
    configuration: str
    metrics_account: str
    configuration_account: str
    storage_account: str
    thresholds: Mapping[str, int]
    scopes: tuple[Scope, ...]
    lookback: bool


def read_settings(config: Mapping[str, Any]) -> KayentaSettings:
    """Raises ProviderError with everything that is wrong."""
    read = SettingsReader("kayenta", config)
    settings = KayentaSettings(
        address=read.address(),
        application=read.text("application", needed=True),
        configuration=read.text("canaryConfigName", needed=True),
        metrics_account=read.text("metricsAccountName", needed=True),
        configuration_account=read.text("configurationAccountName", needed=True),
        storage_account=read.text("storageAccountName", needed=True),
        thresholds=_thresholds(read),
        scopes=_scopes(read, config.get("scopes")),
        lookback=bool(config.get("lookback")),
    )
    read.finish()
    return settings


def _thresholds(read: SettingsReader) -> dict[str, int]:
    found = read.mapping("threshold")
    limits = {}
    for key in ("pass", "marginal"):
        try:
            limits[key] = int(found.get(key, ""))
        except (TypeError, ValueError):
            read.wrong(f".threshold.{key} must be a whole number")
    if len(limits) == 2 and limits["pass"] < limits["marginal"]:
        read.wrong(".threshold.pass must not be less than marginal")
    return limits


def _scopes(read: SettingsReader, found: Any) -> tuple[Scope, ...]:
    if not isinstance(found, list) or not found:
        read.wrong(".scopes must have at least one scope")
        return ()
    return tuple(_scope(read, scope, f".scopes[{index}]") for index, scope in enumerate(found))


def _scope(read: SettingsReader, found: Any, at: str) -> Scope:
    given: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    if not given.get("name"):
        read.wrong(f"{at}.name is empty")
    control = _window(read, given.get("controlScope"), f"{at}.controlScope")
    experiment = _window(read, given.get("experimentScope"), f"{at}.experimentScope")
    for key, one, other in (("start", control.start, experiment.start), ("end", control.end, experiment.end)):
        if bool(one) != bool(other):
            read.wrong(f"{at}: set {key} of both controlScope and experimentScope, or of none")
    return Scope(str(given.get("name")), control, experiment)


def _window(read: SettingsReader, found: Any, at: str) -> Window:
    given: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    texts = {key: str(given.get(key) or "") for key in ("scope", "region", "start", "end")}
    if not texts["scope"]:
        read.wrong(f"{at}.scope is empty")
    try:
        step = int(given.get("step") or 0)
    except (TypeError, ValueError):
        step = 0
    if step <= 0:
        read.wrong(f"{at}.step must be a whole number of seconds above 0")
    return Window(step=step, **texts)
