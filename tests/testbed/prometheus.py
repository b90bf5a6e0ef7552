"""A real Prometheus that scrapes the given targets every second."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path

from tests.testbed.binaries import find
from tests.testbed.network import Network
from tests.testbed.processes import Process, free_ports
from tests.testbed.web import answers, ask


class Prometheus:
    """`targets` maps a job's name to its "host:port"; every query is noted in `query_log`, if one is given.

    `rules`: a file of rules that it evaluates. Blocks in `directory/data` are its past.
    `more` is added to its configuration. `user` is "name:password" of the only one who is let in, `password_hash` what
    bcrypt makes of the password.
    """

    def __init__(
        self,
        directory: Path,
        network: Network,
        targets: dict[str, str],
        query_log: Path | None = None,
        rules: Path | None = None,
        more: dict[str, object] | None = None,
        user: str = "",
        password_hash: str = "",
    ) -> None:
        self._query_log, self._rules = query_log, rules
        self._more, self._user = more or {}, user
        self._web = {"basic_auth_users": {user.partition(":")[0]: password_hash}} if user else {}
        self._directory = directory
        self._network = network
        self._targets = targets
        [self._port] = free_ports(1)
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Prometheus:
        self._directory.mkdir(parents=True, exist_ok=True)
        config = self._directory / "prometheus.yaml"
        config.write_text(json.dumps(self._config()))
        web = self._directory / "web.yaml"
        web.write_text(json.dumps(self._web))
        argv = [
            *self._network.prefix,
            str(find("prometheus")),
            f"--config.file={config}",
            f"--web.config.file={web}",
            f"--storage.tsdb.path={self._directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--log.level=warn",
        ]
        self._process = Process("prometheus", argv, self._directory / "prometheus.log")
        self._process.wait_until(lambda: answers(self._network, f"{self.url}/-/ready", self._user), 30)
        return self

    def stop(self) -> None:
        if self._process:
            self._process.kill()

    def __enter__(self) -> Prometheus:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """An instant vector as (labels, value) pairs. NaN stays NaN."""
        url = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        result = ask(self._network, "GET", url)["data"]["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def _config(self) -> dict[str, object]:
        jobs = [{"job_name": name, "static_configs": [{"targets": [at]}]} for name, at in self._targets.items()]
        defaults = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        if self._query_log:
            defaults["query_log_file"] = str(self._query_log)
        rules = [str(self._rules)] if self._rules else []
        return {"global": defaults, "scrape_configs": jobs, "rule_files": rules, **self._more}
