"""A real Prometheus beside the demo, scraping the simulated proxy once a second."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import yaml

from reconciler.process import Background


class LocalPrometheus:
    """Answers queries at `url` until stopped."""

    def __init__(self, directory: Path, metrics_url: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        address = f"127.0.0.1:{_free_port()}"
        (directory / "prometheus.yml").write_text(yaml.safe_dump(_configuration(metrics_url)))
        self.url = f"http://{address}"
        self._process = Background(
            [
                "prometheus",
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                f"--web.listen-address={address}",
            ],
            cwd=directory,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            log=directory / "prometheus.log",
        )

    def stop(self) -> None:
        self._process.stop()


def _configuration(metrics_url: str) -> dict[str, object]:
    scrape = {
        "job_name": "traefik",
        "static_configs": [{"targets": [metrics_url.removeprefix("http://")]}],
    }
    return {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [scrape]}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
