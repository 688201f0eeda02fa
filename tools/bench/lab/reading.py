"""Workloads of queries over data that was pushed before."""

import time
from dataclasses import dataclass, field

from lab import queries, turns
from lab.asking import measure_request
from lab.lineup import FLUSHED_S, Lineup
from lab.loading import load_in_turns
from lab.push import STEP_MS, Plan
from lab.session import Session, progress, quiet_phase_ms
from lab.writing import measured_load, note_sealed, start_idle


def load_for_queries(lineup: Lineup, plan: Plan, settle_s: float = FLUSHED_S) -> None:
    lineup.each(Session.start)
    load_in_turns(lineup, plan)
    lineup.settle(settle_s)


def two_hours(newest_ms: int) -> Plan:
    """Two hours at 15 s: metrics of 1 000 series, two of integers and one of noisy floats."""
    return Plan(newest_ms, series=3000, steps=480, profile="queries")


def queries_2h(lineup: Lineup, now_ms: int) -> None:
    newest_ms = quiet_phase_ms(now_ms)
    load_for_queries(lineup, two_hours(newest_ms), settle_s=6)
    for query in queries.RANGE_2H_INTS + queries.RANGE_2H_FLOATS + queries.RANGE_2H_RAW + queries.INSTANT:
        progress(f"    {query.label()}")
        measure_request(lineup, query.label(), query.request(newest_ms), budget_s=7.0)
    _measure_labels(lineup, queries.label_calls(newest_ms - 7_200_000, newest_ms))
    lineup.each(_note_memory)


def _measure_labels(lineup: Lineup, calls) -> None:
    for label, path, params in calls:
        progress(f"    {label}")
        measure_request(lineup, label, (path, params), budget_s=4.0)


def labels_2h(lineup: Lineup, now_ms: int) -> None:
    newest_ms = quiet_phase_ms(now_ms)
    load_for_queries(lineup, two_hours(newest_ms), settle_s=6)
    _measure_labels(lineup, queries.label_calls(newest_ms - 7_200_000, newest_ms))


def regex_100k(lineup: Lineup, now_ms: int) -> None:
    newest_ms = quiet_phase_ms(now_ms)
    load_for_queries(lineup, Plan(newest_ms, series=100_000, steps=21), settle_s=6)
    for query in queries.REGEX:
        progress(f"    {query.label()}")
        measure_request(lineup, query.label(), query.request(newest_ms), budget_s=6.0)
    lineup.each(_note_memory)


def labels_1m(lineup: Lineup, now_ms: int) -> None:
    newest_ms = quiet_phase_ms(now_ms)
    load_for_queries(lineup, Plan(newest_ms, series=1_000_000, steps=2), settle_s=6)
    _measure_labels(lineup, queries.label_calls_1m(newest_ms - 7_200_000, newest_ms))
    lineup.each(_note_memory)


def _note_memory(session: Session) -> None:
    memory = session.memory()
    session.note("RSS after the queries", "MB", memory.rss / 1e6)
    session.note("RSS peak", "MB", memory.peak / 1e6)


def long_range(lineup: Lineup, now_ms: int) -> None:
    """30 days at 5 min of 10 000 series, one metric's part of them read."""
    newest_ms = quiet_phase_ms(now_ms)
    plan = Plan(newest_ms, series=10_000, steps=30 * 288, step_ms=300_000)
    loaded = measured_load(lineup, plan, start_idle(lineup))
    note_sealed(lineup, loaded)
    _ask_long(lineup, "10 000 series", newest_ms)


def long_few(lineup: Lineup, now_ms: int) -> None:
    """What a month takes to arrive is loaded in a minute: the servers merge it before they are asked, as they would have."""
    newest_ms = quiet_phase_ms(now_ms)
    load_for_queries(lineup, Plan(newest_ms, series=200, steps=30 * 1440, step_ms=60_000))
    lineup.each(Session.sealed_bytes)
    _ask_long(lineup, "200 series", newest_ms)
    for query in queries.DAY_WINDOWS:
        label = f"200 series, 30 d at 1 000 steps: {query.label()}"
        progress(f"    {label}")
        measure_request(lineup, label, query.request(newest_ms))


def month(lineup: Lineup, now_ms: int) -> None:
    """30 days at 15 s of 2 000 series: what they take on disk, what was written for that, and windows of a day over all of it."""
    newest_ms = quiet_phase_ms(now_ms)
    loaded = measured_load(lineup, Plan(newest_ms, series=2000, steps=30 * 5760), start_idle(lineup))
    note_sealed(lineup, loaded)
    lineup.each(lambda session: session.note("bytes written a sample", "B", session.written() / loaded[session].load.samples))
    for query in queries.MONTH:
        progress(f"    {query.label()}")
        measure_request(lineup, f"{query.label()}, {query.span_s // 86400} d in steps of {query.step_s} s", query.request(newest_ms))
    lineup.each(lambda session: session.note("RSS peak with the queries", "MB", session.memory().peak / 1e6))


def _ask_long(lineup: Lineup, what: str, newest_ms: int) -> None:
    for query in queries.long_range(queries.INT_COUNTER, queries.FLOAT_GAUGE):
        label = f"{what}, {query.span_s // 86400} d: {query.label()}"
        progress(f"    {label}")
        measure_request(lineup, label, query.request(newest_ms))


_REFRESHES = 20


@dataclass
class _Board:
    """A browser's view of one server."""

    cpu_before: float
    walls: list[float] = field(default_factory=list)


def dashboard(lineup: Lineup, now_ms: int) -> None:
    """Twelve panels of each server, asked again every second as browsers do; the last hour up to now."""
    load_for_queries(lineup, Plan(now_ms // STEP_MS * STEP_MS, series=3000, steps=300, profile="queries"))
    boards = lineup.each(lambda session: _Board(session.cpu()))
    begin = time.monotonic()
    for n in range(_REFRESHES):
        end_ms = int(time.time() * 1000) // STEP_MS * STEP_MS
        lineup.a_round(n, lineup.sessions, lambda session: _refresh(session, boards[session], end_ms))
        time.sleep(max(0.0, begin + n + 1 - time.monotonic()))
    lineup.each(lambda session: _note_board(session, boards[session]))


def _refresh(session: Session, board: _Board, end_ms: int) -> None:
    begin = time.monotonic()
    for panel in queries.DASHBOARD:
        session.client.request(*panel.request(end_ms))
    board.walls.append(time.monotonic() - begin)


def _note_board(session: Session, board: _Board) -> None:
    session.note("CPU a refresh of 12 panels", "ms", (session.cpu() - board.cpu_before) / _REFRESHES * 1e3)
    session.note("wall of a refresh, median", "ms", turns.median(board.walls) * 1e3)
    session.note("wall of a refresh, worst", "ms", max(board.walls) * 1e3)
    session.note("RSS", "MB", session.memory().rss / 1e6)
