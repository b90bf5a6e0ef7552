"""How the rollouts engine runs: `rollouts:` of the configuration, or the flags that say the same."""

from __future__ import annotations

import re

from reconciler.config.fields import Fields
from reconciler.config.model import RolloutsEngine
from reconciler.errors import Problem

PROMETHEUS_VARIABLE = "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"
"""Where installations of the family name their Prometheus; our own setting comes first."""

MOST_SHARDS = 64
"""Each shard costs its holder a request every two seconds."""

_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def rollouts_engine(fields: Fields) -> RolloutsEngine:
    """Decodes `rollouts`; problems go into its notes."""
    made = RolloutsEngine(
        instance_id=fields.text("instanceID"),
        shards=fields.number("shards", 0),
        disabled_step_plugins=fields.texts("disabledStepPlugins"),
    )
    for name, problem in engine_problems(made).items():
        fields.problem(name, problem.what, problem.fix)
    fields.finish()
    return made


def engine_problems(engine: RolloutsEngine) -> dict[str, Problem]:
    """What is wrong, by the field's name in the configuration."""
    found = {}
    if engine.instance_id and not _LABEL_VALUE.fullmatch(engine.instance_id):
        fix = "use at most 63 letters, digits, '-', '_' and '.'"
        found["instanceID"] = Problem(f"{engine.instance_id!r} cannot be the value of a label", fix)
    if not 0 <= engine.shards <= MOST_SHARDS:
        fix = f"use 2 to {MOST_SHARDS}, about twice as many as there are replicas; 0: one replica works at a time"
        found["shards"] = Problem(f"{engine.shards} is no number of shards", fix)
    return found


def engine_flag_problems(engine: RolloutsEngine) -> list[Problem]:
    """As `engine_problems`, in terms of the command line."""
    flags = {"instanceID": "--instance-id", "shards": "--shards"}
    return [Problem(f"{flags[name]}: {found.what}", found.fix) for name, found in engine_problems(engine).items()]
