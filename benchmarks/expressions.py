"""How long a condition takes to evaluate, and to compile when it is met for the first time.

    python -m benchmarks.expressions [--rounds 20]

Each sample is the mean of a thousand evaluations of one compiled condition on the answer of a Prometheus, in CPU time.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks.bench import Figure, report
from reconciler.analysis.expr.program import Program, condition

CONDITIONS: dict[str, tuple[str, Any]] = {
    "one comparison": ("result[0] < 0.05", [0.01]),
    "with a guard": ("len(result) == 0 || isNaN(result[0]) || result[0] >= 0.95", [0.99]),
    "over ten series": ("all(result, {# < 0.05})", [0.01] * 10),
    "of a web service's answer": ("result.ok && result.rate.p99 < 250", {"ok": True, "rate": {"p99": 120.5}}),
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVALUATIONS = 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=20)
    asked = options.parse_args()
    figures = []
    for name, (text, result) in CONDITIONS.items():
        program = condition(text)
        figures.append(Figure(name, "µs", [_microseconds(program, result) for _ in range(asked.rounds)], goal=10))
    compiled = [_compiling(number) for number in range(asked.rounds)]
    figures.append(Figure("compiling one that is new", "µs", compiled))
    report("expressions", f"{asked.rounds} rounds of {EVALUATIONS} evaluations", figures)


def _microseconds(program: Program, result: Any) -> float:
    began = time.process_time()
    for _ in range(EVALUATIONS):
        program.holds(result, NOW)
    return 1e6 * (time.process_time() - began) / EVALUATIONS


def _compiling(number: int) -> float:
    began = time.process_time()
    condition(f"len(result) == 0 || isNaN(result[0]) || result[0] >= {number + 100}")
    return 1e6 * (time.process_time() - began)


if __name__ == "__main__":
    main()
