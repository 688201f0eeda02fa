"""How the servers take turns: in which order, how long, how many. Pure arithmetic.

A virtual machine's speed drifts by tens of percent within minutes. Servers that are measured in turns of some 0.04 s each meet the
same speed, so that it cancels in their ratio; `middle` over the rounds leaves out what hit a single turn.
"""

import math
import statistics

TURN_CPU_S = 0.04  # Of the server, a turn: the process clock is exact to a few ms where a thread still runs. Shorter: more rounds.
TURN_REQUESTS_MAX = 300
ROUNDS_MIN, ROUNDS_MAX = 3, 60


def rotated(items: list, round_number: int) -> list:
    """`items` beginning with another one each round, so that none always follows the same neighbour's load."""
    if not items:
        return []
    first = round_number % len(items)
    return items[first:] + items[:first]


def requests_a_turn(cpu_s: float) -> int:
    """How often a request of this cost is made in a turn."""
    return max(1, min(TURN_REQUESTS_MAX, math.ceil(TURN_CPU_S / max(cpu_s, 1e-6))))


def rounds_within(budget_s: float, round_s: float) -> int:
    """How many rounds of all servers fit into `budget_s`; few, but not fewer than a median needs, where one is long."""
    return max(ROUNDS_MIN, min(ROUNDS_MAX, int(budget_s / max(round_s, 1e-6))))


def median(values: list[float]) -> float:
    return statistics.median(values)


def middle(values: list[float]) -> float:
    """The median of the means of all pairs (Hodges and Lehmann's estimator).

    A disturbed turn moves it as little as a median. But a collection of a heap that falls into every other turn is counted by its half,
    where a median jumps between the turns with and those without.
    """
    return statistics.median((one + other) / 2 for i, one in enumerate(values) for other in values[i:])


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that at least `percent` % of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
