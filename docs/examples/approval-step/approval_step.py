"""A step that waits until somebody has approved this very update, by an annotation on the Rollout.

steps:
  - setWeight: 20
  - plugin:
      name: example/approval
      config: {approvers: [ada, grace]}

$ kubectl annotate rollout shop approved.example/5bdc649f7c=ada       # the update's hash: status.currentPodHash
$ kubectl annotate rollout shop approved.example/5bdc649f7c=no        # the update is aborted
"""

from __future__ import annotations

from reconciler.rollouts.step_plugins.contract import Context, Result

_ASK_EVERY_SECONDS = 10


def run(context: Context) -> Result:
    version = context.rollout["status"]["currentPodHash"]
    said = context.rollout["metadata"].get("annotations", {}).get(f"approved.example/{version}", "")
    approvers = context.config["approvers"]
    if said == "no":
        return Result("Failed", f"version {version} was not approved")
    if said in approvers:
        return Result("Successful", f"approved by {said}", {"by": said})
    text = f"waiting for {' or '.join(approvers)} to approve version {version}"
    return Result("Running", text, {"asked": (context.status or {}).get("asked", 0) + 1}, _ASK_EVERY_SECONDS)


def abort(context: Context) -> Result:
    """There is nothing to undo."""
    return Result("Successful")


def terminate(context: Context) -> Result:
    return Result("Successful", "nobody waits for an approval any more")
