"""The daemon's settings for the stage of the demo: one repository, one Application, everything on loopback."""

from __future__ import annotations

from pathlib import Path

from reconciler.config.model import (
    Application,
    Automated,
    Destination,
    Forge,
    Kubernetes,
    Repository,
    Secret,
    Settings,
    Source,
    SyncPolicy,
)
from reconciler.sandbox.demo.stage import APP, FORGE_REPO, NAMESPACE, TOKEN, Stage

POLL_SECONDS = 1.0


def settings_for(stage: Stage, directory: Path, listen: str) -> Settings:
    """Mirrors are kept below `directory`; the page is served on `listen` (HOST:PORT)."""
    url = str(stage.repository)
    application = Application(
        name=APP,
        source=Source(repo_url=url, path="shop"),
        destination=Destination(namespace=NAMESPACE),
        sync_policy=SyncPolicy(automated=Automated(prune=True, self_heal=True)),
    )
    forge = Forge(api_url=stage.forge_url, repo=FORGE_REPO, token=Secret(TOKEN))
    return Settings(
        repositories=(Repository(url=url, poll_seconds=POLL_SECONDS, forge=forge),),
        applications=(application,),
        kubernetes=Kubernetes(kubeconfig=str(stage.kubeconfig), namespace=NAMESPACE),
        listen=listen,
        prometheus_url=stage.prometheus_url,
        cache_dir=str(directory / "cache"),
    )
