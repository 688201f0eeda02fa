"""Tests of lineup.py and loading.py over servers that only count."""

import contextlib
import io
import unittest
from types import SimpleNamespace

from lab.lineup import Lineup
from lab.loading import load_in_turns
from lab.push import Load, Plan
from lab.trouble import Trouble


class FakePush:
    """A push of 100 samples in four turns."""

    def __init__(self, on_turn):
        self.acknowledged = 0
        self.load = None
        self.ended = False
        self._on_turn = on_turn

    def ready(self) -> None:
        pass

    def turn(self) -> None:
        self._on_turn()
        self.acknowledged += 25
        if self.acknowledged == 100:
            self.load = Load(100, 0.4, newest_ms=1000, retries=0, wall_median_ms=1.0, wall_p99_ms=2.0)

    def end(self) -> None:
        self.ended = True


class FakeSession:
    def __init__(self, title: str, on_turn=lambda: None):
        self.server = SimpleNamespace(title=title)
        self.stopped = False
        self.push = FakePush(on_turn)

    def push_in_turns(self, _: Plan) -> FakePush:
        return self.push

    def cpu(self) -> float:
        return self.push.acknowledged / 1000

    def stop(self, _how) -> None:
        self.stopped = True


class Quiet(unittest.TestCase):
    """Without the progress on standard error."""

    def setUp(self):
        redirected = contextlib.redirect_stderr(io.StringIO())
        redirected.__enter__()
        self.addCleanup(redirected.__exit__, None, None, None)


class Rounds(Quiet):
    def test_servers_take_turns_in_rotating_order(self):
        lineup = Lineup([FakeSession("a"), FakeSession("b"), FakeSession("c")], estimate_s=60)
        order = []
        results = lineup.in_rounds(3, lambda session: order.append(session.server.title) or len(order))
        self.assertEqual("".join(order), "abcbcacab")
        self.assertEqual(list(results.values()), [[1, 6, 8], [2, 4, 9], [3, 5, 7]])

    def test_a_server_that_fails_leaves_and_the_others_go_on(self):
        failing, other = FakeSession("a"), FakeSession("b")
        lineup = Lineup([failing, other], estimate_s=60)

        def action(session):
            if session is failing:
                raise Trouble("broken")
            return 1

        self.assertEqual(lineup.in_rounds(3, action), {other: [1, 1, 1]})
        self.assertEqual(lineup.sessions, [other])
        self.assertEqual(lineup.troubles, [(failing, "broken")])
        self.assertTrue(failing.stopped)


class Loading(Quiet):
    PLAN = Plan(newest_ms=1000, series=10, steps=10)

    def test_turns_alternate_and_all_is_loaded(self):
        order = []
        sessions = [FakeSession(name, lambda name=name: order.append(name)) for name in "ab"]
        loaded = load_in_turns(Lineup(sessions, estimate_s=60), self.PLAN)
        self.assertEqual("".join(order), "abbaabba")
        self.assertEqual([one.load.samples for one in loaded.values()], [100, 100])
        self.assertEqual([one.cpu_at_last_answer for one in loaded.values()], [0.1, 0.1])
        self.assertTrue(all(session.push.ended for session in sessions))

    def test_a_server_that_refuses_samples_leaves(self):
        def refuse():
            raise Trouble("25 samples were not taken: full")

        bad, good = FakeSession("a", refuse), FakeSession("b")
        loaded = load_in_turns(Lineup([bad, good], estimate_s=60), self.PLAN)
        self.assertEqual(list(loaded), [good])
        self.assertTrue(bad.push.ended)

    def test_when_the_time_is_up_one_leaves_with_what_is_known_and_the_other_ends(self):
        lineup = Lineup([FakeSession("a"), FakeSession("b")], estimate_s=40)
        lineup.begun -= 41
        loaded = load_in_turns(lineup, self.PLAN)
        self.assertEqual(len(loaded), 1)
        [(gone, why)] = lineup.troubles
        self.assertNotIn(gone, loaded)
        self.assertIn("took 0% of the load in 0 s of its turns", why)


if __name__ == "__main__":
    unittest.main()
