"""Workloads of remote write."""

import time

from lab import procfs
from lab.lineup import Lineup
from lab.loading import Loaded, load_in_turns
from lab.push import Plan
from lab.session import Session, quiet_phase_ms


def start_idle(lineup: Lineup) -> dict[Session, procfs.Memory]:
    """Starts the servers and notes their memory one second after the start's one query."""

    def one(session: Session) -> procfs.Memory:
        session.start()
        time.sleep(1)
        idle = session.memory()
        session.note("RSS idle, after one query", "MB", idle.rss / 1e6)
        session.note("of it anonymous, idle", "MB", idle.anonymous / 1e6)
        return idle

    return lineup.each(one)


def measured_load(lineup: Lineup, plan: Plan, idle: dict[Session, procfs.Memory]) -> dict[Session, Loaded]:
    """Loads in turns and waits until all are quiet; notes CPU, memory and disk."""
    loaded = load_in_turns(lineup, plan)
    lineup.settle()
    lineup.each(lambda session: _note_load(session, loaded[session], plan.series, idle[session]))
    return loaded


def _note_load(session: Session, loaded: Loaded, series: int, idle: procfs.Memory) -> None:
    samples, seconds = loaded.load.samples, loaded.load.seconds
    session.note("CPU a sample, until quiet", "µs", (session.cpu() - loaded.cpu_before) / samples * 1e6)
    session.note("CPU a sample, until the last answer", "µs", (loaded.cpu_at_last_answer - loaded.cpu_before) / samples * 1e6)
    session.note("samples taken", "k/s", samples / max(seconds, 1e-9) / 1e3, more_is_better=True)
    memory = session.memory()
    session.note("RSS after load", "MB", memory.rss / 1e6)
    session.note("of it anonymous, after load", "MB", memory.anonymous / 1e6)
    session.note("RSS peak", "MB", memory.peak / 1e6)
    session.note("RSS above idle a series", "B", (memory.rss - idle.rss) / series)
    session.note("disk a sample, running", "B", session.disk() / samples)


def note_sealed(lineup: Lineup, loaded: dict[Session, Loaded]) -> None:
    lineup.each(lambda session: session.note(
        "disk a sample, after flush and merge", "B", session.sealed_bytes() / loaded[session].load.samples))


def _note_stopped(session: Session, loaded: Loaded) -> None:
    session.stop()
    session.note("disk a sample, stopped", "B", session.disk() / loaded.load.samples)
    session.start()


def _ingest(lineup: Lineup, plan: Plan) -> None:
    loaded = measured_load(lineup, plan, start_idle(lineup))
    lineup.each(lambda session: _note_stopped(session, loaded[session]))
    note_sealed(lineup, loaded)


def ingest_20k(lineup: Lineup, now_ms: int) -> None:
    _ingest(lineup, Plan(quiet_phase_ms(now_ms), series=20_000, steps=120))


def ingest_100k(lineup: Lineup, now_ms: int) -> None:
    _ingest(lineup, Plan(quiet_phase_ms(now_ms), series=100_000, steps=90))


def ingest_1m(lineup: Lineup, now_ms: int) -> None:
    measured_load(lineup, Plan(quiet_phase_ms(now_ms), series=1_000_000, steps=4), start_idle(lineup))


def churn(lineup: Lineup, now_ms: int) -> None:
    _ingest(lineup, Plan(quiet_phase_ms(now_ms), series=20_000, steps=120, churn=0.01))


_TRACE_ROUNDS, _TRACE_SERIES = 1200, 2100  # Of the recording; the series are a round number.


def trace(lineup: Lineup, now_ms: int) -> None:
    """Twenty minutes of one-second scrapes, each second read as a 15 s step: five hours."""
    plan = Plan(quiet_phase_ms(now_ms), series=_TRACE_SERIES, steps=_TRACE_ROUNDS, trace=True)
    loaded = measured_load(lineup, plan, start_idle(lineup))
    note_sealed(lineup, loaded)
