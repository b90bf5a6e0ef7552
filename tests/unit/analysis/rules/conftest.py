"""A real Prometheus with a past: a healthy and a failing version of a shop, in blocks that promtool writes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from tests.testbed import binaries
from tests.testbed.network import HOST
from tests.testbed.prometheus import Prometheus

STEP = timedelta(seconds=15)
BROKE = timedelta(minutes=-4)
"""When the failing version began to fail, counted from the end of the past."""

RULES = """
groups:
  - name: shop
    interval: 15s
    rules:
      - record: job:requests:rate1m
        expr: sum by (job) (rate(requests_total[1m]))
      - record: shop:errors:ratio
        expr: sum by (job) (rate(requests_total{code="500"}[1m])) / sum by (job) (rate(requests_total[1m]))
      - alert: HighErrorRate
        for: 2m
        expr: |
          sum by (job) (rate(requests_total{code="500"}[1m])) # errors {all}
            / ignoring (code) sum by (job) (rate(requests_total[1m])) > 0.05
      - {alert: HighErrorRateLater, for: 1h, expr: 'sum by (job) (rate(requests_total{code="500"}[1m])) > 0'}
      - {alert: ErrorsAtAll, expr: 'rate(requests_total{code="500"}[1m]) > 0 and on (job) requests_total'}
"""


class Past(NamedTuple):
    """`end`: the time of the last measurement."""

    server: Prometheus
    end: datetime


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    try:
        promtool = binaries.find("promtool")
        binaries.find("prometheus")
    except binaries.Missing as error:
        pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))
    directory = tmp_path_factory.mktemp("past")
    end = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    (directory / "past.txt").write_text("\n".join(_samples(end)) + "\n# EOF\n")
    create = [str(promtool), "tsdb", "create-blocks-from", "openmetrics", "-q", "past.txt", "data"]
    subprocess.run(create, cwd=directory, check=True, capture_output=True, timeout=60)
    (directory / "rules.yaml").write_text(RULES)
    with Prometheus(directory, HOST, {}, rules=directory / "rules.yaml") as server:
        yield Past(server, end)


def _samples(end: datetime) -> Iterator[str]:
    """Counters of ten minutes: `v1` answers well, `v2` fails every fourth request since `BROKE`.

    `v0` has never failed, so that there is no series of its failures.
    """
    yield "# TYPE requests counter"
    for version in ("v0", "v1", "v2"):
        for code in ("200",) if version == "v0" else ("200", "500"):
            for step in range(41):
                at = end - STEP * (40 - step)
                broken = max((at - end - BROKE).total_seconds(), 0.0) if version == "v2" else 0.0
                count = broken if code == "500" else 3 * step * STEP.total_seconds()
                labels = f'job="shop",version="{version}",code="{code}"'
                yield f"requests_total{{{labels}}} {count} {int(at.timestamp())}"
