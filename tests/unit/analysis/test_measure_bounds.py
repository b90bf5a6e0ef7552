"""One measurement has little room in the object, and holds its place in the pool for a limited time."""

from datetime import UTC, datetime
from typing import Any, cast

import orjson
import pytest

from reconciler.analysis import validate
from reconciler.analysis.measure import LONGEST_METADATA, LONGEST_TEXT, LONGEST_TIMEOUT, Measurer
from reconciler.analysis.model import Measurement, Phase, decode_run
from reconciler.analysis.run import Task
from reconciler.http.model import Request, Response
from reconciler.kube.api import Cluster
from reconciler.runtime.clock import VirtualClock


def measured(answer: Any, **settings: Any) -> tuple[Measurement, Request]:
    asked: list[Request] = []

    def send(request: Request) -> Response:
        asked.append(request)
        return Response(200, {}, orjson.dumps({"status": "success", **answer}))

    metric = {"name": "m", "provider": {"prometheus": {"address": "http://p", "query": "up", **settings}}}
    run = decode_run(orjson.dumps({"metadata": {"name": "r", "namespace": "n"}, "spec": {"metrics": [metric]}}))
    (read,) = validate.metrics(run, {})
    measurer = Measurer(cast(Cluster, None), send, VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    return measurer.take(run, Task(read)).measurement, asked[0]


def test_values_and_metadata_are_cut() -> None:
    series = [{"value": [1, "1.5"]}] * 10_000
    answer = {"data": {"resultType": "vector", "result": series}, "warnings": ["slow " * 10_000]}
    found, _ = measured(answer)
    assert found.phase is Phase.SUCCESSFUL
    assert (len(found.value), len(found.metadata["warnings"])) == (LONGEST_TEXT, LONGEST_METADATA)


@pytest.mark.parametrize(("asked_for", "given"), [(5, 5), (86_400, LONGEST_TIMEOUT)])
def test_no_question_takes_as_long_as_a_template_likes(asked_for: int, given: float) -> None:
    _, request = measured({"data": {"resultType": "scalar", "result": [1, "1"]}}, timeout=asked_for)
    assert request.timeout == given
