"""Kayenta: an execution of a canary configuration, whose score is compared with thresholds (spec rollouts §7.6).

The first look starts the execution and keeps its id in the measurement's metadata; later ones ask for its end. A crash
between the start and the status write leaves an execution that nobody asks about, which does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from reconciler.analysis.model import Phase
from reconciler.analysis.providers.contract import Concluded, Going, ProviderError, Surroundings, Undertaking
from reconciler.analysis.providers.kayenta_settings import KayentaSettings, Window, read_settings
from reconciler.analysis.providers.replies import document, items, number, unexpected
from reconciler.http.model import Request, Response

NAME = "Kayenta"
TIMEOUT = 15.0
PAUSE = timedelta(seconds=15)
EXECUTION = "canaryExecutionId"
"""Key of the measurement's metadata."""


def check(config: Mapping[str, Any]) -> None:
    """Raises ProviderError with all that is wrong with the settings."""
    read_settings(config)


def advance(config: Mapping[str, Any], now: datetime, around: Surroundings, mine: Undertaking) -> Going | Concluded:
    """Starts the execution, or looks whether it has ended. Raises ProviderError when it cannot give a score."""
    settings = read_settings(config)
    execution = mine.metadata.get(EXECUTION)
    if not execution:
        return Going(PAUSE, {EXECUTION: _started(settings, now, around, mine)})
    query = urlencode({"storageAccountName": settings.storage_account})
    reply = around.send(_get(f"{settings.address}/canary/{quote(execution, safe='')}?{query}"))
    ended = document(NAME, reply)
    if not isinstance(ended.get("complete"), bool):
        raise unexpected(NAME, reply)
    return _verdict(settings, ended, mine.metadata) if ended["complete"] else Going(PAUSE, mine.metadata)


def terminate(mine: Undertaking) -> Concluded:
    """Nobody asks for the score any more; Kayenta ends the execution by itself."""
    return Concluded(Phase.SUCCESSFUL, "Metric Terminated", mine.metadata)


def _started(settings: KayentaSettings, now: datetime, around: Surroundings, mine: Undertaking) -> str:
    """The id of a new execution."""
    body = {"scopes": _scopes(settings, now, mine), "thresholds": settings.thresholds}
    accounts = {
        "application": settings.application,
        "metricsAccountName": settings.metrics_account,
        "configurationAccountName": settings.configuration_account,
        "storageAccountName": settings.storage_account,
    }
    url = f"{settings.address}/canary/{quote(_configuration(settings, around), safe='')}?{urlencode(accounts)}"
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    reply = around.send(Request("POST", url, headers, orjson.dumps(body), timeout=TIMEOUT))
    execution = document(NAME, reply).get(EXECUTION)
    if not isinstance(execution, str) or not execution:
        raise unexpected(NAME, reply)
    return execution


def _configuration(settings: KayentaSettings, around: Surroundings) -> str:
    """The id of the canary configuration of that name."""
    query = {"application": settings.application, "configurationAccountName": settings.configuration_account}
    reply: Response = around.send(_get(f"{settings.address}/canaryConfig?{urlencode(query)}"))
    try:
        known = {str(each["name"]): str(each["id"]) for each in items(NAME, reply)}
    except (LookupError, TypeError):
        raise unexpected(NAME, reply) from None
    if settings.configuration not in known:
        names = ", ".join(sorted(known)) or "none"
        raise ProviderError(
            f'{NAME} has no canary configuration "{settings.configuration}" of {settings.application};'
            f" there are: {names[:500]}"
        )
    return known[settings.configuration]


def _scopes(settings: KayentaSettings, now: datetime, mine: Undertaking) -> dict[str, Any]:
    """The scopes with their times; those that give none compare what was measured until now."""
    start = _start(settings, now, mine)
    return {
        scope.name: {
            "controlScope": _window(scope.control, start, now),
            "experimentScope": _window(scope.experiment, start, now),
        }
        for scope in settings.scopes
    }


def _start(settings: KayentaSettings, now: datetime, mine: Undertaking) -> datetime | None:
    """Where the time begins that is compared, for scopes that do not say so."""
    if settings.lookback:
        return mine.run_begun or now
    if mine.interval is not None:
        return now - mine.interval
    if all(scope.control.start for scope in settings.scopes):
        return None
    raise ProviderError("provider.kayenta: scopes without a start need lookback, or an interval of the metric")


def _window(window: Window, start: datetime | None, end: datetime) -> dict[str, Any]:
    return {
        "scope": window.scope,
        "location": window.region,
        "step": window.step,
        "start": window.start or (_moment(start) if start is not None else ""),
        "end": window.end or _moment(end),
    }


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def _verdict(settings: KayentaSettings, ended: Mapping[str, Any], metadata: Mapping[str, str]) -> Concluded:
    try:
        judged = ended["result"]["judgeResult"]["score"]
        score = number(NAME, judged["score"])
    except (LookupError, TypeError):
        raise ProviderError(f"{NAME} gave no score: the execution is {ended.get('status')}{_why(ended)}") from None
    reason = f": {judged['classificationReason']}" if judged.get("classificationReason") else ""
    wanted, marginal = settings.thresholds["pass"], settings.thresholds["marginal"]
    if score >= wanted:
        return Concluded(Phase.SUCCESSFUL, "", metadata, f"{score:g}")
    if score >= marginal:
        return Concluded(
            Phase.INCONCLUSIVE, f"score {score:g} is below pass ({wanted}){reason}", metadata, f"{score:g}"
        )
    return Concluded(Phase.FAILED, f"score {score:g} is below marginal ({marginal}){reason}", metadata, f"{score:g}")


def _why(ended: Mapping[str, Any]) -> str:
    """What Kayenta says of an execution that failed."""
    details = (ended.get("exception") or {}).get("details") or {} if isinstance(ended.get("exception"), dict) else {}
    told = [str(details.get("error") or ""), *map(str, details.get("errors") or ())]
    return "".join(f": {text}" for text in told if text)[:500]


def _get(url: str) -> Request:
    return Request("GET", url, {"Accept": "application/json"}, timeout=TIMEOUT)
