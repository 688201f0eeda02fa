"""The workloads: what each server has to do, and how long that takes.

A workload is a function of a Session; a row of ALL names it, says how long one server needs (the driver stops it half as much later)
and how the session is to be set up. The session is closed by the driver.
"""

import multiprocessing
import signal
import time
from dataclasses import dataclass
from typing import Callable

from lab import queries
from lab.client import Client
from lab.session import FAMILY, STEP_MS, Load, Session, Trouble, free_port, quiet_phase_ms

_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Workload:
    name: str
    summary: str
    estimate_s: int  # A server.
    run: Callable[[Session, int], None]  # (session, the moment of the workload's first server in ms)
    cache: bool = False
    targets: bool = False  # Serves targets, which the server scrapes.
    trace: bool = False  # Needs the recording.


# ---- writing


def _ingest(session: Session, newest_ms: int, *, series: int, steps: int, churn: float = 0, whole: bool = True) -> Load:
    session.start()
    session.measure_idle()
    load = session.measure_load(
        lambda: session.push(series=series, steps=steps, newest_ms=newest_ms, churn=churn), series)
    if whole:
        session.stop()
        session.note("disk a sample, stopped", "B", session.disk() / load.samples)
        session.start()
        session.measure_sealed(load)
    return load


def ingest_20k(session: Session, now_ms: int) -> None:
    _ingest(session, quiet_phase_ms(now_ms), series=20_000, steps=120)


def ingest_100k(session: Session, now_ms: int) -> None:
    _ingest(session, quiet_phase_ms(now_ms), series=100_000, steps=90)


def ingest_1m(session: Session, now_ms: int) -> None:
    _ingest(session, quiet_phase_ms(now_ms), series=1_000_000, steps=4, whole=False)


def churn(session: Session, now_ms: int) -> None:
    _ingest(session, quiet_phase_ms(now_ms), series=20_000, steps=120, churn=0.01)


_TRACE_ROUNDS, _TRACE_SERIES = 1200, 2100  # Of the recording; the series are a round number.


def trace(session: Session, now_ms: int) -> None:
    """Twenty minutes of one-second scrapes, each second read as a 15 s step: five hours."""
    session.start()
    session.measure_idle()
    load = session.measure_load(
        lambda: session.push(series=0, steps=_TRACE_ROUNDS, newest_ms=quiet_phase_ms(now_ms), trace=True),
        _TRACE_SERIES)
    session.measure_sealed(load)


_TARGETS, _TARGET_SERIES = 20, 2000
_WARM_S, _SCRAPE_S = 12, 30
TARGETS_LIFE_S = 180


def scrape_config(port: int) -> str:
    """One job at 1 s. All targets are one process: the path tells them apart, so the instance is set by hand."""
    lines = ["global:", "  scrape_interval: 1s", "  scrape_timeout: 1s", "scrape_configs:", "  - job_name: bench", "    static_configs:"]
    for i in range(_TARGETS):
        lines += [f"      - targets: ['127.0.0.1:{port}']", f"        labels: {{__metrics_path__: /t/{i}/metrics, instance: target-{i}}}"]
    return "\n".join(lines) + "\n"


def targets_argv(port: int) -> list[str]:
    return [f"--listen=127.0.0.1:{port}", f"--targets={_TARGETS}", f"--series={_TARGET_SERIES}", "--seed=7",
            f"--duration-s={TARGETS_LIFE_S}"]


def scrape(session: Session, _: int) -> None:
    session.start()
    time.sleep(_WARM_S)
    before, begin = session.cpu(), time.time()
    time.sleep(_SCRAPE_S)
    taken, end = session.cpu() - before, time.time()
    memory = session.memory()
    end_ms, seconds = int(end * 1000), int(end - begin)
    scrapes = session.client.value(f"sum(sum_over_time(up[{seconds}s]))", end_ms)
    samples = session.client.value(f"sum(sum_over_time(scrape_samples_scraped[{seconds}s]))", end_ms)
    if not scrapes or scrapes < 0.9 * _TARGETS * seconds:
        raise Trouble(f"{scrapes} of {_TARGETS * seconds} scrapes succeeded")
    session.note("CPU a scraped sample", "µs", taken / samples * 1e6)
    session.note("CPU of a core", "%", taken / (end - begin) * 100)
    session.note("samples scraped", "k/s", samples / seconds / 1e3, compared=False)
    session.note("RSS", "MB", memory.rss / 1e6)
    session.note("of it anonymous", "MB", memory.anonymous / 1e6)
    session.note("RSS peak", "MB", memory.peak / 1e6)
    session.note("disk", "MB", session.disk() / 1e6)


# ---- reading


def _load_2h(session: Session, newest_ms: int) -> None:
    """Two hours at 15 s: metrics of 1 000 series, two of integers and one of noisy floats."""
    session.start()
    session.push(series=3000, steps=480, newest_ms=newest_ms, profile="queries")
    session.settle(6)


def queries_2h(session: Session, now_ms: int) -> None:
    newest_ms = quiet_phase_ms(now_ms)
    _load_2h(session, newest_ms)
    for query in queries.RANGE_2H_INTS + queries.RANGE_2H_FLOATS + queries.RANGE_2H_RAW + queries.INSTANT:
        session.measure_requests(query.label(), [query.request(newest_ms)], wall_s=1.0)
    for label, path, params in queries.label_calls(newest_ms - 7_200_000, newest_ms):
        session.measure_requests(label, [(path, params)], wall_s=0.5)
    session.note("RSS after the queries", "MB", session.memory().rss / 1e6)
    session.note("RSS peak", "MB", session.memory().peak / 1e6)


def dashboard(session: Session, now_ms: int) -> None:
    """Twelve panels, asked again every second as a browser does; the last hour up to now."""
    newest_ms = now_ms // STEP_MS * STEP_MS
    session.start()
    session.push(series=3000, steps=300, newest_ms=newest_ms, profile="queries")
    session.settle()
    rounds, walls = 20, []
    before = session.cpu()
    begin = time.monotonic()
    for n in range(rounds):
        end_ms = int(time.time() * 1000) // STEP_MS * STEP_MS
        one = time.monotonic()
        for panel in queries.DASHBOARD:
            session.client.request(*panel.request(end_ms))
        walls.append(time.monotonic() - one)
        time.sleep(max(0.0, begin + n + 1 - time.monotonic()))
    session.note("CPU a refresh of 12 panels", "ms", (session.cpu() - before) / rounds * 1e3)
    session.note("wall of a refresh, median", "ms", sorted(walls)[rounds // 2] * 1e3)
    session.note("wall of a refresh, worst", "ms", max(walls) * 1e3)
    session.note("RSS", "MB", session.memory().rss / 1e6)


def long_range(session: Session, now_ms: int) -> None:
    """30 days at 5 min of 10 000 series, one metric's part of them read; then 200 series at 60 s."""
    newest_ms = quiet_phase_ms(now_ms)
    session.start()
    session.measure_idle()
    load = session.measure_load(
        lambda: session.push(series=10_000, steps=30 * 288, newest_ms=newest_ms, step_ms=300_000), 10_000)
    for query in queries.long_range(queries.INT_COUNTER, queries.FLOAT_GAUGE):
        session.measure_requests(_spanned("10 000 series", query), [query.request(newest_ms)])
    session.measure_sealed(load)


def long_few(session: Session, now_ms: int) -> None:
    newest_ms = quiet_phase_ms(now_ms)
    session.start()
    session.push(series=200, steps=30 * 1440, newest_ms=newest_ms, step_ms=60_000)
    session.settle()
    for query in queries.long_range(queries.INT_COUNTER, queries.FLOAT_GAUGE):
        session.measure_requests(_spanned("200 series", query), [query.request(newest_ms)])


def _spanned(what: str, query: queries.Query) -> str:
    return f"{what}, {query.span_s // 86400} d: {query.label()}"


_CLIENTS, _CLIENTS_S = 8, 6


def _ask(port: int, end_ms: int, instances: list[str], number: int, seconds: float, out) -> None:
    """A client of its own process: one-series instant queries, one after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    client, walls = Client(port), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        selector = instances[(number + len(walls)) % len(instances)]
        begin = time.monotonic()
        client.request("/api/v1/query", {"query": selector, "time": end_ms // 1000})
        walls.append(time.monotonic() - begin)
    out.put(walls)


def concurrency(session: Session, now_ms: int) -> None:
    newest_ms = quiet_phase_ms(now_ms)
    _load_2h(session, newest_ms)
    selectors = _one_series_selectors(session, newest_ms)
    out = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=_ask, args=(session.options.port, newest_ms, selectors, i, _CLIENTS_S, out), daemon=True)
        for i in range(_CLIENTS)
    ]
    before = session.cpu()
    for client in clients:
        client.start()
    walls = sorted(wall for _ in clients for wall in out.get())
    taken = session.cpu() - before
    for client in clients:
        client.join()
    session.note("CPU a query", "µs", taken / len(walls) * 1e6)
    session.note("queries answered", "/s", len(walls) / _CLIENTS_S, more_is_better=True)
    session.note("wall, median", "ms", walls[len(walls) // 2] * 1e3)
    session.note("wall, 99 %", "ms", walls[len(walls) * 99 // 100] * 1e3)
    session.note("RSS", "MB", session.memory().rss / 1e6)


def _one_series_selectors(session: Session, newest_ms: int, count: int = 50) -> list[str]:
    """Selectors with every label of a series, taken from the server itself, so they are the same for all."""
    series = session.series(FAMILY, newest_ms - 3_600_000, newest_ms)
    series.sort(key=lambda labels: sorted(labels.items()))
    return [
        FAMILY + "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__") + "}"
        for labels in series[:count]
    ]


# ---- restarting


def restart(session: Session, now_ms: int) -> None:
    newest_ms = quiet_phase_ms(now_ms)
    session.start()
    load = session.push(series=20_000, steps=120, newest_ms=newest_ms)
    session.settle()
    session.measure_restart(signal.SIGKILL, "restart after kill -9", load.newest_ms)
    session.settle(2, 10)
    session.measure_restart(signal.SIGTERM, "restart after SIGTERM", load.newest_ms)


def restart_100k(session: Session, now_ms: int) -> None:
    """Two hours of 15 s data of 100 000 series, as fast as they are taken; killed while none of it is older than a few seconds."""
    newest_ms = quiet_phase_ms(now_ms)
    session.start()
    load = session.push(series=100_000, steps=480, newest_ms=newest_ms, connections=2)
    before = session.memory()
    session.measure_restart(signal.SIGKILL, "restart after kill -9", load.newest_ms)
    after = session.memory()
    session.note("RSS before the kill", "MB", before.rss / 1e6)
    session.note("RSS after the replay", "MB", after.rss / 1e6)
    session.note("RSS after the replay to before the kill", "ratio", after.rss / before.rss)


ALL = (
    Workload("ingest-20k", "remote write, 20 000 series × 120 steps", 40, ingest_20k),
    Workload("ingest-100k", "remote write, 100 000 series × 90 steps", 130, ingest_100k),
    Workload("ingest-1m", "remote write, 1 000 000 series × 4 steps", 120, ingest_1m),
    Workload("churn", "remote write, 20 000 series of which 1 % are replaced a step", 60, churn),
    Workload("scrape", "20 targets × 2 000 series at 1 s, gzip", 50, scrape, targets=True),
    Workload("queries-2h", "range and instant queries over 2 h at 15 s, 1 000 series a metric; label calls", 40, queries_2h),
    Workload("long-range", "30 days at 5 min of 10 000 series; one metric over 1, 7, 30 days", 900, long_range),
    Workload("long-few", "30 days at 60 s of 200 series; the same queries", 90, long_few),
    Workload("restart", "20 000 series × 120 steps, then kill -9 and SIGTERM", 35, restart),
    Workload("restart-100k", "100 000 series × 480 steps pushed at once, then kill -9", 75, restart_100k),
    Workload("dashboard", "12 panels of the last hour, every second", 45, dashboard, cache=True),
    Workload("concurrency", "8 clients of one-series instant queries", 30, concurrency),
    Workload("trace", "the recording of real exporters as 15 s steps; bytes a sample", 40, trace, trace=True),
)
