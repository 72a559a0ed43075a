"""The scheduler of a campaign (scripts/sluice_dev/campaign/scheduler.py).

    scheduler_test.py [-v]
"""

import dataclasses
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.dont_write_bytecode = True

from sluice_dev.campaign.scheduler import (  # noqa: E402  pylint: disable=wrong-import-position
    LEAST_CANARY_SECONDS, Candidate, Idle, Plan, Slice, next_slice)
from sluice_dev.engines.engine_run import AFL, LIBFUZZER  # noqa: E402  pylint: disable=wrong-import-position

PLAN = Plan(seconds=600, jobs=2, engines=1, weights=4)


def candidate(weight: float = 1, **fields: object) -> Candidate:
    made = Candidate(engine=LIBFUZZER, weight=weight, share=PLAN.share(weight, is_canary=False))
    return dataclasses.replace(made, **fields)  # type: ignore[arg-type]


def canary(**fields: object) -> Candidate:
    return candidate(is_canary=True, share=PLAN.share(1, is_canary=True), **fields)


def simulate(plan: Plan, candidates: list[Candidate], built_at: dict[int, float]) -> list[Candidate]:
    """A campaign whose slices take exactly the time that they were given. `built_at`: by candidate, in seconds."""
    free = [0.0] * plan.jobs  # when each worker has nothing to do
    busy: list[tuple[float, int, float]] = []  # (end, candidate, seconds)
    waited = 0.0
    while True:
        worker = min(range(plan.jobs), key=lambda i: free[i])
        now = free[worker]
        for end, i, seconds in [entry for entry in busy if entry[0] <= now]:
            busy.remove((end, i, seconds))
            candidates[i] = dataclasses.replace(candidates[i], given=candidates[i].given + seconds,
                                                reserved=candidates[i].reserved - seconds, workers=candidates[i].workers - 1)
        candidates = [dataclasses.replace(c, is_built=built_at.get(i, 0) <= now) for i, c in enumerate(candidates)]
        chosen = next_slice(plan, plan.seconds + waited - now, candidates)
        if chosen is Idle.UNTIL_BUILT:
            free[worker] = min(at for at in built_at.values() if at > now)
            waited += (free[worker] - now) / plan.jobs
        elif isinstance(chosen, Slice):
            i, seconds = chosen.index, chosen.seconds
            candidates[i] = dataclasses.replace(candidates[i], reserved=candidates[i].reserved + seconds,
                                                workers=candidates[i].workers + 1, slices=candidates[i].slices + 1)
            free[worker] = now + seconds
            busy.append((free[worker], i, seconds))
        elif all(at <= now for at in free):
            return candidates
        else:
            free[worker] = min(at for at in free if at > now)


class Ends(unittest.TestCase):
    def test_what_is_owed_and_too_short_for_its_engine_keeps_nobody_running(self) -> None:
        late = candidate(engine=AFL, share=1.9, is_late=True)
        for owed in (late, dataclasses.replace(late, share=4.0, given=2.2)):
            self.assertEqual(next_slice(PLAN, -0.1, [candidate(given=300), owed, owed]), Idle.DONE)

    def test_when_the_time_is_over_only_those_that_were_built_late_run(self) -> None:
        late = candidate(engine=AFL, share=20, is_late=True)
        chosen = next_slice(PLAN, -0.1, [candidate(), late])
        assert isinstance(chosen, Slice)
        self.assertEqual(chosen.index, 1)
        self.assertLessEqual(chosen.seconds, 20)

    def test_the_canary_goes_on_after_the_end_until_it_has_had_the_least(self) -> None:
        for engine, least in LEAST_CANARY_SECONDS.items():
            short = dataclasses.replace(PLAN, seconds=6)
            first = canary(engine=engine, given=4, slices=1)
            chosen = next_slice(short, -1, [candidate(), first])
            assert isinstance(chosen, Slice)
            self.assertEqual(chosen.index, 1)
            self.assertLessEqual(chosen.seconds, least - 4)
            for over in (dataclasses.replace(first, given=least), dataclasses.replace(first, workers=1, reserved=2), canary(has_stopped=True)):
                self.assertIs(next_slice(short, -1, [candidate(), over]), Idle.DONE)
        simulated = simulate(dataclasses.replace(PLAN, seconds=6), [canary(), candidate()], {})
        self.assertEqual(simulated[0].given, LEAST_CANARY_SECONDS[LIBFUZZER])


class Shares(unittest.TestCase):
    def test_targets_share_all_workers_by_weight(self) -> None:
        self.assertEqual([PLAN.share(weight, False) for weight in (1, 3)], [300, 900])

    def test_the_canary_has_a_quarter_of_one_worker_and_all_of_it_when_alone(self) -> None:
        self.assertEqual(PLAN.share(1, True), 150)
        self.assertEqual(dataclasses.replace(PLAN, weights=0).share(1, True), 600)

    def test_each_of_two_engines_has_half(self) -> None:
        both = dataclasses.replace(PLAN, engines=2)
        self.assertEqual(both.share(0.5, False), 150)
        self.assertEqual(both.share(1, True), 75)

    def test_a_round_is_a_fifteenth_of_the_time_within_bounds(self) -> None:
        for seconds, rounds in ((60, 3), (600, 15), (36000, 300)):
            plan = dataclasses.replace(PLAN, seconds=seconds)
            self.assertAlmostEqual(plan.slice_per_weight * plan.weights * rounds, seconds * plan.jobs, msg=str(seconds))


class NextSlice(unittest.TestCase):
    def choose(self, *candidates: Candidate, left: float = 600) -> Slice:
        chosen = next_slice(PLAN, left, candidates)
        assert isinstance(chosen, Slice), chosen
        return chosen

    def test_the_run_with_the_least_time_for_its_weight_is_next(self) -> None:
        self.assertEqual(self.choose(candidate(given=10), candidate(weight=3, given=20)).index, 1)
        self.assertEqual(self.choose(candidate(given=10), candidate(weight=3, given=20, reserved=20)).index, 0)

    def test_of_equals_the_heavier_is_next(self) -> None:
        self.assertEqual(self.choose(candidate(), candidate(weight=3)).index, 1)

    def test_a_slice_is_as_long_as_its_weight_says(self) -> None:
        self.assertEqual(self.choose(candidate(weight=3)).seconds, 3 * PLAN.slice_per_weight)
        self.assertEqual(self.choose(candidate(weight=0.001)).seconds, 1)
        self.assertEqual(self.choose(candidate(weight=0.001, engine=AFL)).seconds, 6)

    def test_the_last_slice_takes_what_would_be_too_short_for_another(self) -> None:
        self.assertEqual(self.choose(candidate(), left=PLAN.slice_per_weight + 1.9).seconds, PLAN.slice_per_weight + 1.9)
        self.assertEqual(self.choose(candidate(), left=PLAN.slice_per_weight + 2.1).seconds, PLAN.slice_per_weight)

    def test_the_canary_is_first_until_it_has_had_its_share(self) -> None:
        self.assertEqual(self.choose(candidate(), canary(given=149)).index, 1)
        self.assertEqual(self.choose(candidate(given=1), canary(given=150)).index, 0)

    def test_the_canary_has_one_worker_and_starts_again_for_twice_as_long(self) -> None:
        self.assertEqual(self.choose(candidate(), canary(workers=1)).index, 0)
        self.assertEqual([self.choose(canary(slices=n)).seconds for n in (0, 1, 4)], [2, 4, 32])
        self.assertEqual(self.choose(canary(engine=AFL)).seconds, 6)

    def test_a_stopped_run_is_never_next(self) -> None:
        self.assertEqual(self.choose(candidate(has_stopped=True), candidate(given=100)).index, 1)
        self.assertIs(next_slice(PLAN, 600, [candidate(has_stopped=True)]), Idle.DONE)

    def test_nothing_begins_when_the_time_is_over(self) -> None:
        self.assertIs(next_slice(PLAN, 0.2, [candidate()]), Idle.DONE)
        self.assertIs(next_slice(PLAN, 1, [candidate(engine=AFL)]), Idle.DONE)

    def test_a_run_that_was_built_late_has_its_share_after_the_end(self) -> None:
        late = candidate(is_late=True, given=100)
        self.assertEqual(self.choose(candidate(given=300), late, left=-5).index, 1)
        self.assertIs(next_slice(PLAN, -5, [candidate(given=300), candidate(is_late=True, given=300)]), Idle.DONE)
        self.assertIs(next_slice(PLAN, -5, [candidate(given=300), dataclasses.replace(late, has_stopped=True)]), Idle.DONE)

    def test_while_one_is_not_built_the_others_use_no_more_than_their_share(self) -> None:
        waiting = candidate(is_built=False, is_late=True)
        self.assertEqual(self.choose(candidate(given=295), waiting), Slice(0, 5))
        self.assertIs(next_slice(PLAN, 600, [candidate(given=300), waiting]), Idle.UNTIL_BUILT)
        self.assertIs(next_slice(PLAN, 600, [waiting]), Idle.UNTIL_BUILT)


class Campaign(unittest.TestCase):
    """From the beginning to the end, with slices that take exactly their time."""

    def assert_shares(self, ended: list[Candidate]) -> None:
        for c in ended:
            self.assertAlmostEqual(c.given, c.share, delta=1.5 * PLAN.slice_per_weight * c.weight, msg=str(c))

    def test_each_run_gets_its_share(self) -> None:
        self.assert_shares(simulate(PLAN, [candidate(1), candidate(1), candidate(2)], {}))

    def test_each_run_gets_its_share_though_some_are_built_late(self) -> None:
        runs = [candidate(1), candidate(1, is_late=True), candidate(2, is_late=True)]
        self.assert_shares(simulate(PLAN, runs, {1: 200, 2: 700}))

    def test_what_one_does_not_need_goes_to_the_others(self) -> None:
        ended = simulate(PLAN, [candidate(1), candidate(3, has_stopped=True)], {})
        self.assertAlmostEqual(ended[0].given, PLAN.seconds * PLAN.jobs, delta=5)


if __name__ == "__main__":
    unittest.main()
