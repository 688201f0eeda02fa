"""The queries: one list a kind of data. A `Query` without a step is an instant query at the end.

All of them stay within what Prometheus 2.42, 3.x and MetricsQL answer alike; the answers are not compared here.
"""

from dataclasses import dataclass

INT_COUNTER = "bench_counter_int_0"
INT_GAUGE = "bench_gauge_int_0"
FLOAT_GAUGE = "bench_gauge_float_0"


@dataclass(frozen=True)
class Query:
    text: str
    span_s: int = 0  # 0: instant.
    step_s: int = 0

    def label(self) -> str:
        return f"`{self.text}`" + ("" if self.span_s else ", instant")

    def request(self, end_ms: int) -> tuple[str, dict]:
        end = end_ms // 1000
        if not self.span_s:
            return "/api/v1/query", {"query": self.text, "time": end}
        return "/api/v1/query_range", {"query": self.text, "start": end - self.span_s, "end": end, "step": self.step_s}


def _over_2h(*texts: str) -> list[Query]:
    return [Query(text, 7200, 30) for text in texts]


RANGE_2H_INTS = _over_2h(
    f"sum(rate({INT_COUNTER}[5m]))",
    f"sum by (mode) (rate({INT_COUNTER}[5m]))",
    f"topk(5, rate({INT_COUNTER}[5m]))",
    f"max by (instance) (increase({INT_COUNTER}[1h]))",
    f"sum by (mode) (rate({INT_COUNTER}[5m])) / on () group_left () sum(rate({INT_COUNTER}[5m]))",
    f"sum by (mode) ({INT_GAUGE})",
    f"avg by (instance) (avg_over_time({INT_GAUGE}[10m]))",
    f"quantile by (mode) (0.9, {INT_GAUGE})",
)

RANGE_2H_FLOATS = _over_2h(
    f"sum by (mode) ({FLOAT_GAUGE})",
    f"avg by (mode) (avg_over_time({FLOAT_GAUGE}[5m]))",
    f"max by (instance) (max_over_time({FLOAT_GAUGE}[10m]))",
    f"sum by (mode) (stddev_over_time({FLOAT_GAUGE}[10m]))",
    f"count by (mode) ({FLOAT_GAUGE} > 0)",
)

# The two whose answers are the series themselves; the answer's size counts here.
RANGE_2H_RAW = _over_2h(f"rate({INT_COUNTER}[5m])", FLOAT_GAUGE)

INSTANT = [
    Query(f"sum by (mode) (rate({INT_COUNTER}[5m]))"),
    Query(f"topk(10, {INT_GAUGE})"),
    Query(f"count(count_over_time({INT_COUNTER}[2h]))"),
    Query(f"max by (mode) (quantile_over_time(0.9, {FLOAT_GAUGE}[1h]))"),
]

# Some 170 million samples in windows, of all series.
HEAVY = [Query('avg by (mode) (stddev_over_time({__name__=~"bench_.+"}[30m]))', 7200, 15)]

# Twelve panels as a dashboard of machines has them: an hour at 15 s.
DASHBOARD = [
    Query(text, 3600, 15)
    for text in (
        f"sum(rate({INT_COUNTER}[5m]))",
        f"sum by (mode) (rate({INT_COUNTER}[5m]))",
        f"sum by (instance) (rate({INT_COUNTER}[1m]))",
        f"topk(5, sum by (instance) (rate({INT_COUNTER}[5m])))",
        f"max by (mode) (irate({INT_COUNTER}[5m]))",
        f"sum by (mode) ({INT_GAUGE})",
        f"max by (instance) ({INT_GAUGE})",
        f"avg by (mode) (avg_over_time({INT_GAUGE}[5m]))",
        f"sum by (instance) ({FLOAT_GAUGE})",
        f"avg by (mode) ({FLOAT_GAUGE})",
        f"max by (mode) (max_over_time({FLOAT_GAUGE}[5m]))",
        f"count({INT_GAUGE})",
    )
]

# Over every series: `pod` has a value for each, so what a matcher costs is what a hundred thousand values cost it.
REGEX = [
    Query(f"count({{{matchers}}})")
    for matchers in (
        'pod=~"node-exporter-0.*"',
        'pod=~"node-exporter-00.*|node-exporter-ff.*"',
        'pod=~".*abc.*"',
        'pod=~".*[0-9]{4}[a-f]{2}"',
        'pod=~"node-exporter-[0-3]a.*f"',
        'mode="user",pod!~"node-exporter-[0-7].*"',
        'instance=~"host-000(1|2|3).*"',
        'instance=~"host-0001.example.org:9100|host-0002.example.org:9100|host-0003.example.org:9100"',
        'pod=~".+"',
        '__name__=~"bench_.*"',
    )
] + [Query('count({pod=~"node-exporter-0.*"})', 300, 15)]

_DAY = 86400


def _thousand_steps(*texts: str) -> list[Query]:
    """Over 30 days."""
    return [Query(text, 30 * _DAY, 2592) for text in texts]


# Windows of a day that overlap: who visits each sample of each window visits each sample 33 times.
DAY_WINDOWS = _thousand_steps(
    f"rate({INT_COUNTER}[1d])",
    f"sum by (mode) (rate({INT_COUNTER}[1d]))",
    f"sum by (mode) (count_over_time({INT_COUNTER}[1d]))",
)

# A metric has a hundred series.
MONTH = _thousand_steps(
    f"avg_over_time({INT_COUNTER}[1d])",
    f"avg_over_time({FLOAT_GAUGE}[1d])",
    f"rate({INT_COUNTER}[1d])",
    f"max by (mode) (max_over_time({FLOAT_GAUGE}[1d]))",
    f"sum by (mode) (rate({INT_COUNTER}[1h]))",
)


def long_range(metric_rate: str, metric_gauge: str) -> list[Query]:
    """A metric's rate and average over a day, a week and 30 days: some 300 steps each."""
    spans = ((_DAY, 300), (7 * _DAY, 1800), (30 * _DAY, 7200))
    queries = []
    for span, step in spans:
        window = max(step, 1200)
        queries.append(Query(f"sum by (mode) (rate({metric_rate}[{window}s]))", span, step))
        queries.append(Query(f"avg by (mode) (avg_over_time({metric_gauge}[{window}s]))", span, step))
    return queries


def label_calls(start_ms: int, end_ms: int) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """(label, path, parameters) of the calls that browsers of metrics make."""
    bounds = [("start", str(start_ms // 1000)), ("end", str(end_ms // 1000))]
    return [
        ("labels", "/api/v1/labels", bounds),
        ("labels of one metric", "/api/v1/labels", [("match[]", INT_COUNTER), *bounds]),
        ("values of `__name__`", "/api/v1/label/__name__/values", bounds),
        ("values of `instance`", "/api/v1/label/instance/values", bounds),
        ("values of `instance` of one metric", "/api/v1/label/instance/values", [("match[]", INT_COUNTER), *bounds]),
        ("series of one metric", "/api/v1/series", [("match[]", INT_COUNTER), *bounds]),
    ]


def label_calls_1m(start_ms: int, end_ms: int) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The same and more, for a million series: a thousand metrics, 1 250 hosts, a pod for each series."""
    bounds = [("start", str(start_ms // 1000)), ("end", str(end_ms // 1000))]
    host = ("match[]", '{instance="host-0007.example.org:9100"}')
    every = ("match[]", '{__name__=~"bench_.+"}')
    half = ("match[]", '{cluster="production-blue"}')
    return label_calls(start_ms, end_ms) + [
        ("labels of one host", "/api/v1/labels", [host, *bounds]),
        ("labels of half of the series", "/api/v1/labels", [half, *bounds]),
        ("labels of all by a regular expression", "/api/v1/labels", [every, *bounds]),
        ("values of `__name__` of one host", "/api/v1/label/__name__/values", [host, *bounds]),
        ("values of `instance` of half of the series", "/api/v1/label/instance/values", [half, *bounds]),
        ("values of `pod` of one metric", "/api/v1/label/pod/values", [("match[]", INT_COUNTER), *bounds]),
        ("values of `pod`, all", "/api/v1/label/pod/values", bounds),
        ("series of one host", "/api/v1/series", [host, *bounds]),
    ]
