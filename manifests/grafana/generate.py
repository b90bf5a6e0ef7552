"""Builds the dashboard: `python manifests/grafana/generate.py` writes `reconciler.json` beside this file.

A test builds it again and compares, checks every expression with promtool, and finds every metric in the registry.
"""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    GraphGradientMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DataSourceRef,
    VariableRefresh,
)

PATH = Path(__file__).with_name("reconciler.json")
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
APP = 'application=~"$application"'
WINDOW = "$__rate_interval"

Query = tuple[str, str]
"""An expression and its legend."""


def quantile(share: float, histogram: str, *by: str, selector: str = "") -> str:
    labels = ", ".join(("le", *by))
    return f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket{{{selector}}}[{WINDOW}])))"


def increase(counter: str, by: str, selector: str = "", window: str = "1h") -> str:
    return f"sum by ({by}) (increase({counter}{{{selector}}}[{window}]))"


def rate(counter: str, by: str) -> str:
    return f"sum by ({by}) (rate({counter}[{WINDOW}]))"


class Board:
    """Numbers rows and panels in the order in which they are added."""

    def __init__(self) -> None:
        self._panel = 0
        self.builder = (
            dashboard.Dashboard("Reconciler")
            .uid("reconciler")
            .description(
                "From a push to a judged release: deliveries, rollouts, commit statuses, and the daemon itself."
            )
            .tags(["gitops", "canary", "reconciler"])
            .readonly()
            .timezone("browser")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .refresh("30s")
            .time("now-6h", "now")
            .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
            .with_variable(
                dashboard.QueryVariable("application")
                .label("Application")
                .query("label_values(reconciler_application_info, application)")
                .datasource(SOURCE)
                .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
                .include_all(True)
                .all_value(".*")
                .multi(True)
            )
        )

    def row(self, title: str) -> None:
        self._panel += 1
        self.builder.with_row(dashboard.Row(title).id(self._panel))

    def number(self, title: str, about: str, query: Query, *, unit: str = "short", span: int = 6) -> None:
        latest = common.ReduceDataOptions().calcs(["lastNotNull"])
        panel = stat.Panel().color_mode(BigValueColorMode.VALUE).graph_mode("none").reduce_options(latest)
        self._add(panel, title, about, [query], unit, span, height=4)

    def graph(
        self, title: str, about: str, *queries: Query, unit: str = "short", span: int = 8, stacked: bool = False
    ) -> None:
        legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
        panel = (
            timeseries.Panel()
            .legend(legend.show_legend(True))
            .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
            .gradient_mode(GraphGradientMode.OPACITY)
            .fill_opacity(40 if stacked else 8)
            .line_width(2)
            .min(0)
        )
        if stacked:
            panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
        self._add(panel, title, about, list(queries), unit, span, height=8)

    def _add(
        self,
        panel: stat.Panel | timeseries.Panel,
        title: str,
        about: str,
        queries: list[Query],
        unit: str,
        span: int,
        height: int,
    ) -> None:
        self._panel += 1
        panel.id(self._panel).title(title).description(about).datasource(SOURCE).unit(unit).span(span).height(height)
        for letter, (expression, legend) in zip("ABCDEF", queries, strict=False):
            query = prometheus.Dataquery().ref_id(letter).expr(expression).legend_format(legend).datasource(SOURCE)
            panel.with_target(query.range() if isinstance(panel, timeseries.Panel) else query.instant())
        self.builder.with_panel(panel)


def build() -> Dashboard:
    board = Board()
    deliveries(board)
    rollouts(board)
    statuses(board)
    daemon(board)
    return board.builder.build()


def deliveries(board: Board) -> None:
    board.row("Deliveries")
    healthy = f'sum(reconciler_application_info{{{APP}, health="Healthy"}}) or vector(0)'
    unwell = f'sum(reconciler_application_info{{{APP}, health=~"Degraded|Missing"}}) or vector(0)'
    drifted = f"sum(reconciler_application_drifted_objects{{{APP}}})"
    unreadable = f"sum(reconciler_application_repository_failing{{{APP}}})"
    board.number("Healthy", "Applications whose objects are all healthy.", (healthy, "healthy"))
    board.number("Degraded or missing", "Applications that need somebody.", (unwell, "degraded"))
    board.number("Drifted objects", "Managed objects that differ from git.", (drifted, "objects"))
    board.number("Unreadable repositories", "Applications whose repository cannot be read.", (unreadable, "failing"))
    board.graph(
        "Commit to verdict",
        "How long the author of a commit waits for success or failure, from when the daemon first saw it.",
        (quantile(0.5, "reconciler_commit_to_verdict_seconds", "verdict", selector=APP), "median, {{verdict}}"),
        (quantile(0.95, "reconciler_commit_to_verdict_seconds", "verdict", selector=APP), "95 %, {{verdict}}"),
        unit="s",
    )
    board.graph(
        "Commit to applied",
        "From first seeing a commit until all of its objects are written.",
        (quantile(0.5, "reconciler_commit_to_applied_seconds", selector=APP), "median"),
        (quantile(0.95, "reconciler_commit_to_applied_seconds", selector=APP), "95 %"),
        unit="s",
    )
    board.graph(
        "Verdicts per hour",
        "Commits that were judged.",
        (increase("reconciler_verdicts_total", "verdict", APP), "{{verdict}}"),
        stacked=True,
    )
    board.graph(
        "Operations per hour",
        "Attempts to bring an application to a commit, by how they ended.",
        (increase("reconciler_operations_total", "result", APP), "{{result}}"),
        stacked=True,
    )
    board.graph(
        "Changes per hour",
        "Objects created, updated and pruned.",
        (increase("reconciler_object_changes_total", "action", APP), "{{action}}"),
        stacked=True,
    )
    board.graph(
        "Objects by health",
        "All managed objects.",
        (f"sum by (health) (reconciler_application_objects{{{APP}}})", "{{health}}"),
        stacked=True,
    )


def rollouts(board: Board) -> None:
    board.row("Rollouts")
    board.graph(
        "Canary weight",
        "Share of traffic that new versions get.",
        (f"reconciler_rollout_weight_percent{{{APP}}}", "{{rollout}}"),
        unit="percent",
    )
    progress = f"reconciler_rollout_step{{{APP}}} / (reconciler_rollout_steps{{{APP}}} > 0)"
    board.graph("Progress", "Completed share of the steps.", (progress, "{{rollout}}"), unit="percentunit")
    board.graph(
        "Analysis verdicts per hour",
        "Metrics that got their verdict.",
        (increase("reconciler_analysis_verdicts_total", "phase", APP), "{{phase}}"),
        stacked=True,
    )
    board.graph(
        "Measured by analyses",
        "Latest value of each metric of running analyses, in its own unit.",
        ("reconciler_analysis_value", "{{name}} {{kind}} {{metric}} {{index}}"),
        span=12,
    )
    board.graph(
        "Distance to what is allowed",
        "Measured value divided by the number that a condition compares it with: 1 is at the limit.",
        (
            "reconciler_analysis_value / ignoring (condition, index) group_left "
            'reconciler_analysis_threshold{condition="failureCondition", index="0"}',
            "{{name}} {{kind}} {{metric}} {{index}}: failure",
        ),
        (
            "reconciler_analysis_value / ignoring (condition, index) group_left "
            'reconciler_analysis_threshold{condition="successCondition", index="0"}',
            "{{name}} {{kind}} {{metric}} {{index}}: success",
        ),
        span=12,
    )
    board.graph(
        "Updates per day",
        "Updates of Rollouts that ended, promoted or aborted.",
        (increase("reconciler_rollouts_total", "result", APP, window="1d"), "{{result}}"),
        span=24,
        stacked=True,
    )


def statuses(board: Board) -> None:
    board.row("Commit statuses and webhooks")
    board.graph(
        "Statuses sent per hour",
        "Requests to the forge, by result.",
        (increase("reconciler_status_posts_total", "result"), "{{result}}"),
    )
    board.graph(
        "Statuses that wait",
        "What the forge does not have yet.",
        (f"sum by (application) (reconciler_status_outbox{{{APP}}})", "{{application}}"),
    )
    board.graph(
        "Webhooks per hour",
        "What became of webhooks.",
        (increase("reconciler_webhooks_total", "result"), "{{result}}"),
    )


def daemon(board: Board) -> None:
    board.row("The daemon")
    board.graph(
        "API requests", "Requests to the Kubernetes API.",
        (rate("reconciler_api_request_seconds_count", "verb, code"), "{{verb}} {{code}}"), unit="reqps",
    )  # fmt: skip
    board.graph(
        "API request duration", "95 % are faster.",
        (quantile(0.95, "reconciler_api_request_seconds", "verb"), "{{verb}}"), unit="s",
    )  # fmt: skip
    board.graph(
        "Git duration", "95 % are faster.",
        (quantile(0.95, "reconciler_git_operation_seconds", "operation", "result"), "{{operation}} {{result}}"),
        unit="s",
    )  # fmt: skip
    board.graph("Queues", "Keys that wait.", ("sum by (queue) (reconciler_queue_depth)", "{{queue}}"))
    board.graph(
        "Reconcile duration", "95 % are faster.",
        (quantile(0.95, "reconciler_reconcile_seconds", "engine"), "{{engine}}"), unit="s",
    )  # fmt: skip
    board.graph(
        "Reconciles by outcome", "Everything but ok deserves a look when it lasts.",
        (rate("reconciler_reconcile_seconds_count", "engine, outcome"), "{{engine}} {{outcome}}"), unit="ops",
    )  # fmt: skip
    board.graph("Memory", "Resident.", ("process_resident_memory_bytes", "{{instance}}"), unit="bytes", span=12)
    board.graph("Processor", "Cores.", (f"rate(process_cpu_seconds_total[{WINDOW}])", "{{instance}}"), span=12)


def as_json() -> str:
    return json.dumps(build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    PATH.write_text(as_json())
