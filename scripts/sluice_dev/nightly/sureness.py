"""How sure it is that a finding is gone, when it has not been seen since.

Two questions, each with an exact answer at any sample size:

* Replays. Before, `failed` of `tried` runs of its input failed; since then, none of `passed` runs did. If the chance to fail were the same,
  all failures would be among the first runs with probability C(tried, failed) / C(tried + passed, failed) (Fisher's exact test).
* Executions. Fuzzing found it `times` times in `before` executions; since then, `since` executions did not. Finds of one fault are a Poisson
  process in executions. If its rate were the same, all finds would be in the first part with probability
  (before / (before + since)) ** times. For many finds this is the rule of three: 95% after 3 / rate executions.

Sureness is one less that probability: of the faults that are still there, at most 5% are ever called gone with a sureness of 95%.
"""

import math

SURE = 0.95


def by_replays(failed: int, tried: int, passed: int) -> float:
    """0 when nothing can be said: it never failed, or was not run again."""
    if not 0 <= failed <= tried or passed < 0:
        raise ValueError(f"{failed} of {tried} runs failed, and {passed} passed since")
    if failed == 0:
        return 0.0
    return 1 - math.comb(tried, failed) / math.comb(tried + passed, failed)


def replays_needed(failed: int, tried: int, sure: float = SURE) -> int:
    """The smallest number of runs that pass after which it is `sure`. `failed` must be positive."""
    if failed <= 0:
        raise ValueError("it never failed")
    passed = 1
    while by_replays(failed, tried, passed) < sure:
        passed += 1
    return passed


def by_executions(times: int, before: float, since: float) -> float:
    if times < 0 or before < 0 or since < 0:
        raise ValueError(f"found {times} times in {before} executions, and none in {since}")
    if times == 0 or since == 0:
        return 0.0
    before = max(before, times)  # a find takes an execution at least
    return float(1 - (before / (before + since)) ** times)


def executions_needed(times: int, before: float, sure: float = SURE) -> int:
    """After how many executions without it, it is `sure`. `times` must be positive."""
    if times <= 0:
        raise ValueError("it was never found")
    return max(1, math.ceil(max(before, times) * (math.pow(1 - sure, -1 / times) - 1)))
