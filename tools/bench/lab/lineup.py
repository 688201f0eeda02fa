"""The servers of a workload, all running at once and measured in turns.

A server that fails leaves, with the reason; the others go on. What is done with each is a function of its Session.
"""

import signal
import time
from typing import Callable, TypeVar

from lab import turns
from lab.client import ApiError
from lab.session import Session, progress
from lab.trouble import Trouble

# VictoriaMetrics has no log: what it has taken reaches its files after five to ten seconds.
FLUSHED_S = 12
_IDLE_CPU = 0.03  # Of a core.

T = TypeVar("T")


class Lineup:
    def __init__(self, sessions: list[Session], estimate_s: float):
        self.sessions = list(sessions)  # Still in, in the order of the table.
        self.troubles: list[tuple[Session, str]] = []
        self.estimate_s = estimate_s
        self.begun = time.monotonic()

    def each(self, action: Callable[[Session], T]) -> dict[Session, T]:
        """`action` for one server after the other; what it returned, by those that did not fail."""
        return self._all(self.sessions, action)

    def in_rounds(self, rounds: int, action: Callable[[Session], T]) -> dict[Session, list[T]]:
        """`action` for each server in each round, in rotating order; what it returned, by those that are still in."""
        results: dict[Session, list[T]] = {session: [] for session in self.sessions}
        for number in range(rounds):
            for session, result in self._all(turns.rotated(self.sessions, number), action).items():
                results[session].append(result)
        return {session: results[session] for session in self.sessions}

    def a_round(self, number: int, sessions: list[Session], action: Callable[[Session], T]) -> dict[Session, T]:
        """One round of some of the servers, in the order that `number` gives."""
        return self._all(turns.rotated(sessions, number), action)

    def leave(self, session: Session, why: str) -> None:
        self.sessions.remove(session)
        self.troubles.append((session, why))
        progress(f"    {session.server.title} leaves: {why}")
        session.stop(signal.SIGKILL)

    def settle(self, least_s: float = FLUSHED_S, most_s: float = 25.0) -> None:
        """Waits for what servers do after their answers: at least `least_s`, then until all are idle for the same second."""
        time.sleep(least_s)
        end = time.monotonic() + most_s - least_s
        while time.monotonic() < end:
            before = self.each(Session.cpu)
            time.sleep(1)
            if all(now - before[session] < _IDLE_CPU for session, now in self.each(Session.cpu).items()):
                return

    def _all(self, sessions: list[Session], action: Callable[[Session], T]) -> dict[Session, T]:
        results = {}
        for session in list(sessions):
            try:
                results[session] = action(session)
            except (Trouble, ApiError, OSError) as error:
                self.leave(session, str(error))
        return results
