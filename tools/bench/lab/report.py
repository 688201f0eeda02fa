"""From figures to a Markdown table and a JSON file."""

import json
from dataclasses import asdict, dataclass, field

from lab.figure import Figure

OURS = "hearth"


@dataclass
class Report:
    machine: dict[str, str]
    titles: dict[str, str]  # Key of a server -> its title, in the order of the columns.
    versions: dict[str, str]
    figures: dict[str, dict[str, list[Figure]]] = field(default_factory=dict)  # workload -> server -> figures
    troubles: list[str] = field(default_factory=list)
    observed: list[str] = field(default_factory=list)  # True of a server, but no figure.

    def add(self, workload: str, server: str, figures: list[Figure]) -> None:
        self.figures.setdefault(workload, {})[server] = list(figures)

    def rows(self, workload: str) -> list[tuple[Figure, dict[str, float]]]:
        """Each figure of a workload, in the order of its first server's notes, with the values by server."""
        rows: dict[str, tuple[Figure, dict[str, float]]] = {}
        for server, figures in self.figures[workload].items():
            for figure in figures:
                rows.setdefault(figure.label, (figure, {}))[1][server] = figure.value
        return list(rows.values())

    def markdown(self) -> str:
        lines = [f"- {key}: {value}" for key, value in self.machine.items()]
        lines += [f"- {self.titles[key]}: {version}" for key, version in self.versions.items()]
        lines.append("")
        lines.append("The last column is Hearth's figure divided by the better peer's: below 1 Hearth needs less. "
                     "At figures marked ↑ more is better, and above 1 Hearth does more.")
        for workload in self.figures:
            lines += ["", f"### {workload}", ""]
            lines.append("| Figure | Unit | " + " | ".join(self.titles.values()) + " | Ratio |")
            lines.append("|---|---|" + "---:|" * (len(self.titles) + 1))
            for figure, values in self.rows(workload):
                label = figure.label.replace("|", "\\|") + (" ↑" if figure.more_is_better else "")
                cells = [shown(values.get(key)) for key in self.titles]
                lines.append(f"| {label} | {figure.unit} | " + " | ".join(cells) + f" | {shown(ratio(figure, values))} |")
        if self.observed:
            lines += ["", "Observed:", ""] + [f"- {text}" for text in self.observed]
        if self.troubles:
            lines += ["", "What went wrong:", ""] + [f"- {trouble}" for trouble in self.troubles]
        return "\n".join(lines) + "\n"

    def json(self) -> str:
        workloads = {}
        for workload in self.figures:
            workloads[workload] = []
            for figure, values in self.rows(workload):
                row = asdict(figure)
                del row["value"]
                workloads[workload].append({**row, "values": values, "ratio": ratio(figure, values)})
        whole = {"machine": self.machine, "versions": self.versions, "workloads": workloads,
                 "observed": self.observed, "troubles": self.troubles}
        return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def ratio(figure: Figure, values: dict[str, float]) -> float | None:
    """Ours divided by the better peer's; None where there is nothing to compare."""
    peers = [value for key, value in values.items() if key != OURS]
    if not figure.compared or not peers or OURS not in values:
        return None
    better = max(peers) if figure.more_is_better else min(peers)
    return values[OURS] / better if better > 0 else None


def shown(value: float | None) -> str:
    """Three digits, without an exponent."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"
