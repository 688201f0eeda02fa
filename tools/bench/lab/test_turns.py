"""Tests of turns.py: the order, length and number of turns."""

import unittest

from lab import turns


class Rotation(unittest.TestCase):
    def test_each_server_begins_once_in_as_many_rounds(self):
        rounds = [turns.rotated(["a", "b", "c"], number) for number in range(4)]
        self.assertEqual(rounds, [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]])

    def test_goes_on_with_those_that_are_left(self):
        self.assertEqual(turns.rotated(["a", "c"], 5), ["c", "a"])
        self.assertEqual(turns.rotated([], 5), [])

    def test_does_not_change_what_it_is_given(self):
        servers = ["a", "b"]
        turns.rotated(servers, 1).clear()
        self.assertEqual(servers, ["a", "b"])


class TurnLength(unittest.TestCase):
    def test_cheap_requests_are_repeated_until_a_turn_is_long_enough(self):
        times = turns.requests_a_turn(cpu_s=0.005)
        self.assertGreaterEqual(times * 0.005, turns.TURN_CPU_S)
        self.assertLess((times - 1) * 0.005, turns.TURN_CPU_S)

    def test_the_cheapest_are_bounded(self):
        self.assertEqual(turns.requests_a_turn(cpu_s=0.0), turns.TURN_REQUESTS_MAX)

    def test_a_slow_request_is_a_turn(self):
        self.assertEqual(turns.requests_a_turn(cpu_s=2 * turns.TURN_CPU_S), 1)


class Rounds(unittest.TestCase):
    def test_as_many_as_fit(self):
        self.assertEqual(turns.rounds_within(budget_s=3.0, round_s=0.6), 5)

    def test_bounded_on_both_sides(self):
        self.assertEqual(turns.rounds_within(budget_s=3.0, round_s=60), turns.ROUNDS_MIN)
        self.assertEqual(turns.rounds_within(budget_s=3.0, round_s=0.0), turns.ROUNDS_MAX)


class Middle(unittest.TestCase):
    def test_one_disturbed_turn_does_not_move_the_median(self):
        self.assertEqual(turns.median([1.0, 1.2, 90.0]), 1.2)

    def test_of_an_even_number_it_is_between_the_middle_two(self):
        self.assertEqual(turns.median([4.0, 1.0, 2.0, 3.0]), 2.5)

    def test_the_middle_counts_what_happens_in_every_other_turn_by_its_half(self):
        self.assertEqual(turns.middle([50.0, 60.0, 50.0, 60.0, 50.0]), 55.0)
        self.assertEqual(turns.middle([50.0, 60.0, 50.0, 60.0, 60.0]), 55.0)

    def test_one_disturbed_turn_hardly_moves_the_middle(self):
        self.assertAlmostEqual(turns.middle([1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0, 90.0]), 1.0, delta=0.06)

    def test_percentile(self):
        walls = [float(n) for n in range(100, 0, -1)]
        self.assertEqual(turns.percentile(walls, 99), 99.0)
        self.assertEqual(turns.percentile(walls, 100), 100.0)
        self.assertEqual(turns.percentile([7.0], 99), 7.0)


if __name__ == "__main__":
    unittest.main()
