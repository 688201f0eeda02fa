"""The load generator as a child: the whole load at once, or in turns that the lab gives."""

import json
import math
import subprocess
from dataclasses import dataclass

from lab import children
from lab.tools import Tools
from lab.trouble import Trouble

STEP_MS = 15_000
SEED = 7
TURNS = 24  # Of a load, the same for each server; a multiple of the number of servers.


@dataclass(frozen=True)
class Plan:
    """What is pushed; the same bytes to each server."""

    newest_ms: int
    series: int
    steps: int
    step_ms: int = STEP_MS
    churn: float = 0
    profile: str = "mix"
    connections: int = 1
    rate: int = 0  # Samples a second; 0 = as fast as they are taken.
    trace: bool = False  # The recording, of about `series` × `steps` samples, in place of the model.

    def samples(self) -> int:
        return self.series * self.steps

    def argv(self, tools: Tools, url: str) -> list[str]:
        argv = [
            tools.push,
            f"--url={url}",
            f"--step-ms={self.step_ms}",
            f"--start-ms={self.newest_ms - (self.steps - 1) * self.step_ms}",
            "--batch=2000",
            f"--connections={self.connections}",
        ]
        if self.trace:
            return argv + [f"--trace={tools.trace}"]
        argv += [f"--series={self.series}", f"--steps={self.steps}", f"--seed={SEED}", f"--profile={self.profile}"]
        argv += [f"--churn={self.churn}"] if self.churn else []
        return argv + ([f"--rate={self.rate}"] if self.rate else [])


@dataclass(frozen=True)
class Load:
    """What a run of the generator told."""

    samples: int
    seconds: float  # Of its turns.
    newest_ms: int
    retries: int
    wall_median_ms: float  # Of its requests, from posting to the answer.
    wall_p99_ms: float


def _start(argv: list[str]) -> subprocess.Popen:
    pipe = subprocess.PIPE
    return children.start(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def _load(line: str, child: subprocess.Popen) -> Load:
    """From the last line of a generator that has ended. Every sample must have been accepted."""
    told = json.loads(line)
    if told["failed"] or child.returncode:
        raise Trouble(f"{told['failed']} samples were not taken: {told['first_error']}")
    wall = told["wall_ms"]
    return Load(told["samples"], told["seconds"], told["newest_ms"], told["retries"], wall["median"], wall["p99"])


def push_whole(plan: Plan, tools: Tools, url: str, patience_s: float) -> Load:
    """Pushes as fast as the server takes it; Trouble with the generator's last word where that is not done after `patience_s`."""
    child = _start(plan.argv(tools, url))
    try:
        out, err = child.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired as error:
        children.end(child)
        told = child.communicate()[1].strip().splitlines()
        raise Trouble(f"the load was not taken within {patience_s:.0f} s ({told[-1] if told else 'nothing was'})") from error
    finally:
        children.end(child)
    if not out.strip():
        raise Trouble(f"the load generator ended with {child.returncode}: {err.strip()[-300:]}")
    return _load(out.strip().splitlines()[-1], child)


class PushInTurns:
    """A push that stands still between its turns."""

    def __init__(self, plan: Plan, tools: Tools, url: str, turn_samples: int | None = None):
        """A turn is `turn_samples`, or one of TURNS equal parts."""
        self.acknowledged = 0
        self.load: Load | None = None  # Once all is pushed.
        size = turn_samples or math.ceil(plan.samples() / TURNS)
        self._child = _start(plan.argv(tools, url) + [f"--turn-samples={size}", "--json"])
        self._heard = False

    def ready(self) -> None:
        """Waits until the generator has built its series and its first batch."""
        if not self._heard:
            self._hear()

    def turn(self) -> None:
        """Gives a turn and waits for its end."""
        self.ready()
        try:
            self._child.stdin.write("\n")
            self._child.stdin.flush()
        except BrokenPipeError as error:
            raise Trouble(self._last_words()) from error
        self._hear()

    def end(self) -> None:
        children.end(self._child)
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass

    def _hear(self) -> None:
        line = self._child.stdout.readline()
        if not line:
            raise Trouble(self._last_words())
        self._heard = True
        told = json.loads(line)
        if "acknowledged" in told:
            self.acknowledged = told["acknowledged"]
            return
        self._child.wait()
        self.load = _load(line, self._child)
        self.acknowledged = self.load.samples

    def _last_words(self) -> str:
        self._child.wait()
        return f"the load generator ended with {self._child.returncode}: {self._child.stderr.read().strip()[-300:]}"
