"""The workload of many clients at once."""

import multiprocessing
import signal
import time
from dataclasses import dataclass

from lab import turns
from lab.client import Client
from lab.lineup import Lineup
from lab.reading import load_for_queries, two_hours
from lab.session import FAMILY, Session, quiet_phase_ms
from lab.trouble import Trouble

_CLIENTS = 8
_TURN_S, _ROUNDS = 1.5, 6  # A turn is one server's.


@dataclass(frozen=True)
class _Turn:
    cpu_s: float
    walls: list[float]


def _ask(port: int, end_ms: int, selectors: list[str], number: int, out) -> None:
    """A client of its own process: one-series instant queries, one after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    client, walls = Client(port), []
    end = time.monotonic() + _TURN_S
    try:
        while time.monotonic() < end:
            selector = selectors[(number + len(walls)) % len(selectors)]
            begin = time.monotonic()
            client.request("/api/v1/query", {"query": selector, "time": end_ms // 1000})
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
    out = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=_ask, args=(session.options.port, newest_ms, selectors, i, out), daemon=True)
        for i in range(_CLIENTS)
    ]
    before = session.cpu()
    for client in clients:
        client.start()
    told = [out.get() for _ in clients]
    cpu_s = session.cpu() - before
    for client in clients:
        client.join()
    for walls in told:
        if isinstance(walls, str):
            raise Trouble(walls)
    return _Turn(cpu_s, [wall for walls in told for wall in walls])


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
