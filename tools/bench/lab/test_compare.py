"""Tests of compare.py: which ratios of two reports differ."""

import json
import unittest

from lab import compare
from lab.figure import Figure
from lab.report import Report


def report(**ratios: float) -> dict:
    """As report.json has it: the workload "w", a figure of each ratio to the only peer."""
    made = Report({}, {"hearth": "Hearth", "prometheus": "Prometheus"}, {})
    made.add("w", "hearth", [Figure(label, "ms", 2 * ratio) for label, ratio in ratios.items()])
    made.add("w", "prometheus", [Figure(label, "ms", 2.0) for label in ratios])
    return json.loads(made.json())


class Compare(unittest.TestCase):
    def test_names_what_is_apart_the_worst_first(self):
        compared = compare.compare(report(a=0.20, b=0.20, c=0.20), report(a=0.22, b=0.25, c=0.10))
        self.assertEqual([pair.label for pair in compared.apart()], ["c", "b"])
        self.assertEqual(len(compared.pairs), 3)

    def test_the_order_of_the_reports_does_not_matter(self):
        for first, second in ((0.20, 0.25), (0.25, 0.20)):
            self.assertAlmostEqual(compare.Pair("w", "a", first, second).apart(), 0.25)

    def test_a_ratio_of_nothing(self):
        self.assertEqual(compare.Pair("w", "a", 0.0, 0.0).apart(), 0.0)
        self.assertEqual(compare.Pair("w", "a", 0.0, 0.1).apart(), float("inf"))

    def test_says_what_only_one_report_has(self):
        compared = compare.compare(report(a=0.2, b=0.2), report(a=0.2, c=0.2))
        self.assertEqual(compared.only_in_one, ["w: b", "w: c"])
        self.assertEqual([pair.label for pair in compared.pairs], ["a"])

    def test_figures_without_a_ratio_are_not_compared(self):
        first = report(a=0.2)
        first["workloads"]["w"][0]["ratio"] = None
        self.assertEqual(compare.compare(first, first), compare.Comparison([], []))

    def test_the_table_has_a_row_for_each(self):
        text = compare.shown(compare.compare(report(a=0.20, b=0.2), report(a=0.30, b=0.2)))
        self.assertIn("2 ratios, 1 differ by more than 15%", text)
        self.assertIn("| w | a | 0.200 | 0.300 | 50% |", text)


if __name__ == "__main__":
    unittest.main()
