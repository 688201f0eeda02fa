"""What a request costs each server of a lineup: in turns, many rounds, and the middle of them."""

import math
import statistics
import time
from dataclasses import dataclass

from lab import turns
from lab.lineup import Lineup
from lab.session import Session

Request = tuple[str, object]  # Path and parameters.
_CHEAP_CPU_S, _CHEAP_TRIES = 0.004, 30


@dataclass(frozen=True)
class Turn:
    cpu_s: float  # A request.
    walls: list[float]  # Of its requests.


def _ask(session: Session, request: Request, times: int) -> Turn:
    walls = []
    before = session.cpu()
    for _ in range(times):
        begin = time.monotonic()
        session.client.request(*request)
        walls.append(time.monotonic() - begin)
    return Turn((session.cpu() - before) / times, walls)


def _trial(session: Session, request: Request) -> Turn:
    """The cost by which turns are planned. What the first request finds cold is not counted."""
    _ask(session, request, 1)
    once = _ask(session, request, 1)
    # A single cheap request costs several times what it costs among others, and turns planned by it would be too short.
    return _ask(session, request, _CHEAP_TRIES) if once.cpu_s < _CHEAP_CPU_S else once


def measure_request(lineup: Lineup, label: str, request: Request, budget_s: float = 4.0) -> None:
    """Notes CPU and wall of `request` for each server. Rounds are as many as `budget_s` has room for."""
    trials = lineup.each(lambda session: _trial(session, request))
    times = {session: turns.requests_a_turn(trial.cpu_s) for session, trial in trials.items()}
    round_s = math.fsum(times[session] * turns.median(trial.walls) for session, trial in trials.items())
    rounds = turns.rounds_within(budget_s, round_s)
    measured = lineup.in_rounds(rounds, lambda session: _ask(session, request, times[session]))
    for session, taken in measured.items():
        session.note(f"{label}: CPU", "ms", turns.middle([turn.cpu_s for turn in taken]) * 1e3)
        session.note(f"{label}: wall", "ms", turns.middle([statistics.mean(turn.walls) for turn in taken]) * 1e3)
