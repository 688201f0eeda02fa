"""The workloads of scraping: all servers scrape the same targets at the same time."""

import time
from dataclasses import dataclass

from lab import procfs
from lab.lineup import Lineup
from lab.session import Session
from lab.trouble import Trouble


@dataclass(frozen=True)
class Shape:
    """What there is to scrape, and for how long."""

    targets: int
    series: int  # A target.
    interval_s: int
    warm_s: int
    measure_s: int  # Whole rounds.

    @property
    def scrapes(self) -> int:
        return self.targets * (self.measure_s // self.interval_s)


EVERY_SECOND = Shape(targets=20, series=2000, interval_s=1, warm_s=12, measure_s=30)
THOUSAND = Shape(targets=1000, series=500, interval_s=15, warm_s=35, measure_s=75)


def scrape_config(shape: Shape, port: int) -> str:
    """One job. All targets are one process: the path tells them apart, so the instance is set by hand."""
    lines = ["global:", f"  scrape_interval: {shape.interval_s}s", f"  scrape_timeout: {min(10, shape.interval_s)}s",
             "scrape_configs:", "  - job_name: bench", "    static_configs:"]
    for i in range(shape.targets):
        lines += [f"      - targets: ['127.0.0.1:{port}']", f"        labels: {{__metrics_path__: /t/{i}/metrics, instance: target-{i}}}"]
    return "\n".join(lines) + "\n"


def targets_argv(shape: Shape, tool: str, port: int) -> list[str]:
    return [tool, f"--listen=127.0.0.1:{port}", f"--targets={shape.targets}", f"--series={shape.series}", "--seed=7",
            f"--move-ms={shape.interval_s * 1000}", f"--duration-s={shape.warm_s + shape.measure_s + 120}"]


@dataclass(frozen=True)
class _Moment:
    time_s: float
    cpu_s: float
    memory: procfs.Memory


def _moment(session: Session) -> _Moment:
    return _Moment(time.time(), session.cpu(), session.memory())


def scrape(lineup: Lineup, _: int) -> None:
    _scrape(lineup, EVERY_SECOND)


def scrape_1000(lineup: Lineup, _: int) -> None:
    _scrape(lineup, THOUSAND)


def _scrape(lineup: Lineup, shape: Shape) -> None:
    lineup.each(Session.start)
    time.sleep(shape.warm_s)
    begin = lineup.each(_moment)
    time.sleep(shape.measure_s)
    end = lineup.each(_moment)
    lineup.each(lambda session: _note(session, shape, begin[session], end[session]))


def _note(session: Session, shape: Shape, begin: _Moment, end: _Moment) -> None:
    end_ms, seconds = int(end.time_s * 1000), int(end.time_s - begin.time_s)
    scrapes = session.client.value(f"sum(sum_over_time(up[{seconds}s]))", end_ms)
    samples = session.client.value(f"sum(sum_over_time(scrape_samples_scraped[{seconds}s]))", end_ms)
    if not scrapes or scrapes < 0.9 * shape.scrapes:
        raise Trouble(f"{scrapes} of {shape.scrapes} scrapes succeeded")
    taken = end.cpu_s - begin.cpu_s
    session.note("CPU a scraped sample", "µs", taken / samples * 1e6)
    session.note("CPU of a core", "%", taken / (end.time_s - begin.time_s) * 100)
    session.note("samples scraped", "k/s", samples / seconds / 1e3, compared=False)
    session.note("scrapes missed or failed", "", _missed(session, shape, end_ms, seconds), compared=False)
    session.note("RSS", "MB", end.memory.rss / 1e6)
    session.note("of it anonymous", "MB", end.memory.anonymous / 1e6)
    session.note("RSS peak", "MB", end.memory.peak / 1e6)
    session.note("disk", "MB", session.disk() / 1e6)


def _missed(session: Session, shape: Shape, end_ms: int, seconds: int) -> int:
    """Turns that fell out, by the distance of those before and after, and scrapes that failed."""
    missed = 0
    for samples in session.client.samples(f"up[{seconds}s]", end_ms):
        times = [t for t, _ in samples]
        missed += sum(round((b - a) / shape.interval_s) - 1 for a, b in zip(times, times[1:]))
        missed += sum(1 for _, up in samples if up == 0)
    return missed
