"""What git declares for an Application at a commit, rendered when it is needed and as seldom as possible."""

from __future__ import annotations

from reconciler.apps.record import Key
from reconciler.config.model import Application
from reconciler.errors import NotFound
from reconciler.kube.api import Cluster
from reconciler.sync.declared import Declared, Desired, declare
from reconciler.sync.ports import Render, Source
from reconciler.sync.state import AppState


class DesiredState:
    """Renders through the ports; remembers in the `AppState` what the next commit can be compared with."""

    def __init__(self, source: Source, render: Render, cluster: Cluster) -> None:
        self._source, self._render, self._cluster = source, render, cluster

    def at(self, state: AppState, sha: str) -> Desired:
        """Raises `UserError` with every problem of the manifests, `NotFound` when the mirror lacks the commit."""
        if state.desired is not None and state.desired_sha == sha:
            return state.desired
        app = state.app
        tree = self._source.tree(app.source.repo_url, app.source.target_revision, sha)
        rendered = self._render(tree, app.source, app.destination.namespace, self._is_namespaced)
        desired = declare(app, rendered.targets)
        state.desired, state.desired_sha = desired, sha
        state.render_digest, state.renderer = rendered.digest, rendered.renderer
        state.inputs, state.inputs_sha = rendered.inputs, ""
        state.warnings = (*rendered.warnings, *desired.warnings)
        return desired

    def unaffected(self, state: AppState, sha: str) -> bool:
        """Whether a commit cannot change anything here, told from the paths that the last render looked at.

        Only known after a render whose operation went through: `inputs_sha` is empty until then.
        """
        if state.inputs is None or not state.inputs_sha:
            return False
        app = state.app
        try:
            changed = self._source.changed_paths(app.source.repo_url, app.source.target_revision, state.inputs_sha, sha)
        except NotFound:
            return False
        return not state.inputs.affected_by(changed)

    def descends(self, app: Application, old: str, new: str) -> bool:
        return self._source.is_ancestor(app.source.repo_url, app.source.target_revision, old, new)

    def _is_namespaced(self, api_version: str, kind: str) -> bool | None:
        return is_namespaced(self._cluster, api_version, kind)


def is_namespaced(cluster: Cluster, api_version: str, kind: str) -> bool | None:
    """Whether a kind lives in namespaces; None when the cluster does not serve it."""
    try:
        return cluster.find(api_version, kind).namespaced
    except NotFound:
        return None


def by_key(desired: Desired) -> dict[Key, Declared]:
    return {item.key: item for item in desired.objects}
