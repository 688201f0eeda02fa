"""Workloads of restarts."""

import signal
from dataclasses import dataclass

from lab import turns
from lab.lineup import Lineup
from lab.loading import load_in_turns
from lab.push import Plan
from lab.session import FAMILY, Session, quiet_phase_ms

_REPEATS = 7


@dataclass(frozen=True)
class _Restart:
    seconds: float  # Until the newest sample was answered.
    cpu_s: float  # Until then.


def _restart(session: Session, how: int, label: str, newest_ms: int) -> _Restart | None:
    """None where the sample is lost, which the report says."""
    session.stop(how)
    seconds = session.start_until(FAMILY, newest_ms)
    if seconds is None:
        session.observe(f"lost the newest sample by {label}")
        return None
    return _Restart(seconds, session.cpu())


def _note(session: Session, label: str, restarts: list[_Restart]) -> None:
    session.note(f"{label}, until the newest sample is answered", "s", turns.median([one.seconds for one in restarts]))
    session.note(f"{label}, CPU until then", "s", turns.median([one.cpu_s for one in restarts]))


def _measure(lineup: Lineup, how: int, label: str, newest_ms: int) -> None:
    """Restarts one server after the other, several rounds. One that has lost the sample is not asked again."""
    restarts: dict[Session, list[_Restart]] = {session: [] for session in lineup.sessions}
    for number in range(_REPEATS):
        having = [session for session in lineup.sessions if session in restarts]
        for session, one in lineup.a_round(number, having, lambda session: _restart(session, how, label, newest_ms)).items():
            if one:
                restarts[session].append(one)
            else:
                del restarts[session]
        lineup.settle(2, 10)
    for session in lineup.sessions:
        if session in restarts:
            _note(session, label, restarts[session])


def restart(lineup: Lineup, now_ms: int) -> None:
    lineup.each(Session.start)
    newest_ms = quiet_phase_ms(now_ms)
    load_in_turns(lineup, Plan(newest_ms, series=20_000, steps=120))
    lineup.settle()
    _measure(lineup, signal.SIGKILL, "restart after kill -9", newest_ms)
    _measure(lineup, signal.SIGTERM, "restart after SIGTERM", newest_ms)


def restart_100k(lineup: Lineup, now_ms: int) -> None:
    """Two hours of 15 s data of 100 000 series, as fast as they are taken; killed while none of it is older than a few seconds.

    So each server is loaded, killed and restarted by itself, once: a second restart would find another state.
    """
    plan = Plan(quiet_phase_ms(now_ms), series=100_000, steps=480, connections=2)
    lineup.each(lambda session: _load_and_kill(session, plan, 0.8 * lineup.estimate_s))


def _load_and_kill(session: Session, plan: Plan, patience_s: float) -> None:
    session.start()
    load = session.push_whole(plan, patience_s)
    before = session.memory()
    session.note("samples taken", "k/s", load.samples / load.seconds / 1e3, more_is_better=True)
    session.note("RSS before the kill", "MB", before.rss / 1e6)
    label = "restart after kill -9"
    one = _restart(session, signal.SIGKILL, label, load.newest_ms)
    if one:
        _note(session, label, [one])
    after = session.memory()
    session.note("RSS after the replay", "MB", after.rss / 1e6)
    session.note("RSS after the replay to before the kill", "ratio", after.rss / before.rss)
    session.stop(signal.SIGKILL)
