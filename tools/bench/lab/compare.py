"""Two reports of the same workloads beside each other: do their ratios agree?"""

from dataclasses import dataclass

TOLERANCE = 0.15


@dataclass(frozen=True)
class Pair:
    """A figure's ratio in both reports."""

    workload: str
    label: str
    first: float
    second: float

    def apart(self) -> float:
        """By which part the larger ratio exceeds the smaller: 0.15 is 15 %."""
        low, high = sorted((self.first, self.second))
        return high / low - 1 if low > 0 else 0.0 if high == low else float("inf")


@dataclass(frozen=True)
class Comparison:
    pairs: list[Pair]
    only_in_one: list[str]  # "workload: label" of what has a ratio in one report only.

    def apart(self, tolerance: float = TOLERANCE) -> list[Pair]:
        """Those that differ by more, the worst first."""
        return sorted((pair for pair in self.pairs if pair.apart() > tolerance), key=Pair.apart, reverse=True)


def _ratios(report: dict) -> dict[tuple[str, str], float]:
    return {
        (workload, row["label"]): row["ratio"]
        for workload, rows in report["workloads"].items() for row in rows if row["ratio"] is not None
    }


def compare(first: dict, second: dict) -> Comparison:
    """Of two reports as report.json has them."""
    one, other = _ratios(first), _ratios(second)
    pairs = [Pair(*key, one[key], other[key]) for key in one if key in other]
    return Comparison(pairs, [f"{key[0]}: {key[1]}" for key in [*one, *other] if (key in one) != (key in other)])


def shown(comparison: Comparison) -> str:
    apart = comparison.apart()
    lines = [f"{len(comparison.pairs)} ratios, {len(apart)} differ by more than {TOLERANCE:.0%}"]
    if apart:
        lines += ["", "| Workload | Figure | First | Second | Apart |", "|---|---|---:|---:|---:|"]
    for pair in apart:
        label = pair.label.replace("|", "\\|")
        lines.append(f"| {pair.workload} | {label} | {pair.first:.3f} | {pair.second:.3f} | {pair.apart():.0%} |")
    if comparison.only_in_one:
        lines += ["", "A ratio in one of them only:", ""] + [f"- {name}" for name in comparison.only_in_one]
    return "\n".join(lines) + "\n"
