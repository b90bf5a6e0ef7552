"""Templates to answers: HTML from values, and JSON. Rendering may take a while, so it never runs in the event loop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

import reconciler
from reconciler.outcomes.wording import short_sha
from reconciler.rollouts.views import nodes
from reconciler.web import phrases
from reconciler.web.assets import Assets
from reconciler.web.workloads import TONES


class Markup:
    """Renders the templates of `web/templates`; each knows `now` and our version."""

    def __init__(self, assets: Assets, now: Callable[[], datetime]) -> None:
        self._templates, self._now = _environment(assets), now

    def page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        page: Template = self._templates.get_template(template)
        text = page.render(now=self._now(), version=reconciler.__version__, **values)
        return web.Response(text=text, status=status, content_type="text/html")


def _environment(assets: Assets) -> Environment:
    environment = Environment(
        loader=PackageLoader("reconciler.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        short_sha=short_sha,
        iso=phrases.iso,
        ahead=phrases.ahead,
        instant=phrases.instant,
        node_tone=nodes.tone,
        ago=phrases.ago,
        tone=TONES.__getitem__,
        run_tone=phrases.run_tone,
        operation=phrases.operation_text,
    )
    environment.globals["asset"] = assets.url
    return environment


def as_json(content: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
