"""Series that come and go, in real time: whether memory stays where it is."""

import os
import time
from dataclasses import dataclass, field

from lab.lineup import Lineup
from lab.push import Plan, PushInTurns
from lab.session import Session, progress
from lab.writing import start_idle

_ALIVE, _LIFE_STEPS = 20_000, 8  # Each series lives for two minutes.
_STEP_S = 15
_STEPS = int(os.environ.get("HEARTH_SOAK_MINUTES", "10")) * 60 // _STEP_S
_RAMP_S = 120  # Until then every server grows: nothing has stopped.
_SAMPLE_S = 1


@dataclass
class _Soak:
    push: PushInTurns
    cpu_before: float
    resident: list[tuple[float, int]] = field(default_factory=list)  # Seconds since the load began, bytes.


def churn_soak(lineup: Lineup, now_ms: int) -> None:
    idle = start_idle(lineup)
    begin = time.time()
    newest_ms = int(begin * 1000) + (_STEPS - 1) * _STEP_S * 1000
    plan = Plan(newest_ms, series=_ALIVE, steps=_STEPS, step_ms=_STEP_S * 1000, churn=1 / _LIFE_STEPS)
    soaks = lineup.each(lambda session: _Soak(session.push_in_turns(plan, turn_samples=_ALIVE), session.cpu()))
    try:
        lineup.each(lambda session: soaks[session].push.ready())
        for step in range(_STEPS):
            lineup.each(lambda session: soaks[session].push.turn())
            _watch(lineup, soaks, begin, begin + (step + 1) * _STEP_S)
            if step % 4 == 3:
                progress(f"    soaking: {step + 1} of {_STEPS} steps; " + ", ".join(
                    f"{session.server.title} {soaks[session].resident[-1][1] / 1e6:.1f} MB" for session in lineup.sessions))
        lineup.each(lambda session: _note(session, soaks[session], idle[session].rss))
    finally:
        for soak in soaks.values():
            soak.push.end()


def _watch(lineup: Lineup, soaks: dict[Session, _Soak], begin: float, until: float) -> None:
    while True:
        passed = time.time() - begin
        lineup.each(lambda session: soaks[session].resident.append((passed, session.memory().rss)))
        if (left := until - time.time()) <= 0:
            return
        time.sleep(min(left, _SAMPLE_S))


def _note(session: Session, soak: _Soak, idle: int) -> None:
    steady = [rss for passed, rss in soak.resident if passed > _RAMP_S]
    least, most = min(steady), max(steady)
    session.note("RSS after the second minute, most", "MB", most / 1e6)
    session.note("RSS after the second minute, least", "MB", least / 1e6)
    session.note("most above least", "%", (most / least - 1) * 100)
    session.note("RSS above idle a live series, at most", "B", (most - idle) / _ALIVE)
    session.note("CPU a sample", "µs", (session.cpu() - soak.cpu_before) / (_ALIVE * _STEPS) * 1e6)
    session.note("disk", "MB", session.disk() / 1e6)
