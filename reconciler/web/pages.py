"""The page and its JSON twin. Rendering may look up commits in the git mirror, so it never runs in the event loop."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from reconciler.apps.delivery import Delivery, WorkloadProgress
from reconciler.web import plot, runs, views
from reconciler.web.listing import listing
from reconciler.web.markup import Markup, as_json
from reconciler.web.ports import Ports
from reconciler.web.svg import svg


class Pages:
    """Handlers for people and for programs that ask the same."""

    def __init__(self, ports: Ports, markup: Markup) -> None:
        self._ports, self._html = ports, markup.page

    async def overview(self, request: web.Request) -> web.Response:
        return await asyncio.to_thread(self._overview)

    async def application(self, request: web.Request) -> web.Response:
        return await asyncio.to_thread(self._application, request.match_info["name"])

    async def run(self, request: web.Request) -> web.Response:
        return await asyncio.to_thread(self._run, request.match_info["namespace"], request.match_info["name"])

    async def run_svg(self, request: web.Request) -> web.Response:
        found = self._ports.run(request.match_info["namespace"], request.match_info["name"])
        if found is None:
            return web.Response(text="no such AnalysisRun\n", status=404)
        return web.Response(text=svg(found), content_type="image/svg+xml")

    async def list_json(self, request: web.Request) -> web.Response:
        found = [self._as_json(delivery) for delivery in self._ports.deliveries.all()]
        return as_json({"applications": found})

    async def one_json(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        delivery = self._ports.deliveries.get(name)
        if delivery is None:
            return as_json({"error": f'there is no application "{name}"'}, status=404)
        return as_json(self._as_json(delivery))

    async def rollouts_json(self, request: web.Request) -> web.Response:
        found = await asyncio.to_thread(self._ports.rollouts) if self._ports.rollouts else ()
        return as_json({"rollouts": [msgspec.to_builtins(work) for work in found]})

    def _overview(self) -> web.Response:
        if self._ports.rollouts:
            found = listing(self._ports.rollouts(), self._ports.experiments())
            return self._html("rollouts.html", listing=found)
        cards = [self._card(delivery) for delivery in self._ports.deliveries.all()]
        return self._html("overview.html", cards=cards, summary=views.summary(cards))

    def _application(self, name: str) -> web.Response:
        delivery = self._ports.deliveries.get(name)
        if delivery is None:
            return self._html("missing.html", status=404, what="application", name=name)
        commits = views.history(delivery, self._ports.statuses(name), self._ports.commit)
        judged = {
            (work.namespace, f"{work.kind} {work.name}"): self._runs(work)
            for work in delivery.workloads
            if work.kind == "Rollout"
        }
        card = self._card(delivery)
        return self._html("application.html", delivery=delivery, card=card, commits=commits, judged=judged)

    def _runs(self, work: WorkloadProgress) -> tuple[plot.RunPicture, ...]:
        return runs.of_the_update(self._ports.runs(work.namespace, work.name))

    def _run(self, namespace: str, name: str) -> web.Response:
        found = self._ports.run(namespace, name)
        if found is None:
            return self._html("missing.html", status=404, what="AnalysisRun", name=name)
        return self._html("run.html", run=plot.pictures(found, runs.kind(found)), owner=found.metadata.controller)

    def _card(self, delivery: Delivery) -> views.Card:
        statuses = self._ports.statuses(delivery.app)
        return views.card(delivery, statuses, self._ports.commit, self._ports.now())

    def _as_json(self, delivery: Delivery) -> dict[str, Any]:
        return views.as_json(delivery, self._ports.statuses(delivery.app))
