"""The workload of a small installation: one target, a few queries."""

import time

from lab.lineup import Lineup
from lab.scraping import Shape
from lab.session import Session
from lab.trouble import Trouble

SHAPE = Shape(targets=1, series=160, interval_s=15, warm_s=0, measure_s=120)
_STEP_S = 15
_RANGE_S = 300
_QUERIES = ("up", "sum by (mode) (rate({__name__=~'bench.+'}[1m]))", "count({job='bench'})")


def small(lineup: Lineup, _: int) -> None:
    lineup.each(Session.start)
    before = lineup.each(Session.cpu)
    for _step in range(SHAPE.measure_s // _STEP_S):
        lineup.each(_ask)
        time.sleep(_STEP_S)
    lineup.each(lambda session: _note(session, before[session]))


def _ask(session: Session) -> None:
    now = time.time()
    for query in _QUERIES:
        session.client.request("/api/v1/query_range", {"query": query, "start": now - _RANGE_S, "end": now, "step": _STEP_S})


def _note(session: Session, cpu_before: float) -> None:
    scraped = session.client.value("scrape_samples_scraped", int(time.time() * 1000))
    if scraped != SHAPE.series:
        raise Trouble(f"the last scrape had {scraped} of {SHAPE.series} series")
    memory = session.memory()
    session.note("RSS peak", "MB", memory.peak / 1e6)
    session.note("RSS", "MB", memory.rss / 1e6)
    session.note("of it anonymous", "MB", memory.anonymous / 1e6)
    session.note("CPU of a core", "%", (session.cpu() - cpu_before) / SHAPE.measure_s * 100)
    session.note("disk", "MB", session.disk() / 1e6)
