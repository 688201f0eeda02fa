"""One server under one workload: start, measure, stop. It is one of a Lineup, which says when.

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

from lab import children, procfs
from lab.client import ApiError, Client
from lab.figure import Figure
from lab.push import Load, Plan, PushInTurns, push_whole
from lab.servers import Options, Server
from lab.tools import Tools
from lab.trouble import Trouble

WINDOW_MS = 2 * 3600 * 1000
# A server that answers, but without a sample, for this long has lost it.
_LOST_S = 10
FAMILY = "bench_counter_int_0"  # The generator has it in every profile with integers.


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
    def __init__(self, server: Server, tools: Tools, folder: str, port: int | None, *, cache: bool = False, scrape: str = "",
                 flags: tuple[str, ...] = ()):
        """`folder` exists and is this session's own; `scrape` is a Prometheus configuration, "" for one without targets; `flags` are
        Hearth's."""
        self.server = server
        self.folder = folder
        self.figures: list[Figure] = []
        self.observed: list[str] = []  # What is no figure, but belongs into the report.
        self.process: subprocess.Popen | None = None
        self._tools = tools
        data = os.path.join(folder, "data")
        os.makedirs(data)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(scrape or "global:\n  scrape_interval: 15s\n")
        self.options = Options(port or free_port(), data, config, cache, flags)
        self.client = Client(self.options.port)

    # ---- the server's life

    def start(self) -> None:
        """Starts the server and waits until it has answered a query, once."""
        begin = self._spawn()
        self._poll(begin, lambda: self.client.request("/api/v1/query", {"query": "vector(1)"}))

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
            shutil.rmtree(self.folder, ignore_errors=True)

    def _spawn(self) -> float:
        if port_is_taken(self.options.port):
            raise Trouble(f"port {self.options.port} is taken")
        with open(self._log_path(), "ab") as log:
            begin = time.monotonic()
            self.process = children.start(self.server.argv(self.options), stdout=log, stderr=log, cwd=self.folder)
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
        return os.path.join(self.folder, "log")

    def _last_words(self) -> str:
        with open(self._log_path(), "rb") as log:
            return log.read()[-500:].decode(errors="replace").strip()

    # ---- load

    def push_in_turns(self, plan: Plan, turn_samples: int | None = None) -> PushInTurns:
        return PushInTurns(plan, self._tools, self._write_url(), turn_samples)

    def push_whole(self, plan: Plan, patience_s: float) -> Load:
        return push_whole(plan, self._tools, self._write_url(), patience_s)

    def start_push(self, flags: list[str]) -> subprocess.Popen:
        """A load that runs until it is ended; what it says is lost."""
        argv = [self._tools.push, f"--url={self._write_url()}", *flags]
        return children.start(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _write_url(self) -> str:
        return f"http://127.0.0.1:{self.options.port}{self.server.write_path}"

    # ---- measuring

    def series(self, selector: str, start_ms: int, end_ms: int) -> list[dict[str, str]]:
        """The label sets that the server has."""
        bounds = {"match[]": selector, "start": start_ms // 1000, "end": end_ms // 1000}
        return json.loads(self.client.request("/api/v1/series", bounds))["data"]

    def note(self, label: str, unit: str, value: float, *, compared: bool = True, more_is_better: bool = False) -> None:
        self.figures.append(Figure(label, unit, value, compared, more_is_better))

    def observe(self, text: str) -> None:
        self.observed.append(text)
        progress(f"    {self.server.title} {text}")

    def cpu(self) -> float:
        return procfs.cpu_seconds(self.process.pid)

    def memory(self) -> procfs.Memory:
        return procfs.memory(self.process.pid)

    def disk(self) -> int:
        return procfs.disk_bytes(self.options.data)

    def written(self) -> int:
        return procfs.written_bytes(self.process.pid)

    def sealed_bytes(self) -> int:
        return self.server.sealed_bytes(self.options, self.client)
