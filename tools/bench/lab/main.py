"""The command: which servers and workloads, in which order, for how long; the report at the end.

Workload by workload, each server in turn, so that what they are compared by is minutes apart at most. Every server has a fresh data
directory and starts anew with each workload.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from lab import children, servers, workloads
from lab.report import Report
from lab.session import Session, Tools, Trouble, free_port, port_is_taken, progress
from lab.client import ApiError

_GRACE_S = 15


class _OutOfTime(Exception):
    pass


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
    parser.add_argument("--port", type=int, default=None, help="listen here instead of on a free port")
    parser.add_argument("--keep", action="store_true", help="leave data directories and logs of the servers")
    parser.add_argument("--list", action="store_true", help="show the workloads and end")
    return parser.parse_args()


def _chosen(names: str, rows, key) -> list:
    """The rows that are named, in the order of the table; ends the program at an unknown name."""
    wanted = [name for name in names.split(",") if name]
    unknown = [name for name in wanted if name not in [key(row) for row in rows]]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(key(row) for row in rows)}")
    return [row for row in rows if not wanted or key(row) in wanted]


def _tools() -> Tools:
    root = os.path.dirname(os.path.dirname(os.getcwd()))
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


def _alarm(_signal, _frame) -> None:
    raise _OutOfTime


def _one(workload: workloads.Workload, server: servers.Server, tools: Tools, args: argparse.Namespace, now_ms: int) -> tuple:
    """Runs a workload on a server; (figures, what went wrong or None)."""
    folder = tempfile.mkdtemp(prefix=f"hearth-bench-{server.key}-", dir=args.data)
    session, targets, trouble = None, None, None
    signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, workload.estimate_s * 1.5 + _GRACE_S)
    try:
        scrape = ""
        if workload.targets:
            port = free_port()
            scrape = workloads.scrape_config(port)
        session = Session(server, tools, folder, args.port, cache=workload.cache, scrape=scrape)
        if workload.targets:
            targets = session.serve_targets(workloads.targets_argv(port))
        workload.run(session, now_ms)
    except _OutOfTime:
        trouble = f"stopped after {workload.estimate_s * 1.5 + _GRACE_S:.0f} s"
    except (Trouble, ApiError, OSError) as error:
        trouble = str(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if targets:
            trouble = trouble or _targets_trouble(targets)
        if session:
            session.close(args.keep)
        elif not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if args.keep:
        progress(f"    data and log: {folder}")
    return session.figures if session else [], trouble


def _targets_trouble(targets: subprocess.Popen) -> str | None:
    """Ends the targets; says so where they, not the server, set the pace."""
    children.end(targets)
    lines = targets.stdout.read().strip().splitlines()
    late = json.loads(lines[-1]).get("late", 0) if lines else 0
    return f"the targets were late with {late} steps" if late else None


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
    if port and port_is_taken(port):
        sys.exit(f"port {port} is taken")


def main() -> int:
    args = _arguments()
    if args.list:
        for workload in workloads.ALL:
            print(f"{workload.name:<14} {workload.estimate_s:>4} s a server  {workload.summary}")
        return 0
    tools = _tools()
    chosen_servers = _chosen(args.server, servers.ALL, lambda server: server.key)
    chosen = _chosen(args.workload, workloads.ALL, lambda workload: workload.name)
    if not args.workload and not tools.trace:
        chosen = [workload for workload in chosen if not workload.trace]
        progress("trace is left out: HEARTH_TRACE names no file")
    _check(chosen_servers, chosen, tools, args.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    total = sum(workload.estimate_s for workload in chosen) * len(chosen_servers)
    progress(f"{len(chosen)} workloads × {len(chosen_servers)} servers: about {total // 60} min {total % 60} s")
    report = Report(_machine(), {server.key: server.title for server in chosen_servers},
                    {server.key: server.version() for server in chosen_servers})
    begin = time.monotonic()
    interrupted = False
    try:
        for workload in chosen:
            now_ms = int(time.time() * 1000)
            for server in chosen_servers:
                progress(f"{workload.name}: {server.title} (about {workload.estimate_s} s)")
                one = time.monotonic()
                figures, trouble = _one(workload, server, tools, args, now_ms)
                report.add(workload.name, server.key, figures)
                if trouble:
                    report.troubles.append(f"{workload.name}, {server.title}: {trouble}")
                    progress(f"    {trouble}")
                progress(f"    {time.monotonic() - one:.0f} s; {time.monotonic() - begin:.0f} of {total} s")
    except KeyboardInterrupt:
        interrupted = True
        report.troubles.append("interrupted; what was measured before is above")
    finally:
        children.end_all()
    report.machine["Took"] = f"{time.monotonic() - begin:.0f} s"
    _write(report, os.path.join(os.path.dirname(os.path.dirname(os.getcwd())), args.out))
    return 130 if interrupted else 1 if report.troubles else 0


def _write(report: Report, folder: str) -> None:
    os.makedirs(folder, exist_ok=True)
    for name, text in (("report.md", report.markdown()), ("report.json", report.json())):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    print(report.markdown())
    progress(f"written to {folder}")


if __name__ == "__main__":
    sys.exit(main())
