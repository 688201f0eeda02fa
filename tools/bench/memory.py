#!/usr/bin/env python3
"""Two figures of memory, of an optimised Hearth alone:

    tools/bench/memory.py limit --hearth bazel-bin/server/hearth --push bazel-bin/tools/bench/push
        a load that wants more than --memory-limit allows: new series without end, known ones, heavy queries
    tools/bench/memory.py small --hearth bazel-bin/server/hearth --targets bazel-bin/tools/bench/targets
        160 series at 15 s, scraped, and a few queries

Prints one line of JSON: the resident memory (its peak first), what it consists of, what was refused. Exit code 1 when a bound was passed.
"""

import argparse
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

_MB = 1 << 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A Hearth of its own, with its resident memory watched from start to end."""

    def __init__(self, binary: str, folder: str, port: int, config: str, flags: list[str]):
        self.url = f"http://127.0.0.1:{port}"
        with open(f"{folder}/prometheus.yml", "w", encoding="utf-8") as file:
            file.write(config)
        argv = [binary, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", *flags]
        with open(f"{folder}/log", "ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log)
        self.peak = 0
        self._watching = True
        self._watch = threading.Thread(target=self._keep_peak)
        self._watch.start()

    def resident(self) -> int:
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) * 1024

    def _keep_peak(self) -> None:
        while self._watching and self.process.poll() is None:
            self.peak = max(self.peak, self.resident())
            time.sleep(0.02)

    def get(self, path: str, **parameters: str) -> tuple[int, str]:
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        try:
            with urllib.request.urlopen(self.url + path + query, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_until_ready(self) -> None:
        while self.get("/-/ready")[0] != 200:
            if self.process.poll() is not None:
                sys.exit("hearth ended")
            time.sleep(0.05)

    def metrics(self, prefix: str) -> dict[str, float]:
        lines = self.get("/metrics")[1].splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith(prefix))}

    def parts(self) -> dict[str, float]:
        found = self.metrics("hearth_memory_bytes")
        return {re.search(r'part="(\w+)"', name).group(1): round(value / _MB, 2) for name, value in found.items()}

    def close(self) -> int:
        self._watching = False
        self._watch.join()
        self.process.terminate()
        return self.process.wait(timeout=60)


def limit(options: argparse.Namespace, folder: str) -> dict:
    port = free_port()
    server = Server(options.hearth, folder, port, "", [f"--memory-limit={options.limit_mb}MB"])
    server.wait_until_ready()
    write = f"{server.url}/api/v1/write"
    pushes = []
    for name, flags in {"known": ["--series", "5000", "--steps", "3000", "--step-ms", "1000", "--rate", "20000"],
                        "new": ["--series", "4000000", "--steps", "1", "--connections", "2"],
                        "churn": ["--series", "20000", "--steps", "1000", "--step-ms", "1000", "--churn", "0.2"]}.items():
        argv = [options.push, "--url", write, "--label", f"load={name}", "--timeout", str(options.seconds), "--json", *flags]
        pushes.append(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
    answers: dict[str, int] = {}
    began = time.monotonic()
    while time.monotonic() < began + options.seconds and server.process.poll() is None:
        for query in ('count({load="known"})', 'sum by (pod, instance, mode) (rate({load=~".+"}[30m]))', '{load="new"}'):
            status, _ = server.get("/api/v1/query", query=query)
            answers[f"query {status}"] = answers.get(f"query {status}", 0) + 1
        status, _ = server.get("/-/healthy")
        answers[f"healthy {status}"] = answers.get(f"healthy {status}", 0) + 1
        time.sleep(0.5)
    for push in pushes:
        push.terminate()
        push.wait()
    result = {"peak_mb": round(server.peak / 1e6, 1), "end_mb": round(server.resident() / 1e6, 1), "alive": server.process.poll() is None,
              "series": server.metrics("prometheus_tsdb_head_series ").get("prometheus_tsdb_head_series"), "answers": answers,
              "refusals": server.metrics("hearth_memory_refusals_total"), "early_flushes": server.metrics("hearth_tsdb_early_flushes_total"),
              "parts_mib": server.parts()}
    result["clean_exit"] = server.close() == 0
    # As 300 MB are to 256.
    result["ok"] = result["alive"] and result["peak_mb"] * 1e6 < options.limit_mb * _MB * 300 / 256
    return result


def small(options: argparse.Namespace, folder: str) -> dict:
    targets_port, port = free_port(), free_port()
    targets = subprocess.Popen([options.targets, "--listen", f"127.0.0.1:{targets_port}", "--targets", "1", "--series", "160"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    config = ("scrape_configs:\n- job_name: small\n  scrape_interval: 15s\n  metrics_path: /t/0/metrics\n"
              f"  static_configs:\n  - targets: ['127.0.0.1:{targets_port}']\n")
    server = Server(options.hearth, folder, port, config, [])
    server.wait_until_ready()
    samples = []
    began = time.monotonic()
    while time.monotonic() < began + options.seconds:
        now = time.time()
        for query in ("up", "sum by (mode) (rate({__name__=~'bench.+'}[1m]))", "count({job='small'})"):
            server.get("/api/v1/query_range", query=query, start=str(now - 300), end=str(now), step="15")
        samples.append(server.resident())
        time.sleep(min(15, options.seconds / 10))
    _, series = server.get("/api/v1/query", query="scrape_samples_scraped")
    result = {"peak_mb": round(server.peak / 1e6, 1), "end_mb": round(samples[-1] / 1e6, 1), "parts_mib": server.parts(),
              "scraped": json.loads(series)["data"]["result"][:1]}
    targets.terminate()
    targets.wait()
    result["clean_exit"] = server.close() == 0
    result["ok"] = result["peak_mb"] < 30
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", choices=["limit", "small"])
    parser.add_argument("--hearth", default="bazel-bin/server/hearth")
    parser.add_argument("--push", default="bazel-bin/tools/bench/push")
    parser.add_argument("--targets", default="bazel-bin/tools/bench/targets")
    parser.add_argument("--limit-mb", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="hearth-memory-")
    try:
        result = (limit if options.figure == "limit" else small)(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
