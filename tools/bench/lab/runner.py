"""Runs a workload: sets its servers up, ends it when its time is up, takes everything down whatever happens."""

import json
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field

from lab import children, scraping
from lab.client import ApiError
from lab.figure import Figure
from lab.lineup import Lineup
from lab.servers import Server
from lab.session import Session, free_port, progress
from lab.tools import Tools
from lab.trouble import Trouble
from lab.workloads import Workload

_GRACE_S = 15


@dataclass(frozen=True)
class Setting:
    """What all workloads of a run have in common."""

    servers: list[Server]
    tools: Tools
    data: str | None  # Where data directories are made; None = the system's temporary folder.
    port: int | None  # Of the first server, the others follow; None = free ones.
    keep: bool  # Leave data and logs.


@dataclass
class Outcome:
    """What is known when a workload has ended, however it did."""

    figures: dict[str, list[Figure]] = field(default_factory=dict)  # By the server's key.
    observed: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def trouble(self, text: str) -> None:
        """Keeps and shows it."""
        self.troubles.append(text)
        progress(f"    {text}")


class _OutOfTime(Exception):
    pass


def _alarm(_signal, _frame) -> None:
    raise _OutOfTime


def limit_s(workload: Workload) -> float:
    return workload.estimate_s * 1.5 + _GRACE_S


def run(workload: Workload, setting: Setting, now_ms: int, outcome: Outcome) -> None:
    """Fills `outcome`, with what there is when it raises KeyboardInterrupt too."""
    sessions: list[Session] = []
    targets: subprocess.Popen | None = None
    lineup: Lineup | None = None
    signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, limit_s(workload))
    try:
        config = ""
        if workload.targets:
            port = free_port()
            config = scraping.scrape_config(workload.targets, port)
            argv = scraping.targets_argv(workload.targets, setting.tools.targets, port)
            targets = children.start(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for number, server in enumerate(setting.servers):
            sessions.append(_session(server, number, workload, setting, config))
        lineup = Lineup(sessions, workload.estimate_s)
        workload.run(lineup, now_ms)
    except _OutOfTime:
        outcome.trouble(f"stopped after {limit_s(workload):.0f} s; what was measured before stands")
    except (Trouble, ApiError, OSError) as error:
        outcome.trouble(str(error))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if targets:
            _end_targets(targets, outcome)
        _close(sessions, lineup, setting.keep, outcome)


def _session(server: Server, number: int, workload: Workload, setting: Setting, config: str) -> Session:
    folder = tempfile.mkdtemp(prefix=f"hearth-bench-{server.key}-", dir=setting.data)
    port = setting.port + number if setting.port else None
    try:
        return Session(server, setting.tools, folder, port, cache=workload.cache, scrape=config, flags=workload.flags)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _close(sessions: list[Session], lineup: Lineup | None, keep: bool, outcome: Outcome) -> None:
    for session in sessions:
        session.close(keep)
        outcome.figures[session.server.key] = session.figures
        outcome.observed += [f"{session.server.title} {text}" for text in session.observed]
        if keep:
            progress(f"    data and log: {session.folder}")
    for session, why in lineup.troubles if lineup else []:  # Shown when it left.
        outcome.troubles.append(f"{session.server.title}: {why}")


def _end_targets(targets: subprocess.Popen, outcome: Outcome) -> None:
    """Ends the targets; says so where they, not the servers, set the pace."""
    children.end(targets)
    lines = targets.stdout.read().strip().splitlines()
    late = json.loads(lines[-1]).get("late", 0) if lines else 0
    if late:
        outcome.trouble(f"the targets were late with {late} steps")
