"""The workloads of many clients at once: small queries alone, and writes while heavy queries run."""

import multiprocessing
import signal
import time
from dataclasses import dataclass

from lab import queries, turns
from lab.asking import Request
from lab.client import Client
from lab.lineup import Lineup
from lab.push import Load, Plan
from lab.reading import load_for_queries, two_hours
from lab.session import FAMILY, Session, quiet_phase_ms
from lab.trouble import Trouble

_CLIENTS = 8
_TURN_S, _ROUNDS = 1.5, 6  # A turn is one server's.

_HEAVY_CLIENTS = 20
_WRITTEN_S = 30
_WRITE_RATE = 40_000  # Samples a second, in requests of 2 000.
_WRITTEN_SERIES = 20_000


@dataclass(frozen=True)
class _Turn:
    cpu_s: float
    walls: list[float]


def _ask(port: int, requests: list[Request], number: int, seconds: float, out) -> None:
    """A client of its own process: one request after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    client, walls = Client(port), []
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            request = requests[(number + len(walls)) % len(requests)]
            begin = time.monotonic()
            client.request(*request)
            walls.append(time.monotonic() - begin)
        out.put(walls)
    except Exception as error:  # pylint: disable=broad-except  -- whatever it is, the driver waits for an answer.
        out.put(repr(error))


def concurrency(lineup: Lineup, now_ms: int) -> None:
    newest_ms = quiet_phase_ms(now_ms)
    load_for_queries(lineup, two_hours(newest_ms), settle_s=6)
    selectors = lineup.each(lambda session: _one_series_selectors(session, newest_ms))
    measured = lineup.in_rounds(_ROUNDS, lambda session: _crowd(session, newest_ms, selectors[session]))
    for session, taken in measured.items():
        _note(session, taken)


def _crowd(session: Session, newest_ms: int, selectors: list[str]) -> _Turn:
    requests = [("/api/v1/query", {"query": selector, "time": newest_ms // 1000}) for selector in selectors]
    before = session.cpu()
    crowd = _Crowd(session, requests, _CLIENTS, _TURN_S)
    walls = crowd.walls()
    return _Turn(session.cpu() - before, walls)


class _Crowd:
    """Clients that ask from now on, for `seconds` and to the end of what they then wait for."""

    def __init__(self, session: Session, requests: list[Request], clients: int, seconds: float):
        self._out = multiprocessing.Queue()
        self._clients = [
            multiprocessing.Process(target=_ask, args=(session.options.port, requests, i, seconds, self._out), daemon=True)
            for i in range(clients)
        ]
        for client in self._clients:
            client.start()

    def walls(self) -> list[float]:
        """Waits for all; the seconds of each request."""
        told = [self._out.get() for _ in self._clients]
        for client in self._clients:
            client.join()
        for walls in told:
            if isinstance(walls, str):
                raise Trouble(walls)
        return [wall for walls in told for wall in walls]


def writes_under_queries(lineup: Lineup, now_ms: int) -> None:
    """New samples come at a steady rate while twenty clients ask heavy queries without a pause."""
    newest_ms = quiet_phase_ms(now_ms)
    load_for_queries(lineup, two_hours(newest_ms), settle_s=6)
    lineup.each(lambda session: _write_under_queries(session, newest_ms))


def _write_under_queries(session: Session, queried_ms: int) -> None:
    steps = _WRITTEN_S * _WRITE_RATE // _WRITTEN_SERIES
    now_ms = int(time.time() * 1000)
    plan = Plan(now_ms, series=_WRITTEN_SERIES, steps=steps, step_ms=1000, rate=_WRITE_RATE)
    alone = session.push_whole(plan, patience_s=3 * _WRITTEN_S)
    crowd = _Crowd(session, [query.request(queried_ms) for query in queries.HEAVY], _HEAVY_CLIENTS, _WRITTEN_S)
    later = Plan(now_ms + steps * 1000, series=_WRITTEN_SERIES, steps=steps, step_ms=1000, rate=_WRITE_RATE)
    crowded = session.push_whole(later, patience_s=10 * _WRITTEN_S)
    walls = crowd.walls()
    _note_writes(session, "alone", alone)
    _note_writes(session, "while 20 clients ask heavy queries", crowded)
    session.note("heavy queries answered", "", len(walls), more_is_better=True)
    session.note("heavy query: wall, median", "ms", turns.median(walls) * 1e3)
    session.note("RSS peak", "MB", session.memory().peak / 1e6)


def _note_writes(session: Session, when: str, load: Load) -> None:
    session.note(f"a write {when}: median", "ms", load.wall_median_ms)
    session.note(f"a write {when}: 99 %", "ms", load.wall_p99_ms)
    session.note(f"writes tried again, {when}", "", load.retries)


def _note(session: Session, taken: list[_Turn]) -> None:
    walls = [wall for turn in taken for wall in turn.walls]
    session.note("CPU a query", "µs", turns.middle([turn.cpu_s / len(turn.walls) for turn in taken]) * 1e6)
    session.note("queries answered", "/s", turns.middle([len(turn.walls) / _TURN_S for turn in taken]), more_is_better=True)
    session.note("wall, median", "ms", turns.median(walls) * 1e3)
    session.note("wall, 99 %", "ms", turns.percentile(walls, 99) * 1e3)
    session.note("RSS", "MB", session.memory().rss / 1e6)


def _one_series_selectors(session: Session, newest_ms: int, count: int = 50) -> list[str]:
    """Selectors with every label of a series, taken from the server itself; all servers have the same series."""
    series = session.series(FAMILY, newest_ms - 3_600_000, newest_ms)
    series.sort(key=lambda labels: sorted(labels.items()))
    return [
        FAMILY + "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__") + "}"
        for labels in series[:count]
    ]
