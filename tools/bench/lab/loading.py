"""The same load to every server of a lineup, in turns of the same bytes."""

import time
from dataclasses import dataclass

from lab.lineup import Lineup
from lab.push import Load, Plan, PushInTurns
from lab.session import Session, progress

_SHOWN_EVERY_S = 10


@dataclass
class _Loading:
    push: PushInTurns
    cpu_before: float
    cpu_at_last_answer: float = 0.0
    seconds: float = 0.0  # Of its turns.


@dataclass(frozen=True)
class Loaded:
    load: Load
    cpu_before: float
    cpu_at_last_answer: float


def load_in_turns(lineup: Lineup, plan: Plan) -> dict[Session, Loaded]:
    """Returns once all samples are acknowledged, by the servers that are still in.

    Where that takes the workload's whole estimate, the server that needed most of it leaves, so that the others' figures are had.
    """
    pushes = lineup.each(lambda session: session.push_in_turns(plan))
    try:
        lineup.each(lambda session: pushes[session].ready())
        loading = lineup.each(lambda session: _Loading(pushes[session], session.cpu()))
        _give_turns(lineup, plan, loading)
    finally:
        for push in pushes.values():
            push.end()
    return {
        session: Loaded(one.push.load, one.cpu_before, one.cpu_at_last_answer)
        for session, one in loading.items() if session in lineup.sessions
    }


def _give_turns(lineup: Lineup, plan: Plan, loading: dict[Session, _Loading]) -> None:
    late = lineup.begun + lineup.estimate_s
    shown, number = time.monotonic(), 0
    while waiting := [session for session in lineup.sessions if loading[session].push.load is None]:
        if time.monotonic() > late:
            _drop_slowest(lineup, plan, waiting, loading)
            late += lineup.estimate_s / 4
            continue
        lineup.a_round(number, waiting, lambda session: _turn(session, loading[session]))
        number += 1
        if time.monotonic() > shown + _SHOWN_EVERY_S:
            shown = time.monotonic()
            done = min(loading[session].push.acknowledged for session in waiting)
            progress(f"    loading: {done / plan.samples():.0%}")


def _turn(session: Session, one: _Loading) -> None:
    begin = time.monotonic()
    one.push.turn()
    one.seconds += time.monotonic() - begin
    one.cpu_at_last_answer = session.cpu()


def _drop_slowest(lineup: Lineup, plan: Plan, waiting: list[Session], loading: dict[Session, _Loading]) -> None:
    slowest = max(waiting, key=lambda session: loading[session].seconds)
    one = loading[slowest]
    taken = one.push.acknowledged
    cpu = (one.cpu_at_last_answer - one.cpu_before) / max(taken, 1) * 1e6
    lineup.leave(slowest, f"took {taken / plan.samples():.0%} of the load in {one.seconds:.0f} s of its turns, "
                          f"at {cpu:.2f} µs of CPU a sample; then the time was up")
