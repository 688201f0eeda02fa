"""The workload of scraping: all servers scrape the same targets at the same time."""

import time
from dataclasses import dataclass

from lab import procfs
from lab.lineup import Lineup
from lab.session import Session
from lab.trouble import Trouble

_TARGETS, _TARGET_SERIES = 20, 2000
_WARM_S, _SCRAPE_S = 12, 30
_TARGETS_LIFE_S = 180


def scrape_config(port: int) -> str:
    """One job at 1 s. All targets are one process: the path tells them apart, so the instance is set by hand."""
    lines = ["global:", "  scrape_interval: 1s", "  scrape_timeout: 1s", "scrape_configs:", "  - job_name: bench", "    static_configs:"]
    for i in range(_TARGETS):
        lines += [f"      - targets: ['127.0.0.1:{port}']", f"        labels: {{__metrics_path__: /t/{i}/metrics, instance: target-{i}}}"]
    return "\n".join(lines) + "\n"


def targets_argv(tool: str, port: int) -> list[str]:
    return [tool, f"--listen=127.0.0.1:{port}", f"--targets={_TARGETS}", f"--series={_TARGET_SERIES}", "--seed=7",
            f"--duration-s={_TARGETS_LIFE_S}"]


@dataclass(frozen=True)
class _Moment:
    time_s: float
    cpu_s: float
    memory: procfs.Memory


def _moment(session: Session) -> _Moment:
    return _Moment(time.time(), session.cpu(), session.memory())


def scrape(lineup: Lineup, _: int) -> None:
    lineup.each(Session.start)
    time.sleep(_WARM_S)
    begin = lineup.each(_moment)
    time.sleep(_SCRAPE_S)
    end = lineup.each(_moment)
    lineup.each(lambda session: _note(session, begin[session], end[session]))


def _note(session: Session, begin: _Moment, end: _Moment) -> None:
    end_ms, seconds = int(end.time_s * 1000), int(end.time_s - begin.time_s)
    scrapes = session.client.value(f"sum(sum_over_time(up[{seconds}s]))", end_ms)
    samples = session.client.value(f"sum(sum_over_time(scrape_samples_scraped[{seconds}s]))", end_ms)
    if not scrapes or scrapes < 0.9 * _TARGETS * seconds:
        raise Trouble(f"{scrapes} of {_TARGETS * seconds} scrapes succeeded")
    taken = end.cpu_s - begin.cpu_s
    session.note("CPU a scraped sample", "µs", taken / samples * 1e6)
    session.note("CPU of a core", "%", taken / (end.time_s - begin.time_s) * 100)
    session.note("samples scraped", "k/s", samples / seconds / 1e3, compared=False)
    session.note("RSS", "MB", end.memory.rss / 1e6)
    session.note("of it anonymous", "MB", end.memory.anonymous / 1e6)
    session.note("RSS peak", "MB", end.memory.peak / 1e6)
    session.note("disk", "MB", session.disk() / 1e6)
