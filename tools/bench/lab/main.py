"""The command: which servers and workloads, in which order, for how long; the report at the end.

Workload by workload, all servers side by side. Every server has a fresh data directory and starts anew with each workload.
"""

import argparse
import json
import os
import platform
import signal
import sys
import time

from lab import children, compare, runner, servers, workloads
from lab.report import Report
from lab.session import port_is_taken, progress
from lab.tools import Tools


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/bench/run.sh",
        description="Measures Hearth beside Prometheus and VictoriaMetrics.",
        epilog="Environment: HEARTH_BIN, PROMETHEUS_BIN, VICTORIA_METRICS_BIN (default: as found in PATH; run.sh builds Hearth), "
        "BENCH_PUSH_BIN, BENCH_TARGETS_BIN (run.sh builds them), HEARTH_TRACE (the recording for the workload trace).",
    )
    parser.add_argument("--workload", default="", help="names, comma separated; all when empty")
    parser.add_argument("--server", default="", help="hearth, prometheus, victoria-metrics, comma separated; all when empty")
    parser.add_argument("--out", default="bench-results", help="folder for report.md and report.json, from where run.sh lies two up")
    parser.add_argument("--data", default=None, help="where data directories are made; the system's temporary folder by default")
    parser.add_argument("--port", type=int, default=None,
                        help="the first server listens here and the others on the next ports, instead of on free ones")
    parser.add_argument("--keep", action="store_true", help="leave data directories and logs of the servers")
    parser.add_argument("--compare", nargs=2, metavar="JSON", help="show which ratios of two reports differ by more than 15 %%, and end")
    parser.add_argument("--list", action="store_true", help="show the workloads and end")
    return parser.parse_args()


def _chosen(names: str, rows, key) -> list:
    """The rows that are named, in the order of the table; ends the program at an unknown name."""
    wanted = [name for name in names.split(",") if name]
    unknown = [name for name in wanted if name not in [key(row) for row in rows]]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(key(row) for row in rows)}")
    return [row for row in rows if not wanted or key(row) in wanted]


def _root() -> str:
    """The repository's; run.sh starts the driver in tools/bench."""
    return os.path.dirname(os.path.dirname(os.getcwd()))


def _tools() -> Tools:
    root = _root()
    trace = os.environ.get("HEARTH_TRACE", os.path.join(root, "..", "shared", "traces", "exporters-20min.bin.zst"))
    return Tools(
        push=os.environ.get("BENCH_PUSH_BIN", os.path.join(root, "bazel-bin", "tools", "bench", "push")),
        targets=os.environ.get("BENCH_TARGETS_BIN", os.path.join(root, "bazel-bin", "tools", "bench", "targets")),
        trace=os.path.realpath(trace) if os.path.exists(trace) else None,
    )


def _machine() -> dict[str, str]:
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "Date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "Machine": f"{os.cpu_count()} × {model}, {memory:.0f} GB, Linux {platform.release()}",
        "Load average before the run": f"{os.getloadavg()[0]:.2f}",
    }


def _check(chosen_servers, chosen_workloads, tools: Tools, port: int | None) -> None:
    """Ends the program where something is missing, before anything is started."""
    for server in chosen_servers:
        if not server.binary():
            sys.exit(f"{server.title}: no {os.environ.get(server.environment) or server.default}; set {server.environment}")
    needed = {tools.push} | ({tools.targets} if any(w.targets for w in chosen_workloads) else set())
    for path in needed:
        if not os.access(path, os.X_OK):
            sys.exit(f"{path} is missing; tools/bench/run.sh builds it")
    if any(w.trace for w in chosen_workloads) and not tools.trace:
        sys.exit("the workload trace needs the recording; set HEARTH_TRACE")
    for number in range(len(chosen_servers)) if port else ():
        if port_is_taken(port + number):
            sys.exit(f"port {port + number} is taken")


def _compare(first: str, second: str) -> int:
    reports = []
    for path in (first, second):
        with open(os.path.join(_root(), path), encoding="utf-8") as file:
            reports.append(json.load(file))
    comparison = compare.compare(*reports)
    print(compare.shown(comparison), end="")
    return 1 if comparison.apart() else 0


def _list() -> int:
    for workload in workloads.ALL:
        print(f"{workload.name:<14} {workload.estimate_s:>5} s  {workload.summary}")
    return 0


def _run_all(chosen: list[workloads.Workload], setting: runner.Setting, report: Report) -> bool:
    """Runs the workloads and adds what they give to `report`. False once interrupted."""
    total = sum(workload.estimate_s for workload in chosen)
    progress(f"{len(chosen)} workloads, {len(setting.servers)} servers: about {total // 60} min {total % 60} s")
    begin = time.monotonic()
    for workload in chosen:
        progress(f"{workload.name} (about {workload.estimate_s} s)")
        one, outcome = time.monotonic(), runner.Outcome()
        try:
            runner.run(workload, setting, int(time.time() * 1000), outcome)
        except KeyboardInterrupt:
            outcome.trouble("interrupted; what was measured before stands")
            return False
        finally:
            _add(report, workload.name, outcome)
            progress(f"    {time.monotonic() - one:.0f} s; {time.monotonic() - begin:.0f} of {total} s")
    return True


def _add(report: Report, workload: str, outcome: runner.Outcome) -> None:
    for server, figures in outcome.figures.items():
        report.add(workload, server, figures)
    report.observed += [f"{workload}: {text}" for text in outcome.observed]
    report.troubles += [f"{workload}: {trouble}" for trouble in outcome.troubles]


def main() -> int:
    args = _arguments()
    if args.list:
        return _list()
    if args.compare:
        return _compare(*args.compare)
    tools = _tools()
    chosen_servers = _chosen(args.server, servers.ALL, lambda server: server.key)
    chosen = _chosen(args.workload, workloads.ALL, lambda workload: workload.name)
    if not args.workload and not tools.trace:
        chosen = [workload for workload in chosen if not workload.trace]
        progress("trace is left out: HEARTH_TRACE names no file")
    _check(chosen_servers, chosen, tools, args.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    report = Report(_machine(), {server.key: server.title for server in chosen_servers},
                    {server.key: server.version() for server in chosen_servers})
    begin = time.monotonic()
    try:
        whole = _run_all(chosen, runner.Setting(chosen_servers, tools, args.data, args.port, args.keep), report)
    finally:
        children.end_all()
    report.machine["Took"] = f"{time.monotonic() - begin:.0f} s"
    _write(report, os.path.join(_root(), args.out))
    return 130 if not whole else 1 if report.troubles else 0


def _write(report: Report, folder: str) -> None:
    os.makedirs(folder, exist_ok=True)
    for name, text in (("report.md", report.markdown()), ("report.json", report.json())):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    print(report.markdown())
    progress(f"written to {folder}")


if __name__ == "__main__":
    sys.exit(main())
