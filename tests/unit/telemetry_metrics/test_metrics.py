"""What the registry promises: names, bounded labels, and series that go when their application goes."""

from __future__ import annotations

import subprocess

from reconciler.telemetry import established, exposition, metrics


def value(name: str, **labels: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(name, labels)


def established_names() -> set[str]:
    names = (*established.GAUGES, *established.COUNTERS, *established.HISTOGRAMS)
    return {name.removesuffix("_total") for name in names}


def lines_with(text: str) -> list[str]:
    return [line for line in b"".join(exposition.pieces()).decode().splitlines() if text in line]


def test_every_metric_of_ours_has_the_prefix_and_a_help_text():
    for family in metrics.REGISTRY.collect():
        assert family.name.startswith(("reconciler_", "process_")) or family.name in established_names(), family.name
        assert family.documentation.endswith(".")


def test_no_label_can_hold_a_commit_a_pod_a_url_or_a_message():
    allowed = {
        "application", "rollout", "sync", "health", "result", "action", "verdict", "phase", "operation",
        "verb", "resource", "code", "engine", "outcome", "queue", "forge", "state", "version", "python", "le",
    }  # fmt: skip
    metrics.observe_api_request("get", "configmaps", 200, 0.01)
    metrics.observe_git("fetch", "ok", 0.2)
    ours = [family for family in metrics.REGISTRY.collect() if family.name.startswith("reconciler_")]
    assert {label for family in ours for sample in family.samples for label in sample.labels} <= allowed


def test_an_application_has_exactly_one_state():
    metrics.application_state("one-state", "OutOfSync", "Progressing")
    metrics.application_state("one-state", "Synced", "Healthy")
    assert lines_with('application="one-state"') == [
        'reconciler_application_info{application="one-state",health="Healthy",sync="Synced"} 1.0'
    ]


def test_a_rollout_that_goes_leaves_the_others_of_its_application():
    metrics.rollout_progress("pair", "shop/a", 10, 1, 2)
    metrics.rollout_progress("pair", "shop/b", 20, 1, 2)
    metrics.forget_rollout("pair", "shop/a")
    assert value("reconciler_rollout_weight_percent", application="pair", rollout="shop/a") is None
    assert value("reconciler_rollout_weight_percent", application="pair", rollout="shop/b") == 20


def test_no_series_is_doubled_by_the_time_of_its_creation():
    metrics.webhook_received("github", "accepted")
    assert "_created{" not in b"".join(exposition.pieces()).decode()


def test_the_depth_of_a_queue_is_read_when_asked_for():
    queue = ["a"]
    metrics.queue_depth("test-queue", lambda: len(queue))
    queue.append("b")
    assert value("reconciler_queue_depth", queue="test-queue") == 2


def test_promtool_finds_nothing_to_mend_in_the_exposition():
    text = b"".join(exposition.pieces())
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    complaints = [line for line in checked.stderr.decode().splitlines() if line.startswith("reconciler_")]
    assert complaints == []
