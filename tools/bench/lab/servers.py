"""One class a server: how it is started, where its data lie, how its last samples are brought to their final form on disk."""

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass

from lab import procfs
from lab.client import Client


@dataclass(frozen=True)
class Options:
    """What a workload asks of a server."""

    port: int
    data: str  # An existing directory of this run's own.
    config: str  # A Prometheus configuration file.
    cache: bool  # Whether results of queries may be cached.
    flags: tuple[str, ...] = ()  # Of Hearth alone.


class Server:
    key = ""
    title = ""
    environment = ""  # The variable with the binary's path.
    default = ""
    write_path = "/api/v1/write"

    def binary(self) -> str | None:
        return shutil.which(os.environ.get(self.environment) or self.default)

    def version(self) -> str:
        done = subprocess.run([self.binary(), *self.version_argv()], capture_output=True, text=True, timeout=20, check=False)
        lines = (done.stdout + done.stderr).strip().splitlines()
        return lines[0] if lines else self._package_version()

    def _package_version(self) -> str:
        """For a binary that does not say: what Debian knows of it."""
        query = ["dpkg-query", "-W", "-f", "${Package} ${Version}", self.default]
        try:
            return subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout
        except (OSError, subprocess.SubprocessError):
            return "unknown"

    def version_argv(self) -> list[str]:
        return ["--version"]

    def argv(self, options: Options) -> list[str]:
        raise NotImplementedError

    def sealed_bytes(self, options: Options, client: Client) -> int:
        """Brings all samples to their final form and says how many bytes that is: index included, log for replay left out."""
        raise NotImplementedError


def _wait_until_stable(size, busy=lambda: False, least_s: float = 4.0, most_s: float = 60.0) -> int:
    """The value of `size` once it has not changed, and `busy` was false, for three seconds."""
    begin = changed = time.monotonic()
    last = size()
    while (now := time.monotonic()) < begin + most_s:
        if now >= begin + least_s and now >= changed + 3:
            break
        time.sleep(0.25)
        current = size()
        if busy() or current != last:
            last, changed = current, time.monotonic()
    return last


class Hearth(Server):
    key = "hearth"
    title = "Hearth"
    environment = "HEARTH_BIN"
    default = "hearth"

    def argv(self, options: Options) -> list[str]:
        return [
            self.binary(),
            f"--config.file={options.config}",
            f"--storage.tsdb.path={options.data}",
            "--storage.tsdb.retention.time=10y",
            f"--web.listen-address=127.0.0.1:{options.port}",
            "--web.enable-remote-write-receiver",
            "--web.enable-admin-api",
            *options.flags,
        ] + ([] if options.cache else ["--query.cache-size=0B"])

    def sealed_bytes(self, options: Options, client: Client) -> int:
        client.request("/api/v1/admin/tsdb/compact", method="POST")
        return procfs.disk_bytes(os.path.join(options.data, "hearth", "store"))


class Prometheus(Server):
    key = "prometheus"
    title = "Prometheus"
    environment = "PROMETHEUS_BIN"
    default = "prometheus"

    def argv(self, options: Options) -> list[str]:
        return [
            self.binary(),
            f"--config.file={options.config}",
            f"--storage.tsdb.path={options.data}",
            "--storage.tsdb.retention.time=10y",
            f"--web.listen-address=127.0.0.1:{options.port}",
            "--web.enable-remote-write-receiver",
            "--web.enable-admin-api",
        ]

    def sealed_bytes(self, options: Options, client: Client) -> int:
        # A snapshot has the blocks, and the head written as a block.
        answer = json.loads(client.request("/api/v1/admin/tsdb/snapshot", method="POST"))
        snapshot = os.path.join(options.data, "snapshots", answer["data"]["name"])
        size = procfs.disk_bytes(snapshot)
        shutil.rmtree(snapshot)
        return size


class VictoriaMetrics(Server):
    key = "victoria-metrics"
    title = "VictoriaMetrics"
    environment = "VICTORIA_METRICS_BIN"
    default = "victoria-metrics"

    def version_argv(self) -> list[str]:
        return ["-version"]

    def argv(self, options: Options) -> list[str]:
        argv = [
            self.binary(),
            f"-promscrape.config={options.config}",
            f"-storageDataPath={options.data}",
            "-retentionPeriod=10y",
            f"-httpListenAddr=127.0.0.1:{options.port}",
            "-search.latencyOffset=0s",
            "-search.maxUniqueTimeseries=3000000",
            "-search.maxSeries=3000000",
        ]
        return argv if options.cache else argv + ["-search.disableCache"]

    def sealed_bytes(self, options: Options, client: Client) -> int:
        client.request("/internal/force_flush")
        time.sleep(1)
        client.request("/internal/force_merge")
        parts = [os.path.join(options.data, name) for name in ("data", "indexdb")]

        def merging() -> bool:
            text = client.request("/metrics").decode(errors="replace")
            return re.search(r"^vm_active_merges\{[^}]*\} [1-9]", text, re.MULTILINE) is not None

        return _wait_until_stable(lambda: procfs.disk_bytes(*parts), merging)


ALL = (Hearth(), Prometheus(), VictoriaMetrics())
