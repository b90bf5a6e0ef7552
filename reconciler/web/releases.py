"""The pages of one Rollout and of one Experiment, and their JSON twins. They may ask the cluster: never in the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from reconciler.web import release
from reconciler.web.markup import Markup, as_json
from reconciler.web.ports import Ports

Answer = Callable[[str, str], web.Response]


class Releases:
    """Handlers; each path names a namespace and a name."""

    def __init__(self, ports: Ports, markup: Markup) -> None:
        self._ports, self._html = ports, markup.page

    async def rollout(self, request: web.Request) -> web.Response:
        return await _of(request, self._rollout)

    async def experiment(self, request: web.Request) -> web.Response:
        return await _of(request, self._experiment)

    async def rollout_json(self, request: web.Request) -> web.Response:
        return await _of(request, self._rollout_json)

    async def experiment_json(self, request: web.Request) -> web.Response:
        return await _of(request, self._experiment_json)

    def _rollout(self, namespace: str, name: str) -> web.Response:
        found = self._ports.rollout(namespace, name)
        if found is None:
            return self._missing("Rollout", namespace, name)
        shown, app = release.of_rollout(found, self._ports.now()), self._application(namespace, name)
        follows = app or f"{namespace}/{name}"
        return self._html("rollout.html", release=shown, application=app, follows=follows)

    def _experiment(self, namespace: str, name: str) -> web.Response:
        found = self._ports.experiment(namespace, name)
        if found is None:
            return self._missing("Experiment", namespace, name)
        return self._html("experiment.html", trial=release.of_experiment(found, self._ports.now()))

    def _rollout_json(self, namespace: str, name: str) -> web.Response:
        found = self._ports.rollout(namespace, name)
        if found is None:
            return as_json({"error": f'there is no Rollout "{name}" in namespace "{namespace}"'}, status=404)
        family = found.family
        return _told(found, rollout=family.overview, revisions=family.tree(self._ports.now()))

    def _experiment_json(self, namespace: str, name: str) -> web.Response:
        found = self._ports.experiment(namespace, name)
        if found is None:
            return as_json({"error": f'there is no Experiment "{name}" in namespace "{namespace}"'}, status=404)
        family = found.family
        return _told(found, experiment=release.facts(family.experiment), objects=family.tree(self._ports.now()))

    def _missing(self, kind: str, namespace: str, name: str) -> web.Response:
        return self._html("missing.html", status=404, what=kind, name=f"{namespace}/{name}")

    def _application(self, namespace: str, name: str) -> str:
        """The Application that brought the Rollout, if one did."""
        deliveries = self._ports.deliveries.all()
        wanted = ("Rollout", namespace, name)
        named = ((each.app, (work.kind, work.namespace, work.name)) for each in deliveries for work in each.workloads)
        return next((app for app, work in named if work == wanted), "")


async def _of(request: web.Request, answer: Answer) -> web.Response:
    return await asyncio.to_thread(answer, request.match_info["namespace"], request.match_info["name"])


def _told(found: Any, **content: Any) -> web.Response:
    return as_json(msgspec.to_builtins({**content, "events": found.events, "trouble": found.trouble}))
