"""The workload of rules: both servers scrape the same targets and evaluate the same groups."""

import os
import re
import signal
import time
from dataclasses import dataclass

from lab.lineup import Lineup
from lab.scraping import Shape
from lab.session import Session

SHAPE = Shape(targets=50, series=2000, interval_s=15, warm_s=105, measure_s=60)  # Warm enough to fill some windows.
_GROUPS, _RULES = 100, 100
_SCRAPING_S = 2 * SHAPE.interval_s  # Before there are rules.

# Each target has a dozen hosts with eight modes of every family.
_COUNTERS = [f"bench_counter_int_{k}" for k in range(4)] + [f"bench_decimal_{k}" for k in range(2)]
_GAUGES = [f"bench_gauge_int_{k}" for k in range(2)] + ["bench_memory_0", "bench_gauge_float_0"]


def _rule(group: int, number: int) -> list[str]:
    """A rule as people have them. Of ten: four recorded rates, two recorded gauges, two ratios that never alert, one threshold that
    never does, one alert that fires."""
    target = f'instance="target-{group % SHAPE.targets}"'
    label = f"target: target-{group % SHAPE.targets}"  # No two rules give the same series.
    counter, other = (_COUNTERS[(number + k) % len(_COUNTERS)] for k in (0, 1))
    gauge, half = _GAUGES[number % len(_GAUGES)], group // SHAPE.targets
    kind, name = number % 10, f"g{half}_{number}"
    if kind < 4:
        by = ("mode", "instance", "mode, instance", "job")[kind]
        return [f"    - record: job:{name}:rate5m", f"      expr: sum by ({by}) (rate({counter}{{{target}}}[5m]))",
                f"      labels: {{{label}}}"]
    if kind < 6:
        return [f"    - record: job:{name}:{('max', 'avg')[kind % 2]}", f"      expr: {('max', 'avg')[kind % 2]} by (mode) ({gauge}{{{target}}})",
                f"      labels: {{team: bench, {label}}}"]
    if kind < 8:
        return [f"    - alert: Ratio_{name}",
                f"      expr: sum(rate({counter}{{{target}}}[5m])) / sum(rate({other}{{{target}}}[5m])) > 1e6", "      for: 5m",
                f"      labels: {{severity: page, {label}}}", "      annotations: {summary: 'The ratio of {{ $labels.job }} is {{ $value }}'}"]
    if kind == 8:
        return [f"    - alert: Threshold_{name}", f"      expr: {gauge}{{{target}}} > 1e15", "      for: 2m",
                f"      labels: {{{label}}}"]
    return [f"    - alert: Up_{name}", f"      expr: up{{{target}}} == 1", f"      labels: {{severity: info, {label}}}",
            "      annotations: {summary: '{{ $labels.instance }} is up ({{ $value | humanize }})'}"]


def rule_file() -> str:
    lines = ["groups:"]
    for group in range(_GROUPS):
        lines += [f"  - name: group-{group}", f"    interval: {SHAPE.interval_s}s", "    rules:"]
        for number in range(_RULES):
            lines += _rule(group, number)
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Moment:
    time_s: float
    cpu_s: float
    evaluations: float
    failures: float
    missed: float


def _sum(metrics: str, name: str) -> float:
    return sum(float(value) for value in re.findall(rf"^{name}\{{[^}}]*\}} (\S+)$", metrics, re.MULTILINE))


def _moment(session: Session) -> _Moment:
    metrics = session.client.request("/metrics").decode()
    return _Moment(time.time(), session.cpu(), _sum(metrics, "prometheus_rule_evaluations_total"),
                   _sum(metrics, "prometheus_rule_evaluation_failures_total"),
                   _sum(metrics, "prometheus_rule_group_iterations_missed_total"))


def _start(session: Session) -> None:
    session.start()
    time.sleep(1)


def _use_rules(session: Session) -> None:
    folder = os.path.dirname(session.options.config)
    with open(os.path.join(folder, "rules.yml"), "w", encoding="utf-8") as file:
        file.write(rule_file())
    with open(session.options.config, "a", encoding="utf-8") as file:
        file.write("rule_files: [rules.yml]\n")
    session.process.send_signal(signal.SIGHUP)


def rules(lineup: Lineup, _: int) -> None:
    """First the scraping alone, then with the rules: what these cost is the difference."""
    for session in [s for s in lineup.sessions if s.server.key == "victoria-metrics"]:
        lineup.leave(session, "evaluates no rules")
    lineup.each(_start)
    time.sleep(_SCRAPING_S)
    scraping = [lineup.each(_moment)]
    time.sleep(_SCRAPING_S)
    scraping.append(lineup.each(_moment))
    lineup.each(_use_rules)
    time.sleep(SHAPE.warm_s)
    ruling = [lineup.each(_moment)]
    time.sleep(SHAPE.measure_s)
    ruling.append(lineup.each(_moment))
    for session in lineup.sessions:
        _note(session, [moments[session] for moments in scraping], [moments[session] for moments in ruling])


def _note(session: Session, scraping: list[_Moment], ruling: list[_Moment]) -> None:
    def share(moments: list[_Moment]) -> float:
        return (moments[1].cpu_s - moments[0].cpu_s) / (moments[1].time_s - moments[0].time_s)

    evaluations = ruling[1].evaluations - ruling[0].evaluations
    seconds = ruling[1].time_s - ruling[0].time_s
    session.note("CPU of a core, scraping alone", "%", share(scraping) * 100)
    session.note("CPU of a core, with rules", "%", share(ruling) * 100)
    session.note("CPU an evaluation of a rule", "µs", (share(ruling) - share(scraping)) * seconds / max(evaluations, 1) * 1e6)
    session.note("evaluations", "/s", evaluations / seconds, compared=False)
    session.note("evaluations that failed", "", ruling[1].failures, compared=False)
    session.note("missed evaluations of groups", "", ruling[1].missed, compared=False)
    session.note("RSS", "MB", session.memory().rss / 1e6)
