"""The workload of a memory limit: more is wanted than it allows."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from subprocess import Popen

from lab import children
from lab.client import ApiError
from lab.lineup import Lineup
from lab.session import Session
from lab.trouble import Trouble

_LIMIT_MIB = 256
FLAGS = (f"--memory-limit={_LIMIT_MIB}MB",)
# What the process may have at its worst moment: as 300 MB are to 256 MiB.
_MOST_BYTES = _LIMIT_MIB * 300e6 / 256
_SECONDS = 120
_ROUND_S = 0.5

# Series that are written on, new ones without end, and some that come and go.
_LOADS = {
    "known": ["--series=5000", "--steps=3000", "--step-ms=1000", "--rate=20000"],
    "new": ["--series=4000000", "--steps=1", "--connections=2"],
    "churn": ["--series=20000", "--steps=1000", "--step-ms=1000", "--churn=0.2"],
}
_QUERIES = ('count({load="known"})', 'sum by (pod, instance, mode) (rate({load=~".+"}[30m]))', '{load="new"}')


@dataclass
class _Siege:
    """The loads of one server, and what it answered meanwhile."""

    session: Session
    pushes: list[Popen]
    answers: Counter = field(default_factory=Counter)

    @classmethod
    def begin(cls, session: Session) -> "_Siege":
        return cls(session, [session.start_push([f"--label=load={name}", f"--timeout={_SECONDS}", "--json", *flags])
                             for name, flags in _LOADS.items()])

    def ask(self) -> None:
        for query in _QUERIES:
            self.answers[f"queries, {self._status('/api/v1/query', {'query': query})}"] += 1
        self.answers[f"health, {self._status('/-/healthy')}"] += 1
        if (ended := self.session.process.poll()) is not None:
            raise Trouble(f"ended with {ended}")

    def _status(self, path: str, params=()) -> int:
        try:
            self.session.client.request(path, params)
        except ApiError as error:
            return error.status
        return 200

    def end(self) -> None:
        for push in self.pushes:
            children.end(push)

    def note(self) -> None:
        session, memory = self.session, self.session.memory()
        metrics = session.client.request("/metrics").decode()
        session.note("RSS peak", "MB", memory.peak / 1e6)
        session.note("RSS at the end", "MB", memory.rss / 1e6)
        session.note("series at the end", "", _metric(metrics, "prometheus_tsdb_head_series"), compared=False)
        session.note("windows flushed early", "", _metric(metrics, "hearth_tsdb_early_flushes_total"), compared=False)
        for reason in ("series", "work", "write"):
            session.note(f"refused: {reason}", "", _metric(metrics, f'hearth_memory_refusals_total{{reason="{reason}"}}'), compared=False)
        for answer, count in sorted(self.answers.items()):
            session.note(answer, "", count, compared=False)
        if memory.peak > _MOST_BYTES:
            raise Trouble(f"{memory.peak / 1e6:.1f} MB were resident below a limit of {_LIMIT_MIB} MiB")


def _metric(metrics: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", metrics, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def memory_limit(lineup: Lineup, _: int) -> None:
    for session in [s for s in lineup.sessions if s.server.key != "hearth"]:
        lineup.leave(session, "has no such limit")
    lineup.each(Session.start)
    sieges = lineup.each(_Siege.begin)
    try:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            lineup.each(lambda session: sieges[session].ask())
            time.sleep(_ROUND_S)
    finally:
        for siege in sieges.values():
            siege.end()
    lineup.each(lambda session: sieges[session].note())
