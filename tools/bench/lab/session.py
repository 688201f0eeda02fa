"""One server under one workload: start, load, wait, measure, stop. Workloads are written in its verbs.

Figures are noted with `note`; those that are only context (a count, a size of the answer) with `compared=False`.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from lab import children, procfs
from lab.client import ApiError, Client
from lab.servers import Options, Server

STEP_MS = 15_000
WINDOW_MS = 2 * 3600 * 1000
SEED = 7
# VictoriaMetrics has no log: what it has taken reaches its files after five to ten seconds.
_FLUSHED_S = 12
# A server that answers, but without a sample, for this long has lost it.
_LOST_S = 10
FAMILY = "bench_counter_int_0"  # The generator has it in every profile with integers.


class Trouble(Exception):
    """A workload cannot go on; the run does, with the next one."""


@dataclass(frozen=True)
class Figure:
    label: str
    unit: str
    value: float
    compared: bool = True
    more_is_better: bool = False


@dataclass(frozen=True)
class Tools:
    push: str
    targets: str
    trace: str | None


@dataclass(frozen=True)
class Load:
    """What a run of the generator told."""

    samples: int
    seconds: float
    body_bytes: int
    newest_ms: int


def progress(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # As servers bind: an ended connection's wait is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def quiet_phase_ms(now_ms: int) -> int:
    """The newest timestamp for pushed data: the middle of the last two-hour window that is whole at `now_ms`.

    The servers cut their data at even hours. Data that ended "now" would lie across such a cut differently in every run, and half of
    it would be in another state.
    """
    return now_ms // WINDOW_MS * WINDOW_MS - WINDOW_MS // 2


class Session:
    def __init__(self, server: Server, tools: Tools, folder: str, port: int | None, *, cache: bool = False, scrape: str = ""):
        self.server = server
        self.figures: list[Figure] = []
        self.process: subprocess.Popen | None = None
        self.idle: procfs.Memory | None = None
        self._tools = tools
        self._folder = folder
        data = os.path.join(folder, "data")
        os.makedirs(data)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(scrape or "global:\n  scrape_interval: 15s\n")
        self.options = Options(port or free_port(), data, config, cache)
        self.client = Client(self.options.port)

    # ---- the server's life

    def start(self) -> float:
        """Starts the server; the seconds until it answered a query, which it has then answered once."""
        begin = self._spawn()
        self._poll(begin, lambda: self.client.request("/api/v1/query", {"query": "vector(1)"}))
        return time.monotonic() - begin

    def start_until(self, family: str, newest_ms: int) -> float | None:
        """Starts the server; the seconds until a sample of `family` at `newest_ms` was answered, None where it is lost."""
        begin = self._spawn()
        query = f"count(count_over_time({family}[1s]))"
        found, give_up = False, None

        def asked_enough() -> bool:
            nonlocal found, give_up
            found = bool(self.client.value(query, newest_ms))
            give_up = give_up or time.monotonic() + _LOST_S
            return found or time.monotonic() > give_up

        self._poll(begin, asked_enough)
        return time.monotonic() - begin if found else None

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.client.close()
            children.end(self.process, how)
            self.process = None

    def close(self, keep: bool) -> None:
        self.stop(signal.SIGKILL)
        if not keep:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _spawn(self) -> float:
        if port_is_taken(self.options.port):
            raise Trouble(f"port {self.options.port} is taken")
        with open(self._log_path(), "ab") as log:
            begin = time.monotonic()
            self.process = children.start(self.server.argv(self.options), stdout=log, stderr=log, cwd=self._folder)
        return begin

    def _poll(self, begin: float, attempt, patience_s: float = 180.0) -> None:
        """Until `attempt` returns something true. What it finds before that is expected: nobody listens, or 503."""
        while True:
            if self.process.poll() is not None:
                raise Trouble(f"{self.server.title} ended with {self.process.returncode}: {self._last_words()}")
            try:
                if attempt():
                    return
            except (ApiError, OSError):
                pass
            if time.monotonic() > begin + patience_s:
                raise Trouble(f"{self.server.title} does not answer after {patience_s:.0f} s: {self._last_words()}")
            time.sleep(0.005)

    def _log_path(self) -> str:
        return os.path.join(self._folder, "log")

    def _last_words(self) -> str:
        with open(self._log_path(), "rb") as log:
            return log.read()[-500:].decode(errors="replace").strip()

    # ---- load

    def push_argv(self, *, series: int, steps: int, newest_ms: int, step_ms: int = STEP_MS, batch: int = 2000, connections: int = 1,
                  churn: float = 0, seed: int = SEED, profile: str = "mix", trace: bool = False) -> list[str]:
        argv = [
            self._tools.push,
            f"--url=http://127.0.0.1:{self.options.port}{self.server.write_path}",
            f"--step-ms={step_ms}",
            f"--start-ms={newest_ms - (steps - 1) * step_ms}",
            f"--batch={batch}",
            f"--connections={connections}",
            "--json",
        ]
        if trace:
            return argv + [f"--trace={self._tools.trace}"]
        argv += [f"--series={series}", f"--steps={steps}", f"--seed={seed}", f"--profile={profile}"]
        return argv + ([f"--churn={churn}"] if churn else [])

    def push(self, **kwargs) -> Load:
        """Pushes as fast as the server takes it. Every sample must be accepted."""
        child = children.start(self.push_argv(**kwargs), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = child.communicate()
        finally:
            children.end(child)
        try:
            told = json.loads(out.strip().splitlines()[-1])
        except (IndexError, ValueError) as error:
            raise Trouble(f"the load generator ended with {child.returncode}: {err.strip()[-300:]}") from error
        if told["failed"] or child.returncode:
            raise Trouble(f"{told['failed']} samples were not taken: {told['first_error']}")
        return Load(told["samples"], told["seconds"], told["body_bytes"], told["newest_ms"])

    def serve_targets(self, argv: list[str]) -> subprocess.Popen:
        return children.start([self._tools.targets, *argv], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    # ---- measuring

    def series(self, selector: str, start_ms: int, end_ms: int) -> list[dict[str, str]]:
        """The label sets that the server has."""
        bounds = {"match[]": selector, "start": start_ms // 1000, "end": end_ms // 1000}
        return json.loads(self.client.request("/api/v1/series", bounds))["data"]

    def note(self, label: str, unit: str, value: float, *, compared: bool = True, more_is_better: bool = False) -> None:
        self.figures.append(Figure(label, unit, value, compared, more_is_better))

    def cpu(self) -> float:
        return procfs.cpu_seconds(self.process.pid)

    def memory(self) -> procfs.Memory:
        return procfs.memory(self.process.pid)

    def disk(self) -> int:
        return procfs.disk_bytes(self.options.data)

    def settle(self, least_s: float = _FLUSHED_S, most_s: float = 25.0) -> None:
        """Waits for what a server does after its answers: at least `least_s`, then until it is idle for a second."""
        time.sleep(least_s)
        end = time.monotonic() + most_s - least_s
        while time.monotonic() < end:
            before = self.cpu()
            time.sleep(1)
            if self.cpu() - before < 0.03:
                return

    def measure_idle(self) -> None:
        """Memory after the start's one query. The first thing of a workload that compares memory."""
        time.sleep(1)
        self.idle = self.memory()
        self.note("RSS idle, after one query", "MB", self.idle.rss / 1e6)
        self.note("of it anonymous, idle", "MB", self.idle.anonymous / 1e6)

    def measure_load(self, load_once, series: int) -> Load:
        """CPU and memory of `load_once()`, which pushes and returns the Load; then the memory and disk that stay."""
        before = self.cpu()
        load = load_once()
        taken = self.cpu() - before
        self.settle()
        whole = self.cpu() - before
        self.note("CPU a sample, until quiet", "µs", whole / load.samples * 1e6)
        self.note("CPU a sample, until the last answer", "µs", taken / load.samples * 1e6)
        self.note("samples taken", "k/s", load.samples / max(load.seconds, 1e-9) / 1e3, more_is_better=True)
        memory = self.memory()
        self.note("RSS after load", "MB", memory.rss / 1e6)
        self.note("of it anonymous, after load", "MB", memory.anonymous / 1e6)
        self.note("RSS peak", "MB", memory.peak / 1e6)
        if self.idle:
            self.note("RSS above idle a series", "B", (memory.rss - self.idle.rss) / series)
        self.note("disk a sample, running", "B", self.disk() / load.samples)
        return load

    def measure_sealed(self, load: Load) -> None:
        size = self.server.sealed_bytes(self.options, self.client)
        self.note("disk a sample, after flush and merge", "B", size / load.samples)

    def measure_restart(self, how: int, label: str, newest_ms: int) -> None:
        self.stop(how)
        seconds = self.start_until(FAMILY, newest_ms)
        if seconds is None:
            progress(f"    {self.server.title} lost the newest sample by {label}")
        else:
            self.note(f"{label}, until the newest sample is answered", "s", seconds)
            self.note(f"{label}, CPU until then", "s", self.cpu())

    def measure_requests(self, label: str, requests: list, *, cpu_s: float = 0.3, wall_s: float = 2.0, least: int = 3) -> int:
        """CPU and wall of one round of `requests` ((path, params) each), repeated until `cpu_s` or `wall_s`. The bytes of a round."""
        size = sum(len(self.client.request(path, params)) for path, params in requests)  # Warms; not counted.
        cpu, begin, rounds = self.cpu(), time.monotonic(), 0
        walls = []
        while rounds < least or (self.cpu() - cpu < cpu_s and time.monotonic() - begin < wall_s):
            one = time.monotonic()
            for path, params in requests:
                self.client.request(path, params)
            walls.append(time.monotonic() - one)
            rounds += 1
        self.note(f"{label}: CPU", "ms", (self.cpu() - cpu) / rounds * 1e3)
        self.note(f"{label}: wall", "ms", sorted(walls)[len(walls) // 2] * 1e3)
        return size
