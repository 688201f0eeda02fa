"""The workloads: what the servers have to do, and how long that takes.

A workload is a function of a Lineup and of the moment it began; a row of ALL names it, says how long it takes with all three servers (the
driver stops it half as much later) and how the servers are to be set up. The driver closes them.
"""

from dataclasses import dataclass
from typing import Callable

from lab import crowd, idling, limiting, reading, restarting, ruling, scraping, soaking, writing
from lab.lineup import Lineup


@dataclass(frozen=True)
class Workload:
    name: str
    summary: str
    estimate_s: int  # With all servers.
    run: Callable[[Lineup, int], None]  # (the servers, not started; the workload's moment in ms)
    cache: bool = False
    targets: scraping.Shape | None = None  # Served, for the servers to scrape.
    trace: bool = False  # Needs the recording.
    flags: tuple[str, ...] = ()  # Of Hearth's command line.


ALL = (
    Workload("ingest-20k", "remote write, 20 000 series × 120 steps", 55, writing.ingest_20k),
    Workload("ingest-100k", "remote write, 100 000 series × 90 steps", 240, writing.ingest_100k),
    Workload("ingest-1m", "remote write, 1 000 000 series × 4 steps", 180, writing.ingest_1m),
    Workload("churn", "remote write, 20 000 series of which 1 % are replaced a step", 110, writing.churn),
    Workload("churn-soak", "remote write in real time, 20 000 series alive of which each lives two minutes, for ten", 640, soaking.churn_soak),
    Workload("scrape", "20 targets × 2 000 series at 1 s, gzip", 50, scraping.scrape, targets=scraping.EVERY_SECOND),
    Workload("scrape-1000", "1 000 targets × 500 series at 15 s, gzip", 130, scraping.scrape_1000, targets=scraping.THOUSAND),
    Workload("rules", "10 000 rules in 100 groups at 15 s over 100 000 scraped series; without VictoriaMetrics", 250, ruling.rules,
             targets=ruling.SHAPE),
    Workload("queries-2h", "range and instant queries over 2 h at 15 s, 1 000 series a metric; label calls", 210, reading.queries_2h),
    Workload("labels-2h", "the label calls of `queries-2h` alone", 50, reading.labels_2h),
    Workload("regex-100k", "regular expressions over 100 000 series, each with a pod of its own", 200, reading.regex_100k),
    Workload("labels-1m", "label calls on 1 000 000 series", 330, reading.labels_1m),
    Workload("long-range", "30 days at 5 min of 10 000 series; one metric over 1, 7, 30 days", 1800, reading.long_range),
    Workload("long-few", "30 days at 60 s of 200 series; the same queries, and windows of a day", 220, reading.long_few),
    Workload("month", "30 days at 15 s of 2 000 series: disk, bytes written, windows of a day", 1500, reading.month),
    Workload("restart", "20 000 series × 120 steps, then kill -9 and SIGTERM, seven times each", 90, restarting.restart),
    Workload("restart-100k", "100 000 series × 480 steps pushed at once, then kill -9", 600, restarting.restart_100k),
    Workload("memory-limit", "new series without end, known ones and heavy queries below --memory-limit=256MB; Hearth alone", 130,
             limiting.memory_limit, flags=limiting.FLAGS),
    Workload("small", "1 target × 160 series at 15 s and a few queries", 130, idling.small, targets=idling.SHAPE),
    Workload("dashboard", "12 panels of the last hour, every second", 60, reading.dashboard, cache=True),
    Workload("concurrency", "8 clients of one-series instant queries", 60, crowd.concurrency),
    Workload("writes-under-queries", "remote write of 40 000 samples a second while 20 clients ask heavy queries", 330,
             crowd.writes_under_queries),
    Workload("trace", "the recording of real exporters as 15 s steps; bytes a sample", 90, writing.trace, trace=True),
)
