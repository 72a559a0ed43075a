"""Which engine run of a campaign is next, and for how long: pure functions, without a clock, a process or a file.

Fuzzing is cut into slices. The run that has had the least time for its weight is next, so that time that one does not need goes to the
others. The canary comes first until it has had its share. A run that was not built when fuzzing began still gets its share: meanwhile the
others use no more than theirs.
"""

import dataclasses
import enum
from collections.abc import Sequence

from sluice_dev.engines.engine_run import AFL, LIBFUZZER

# Of the time, unless it is found sooner, the canary has this share before its turn comes like that of the others.
CANARY_SHARE = 0.25
# Usually a second is enough. On a busy machine, or in a short campaign, it may go on after the end until it has had this.
LEAST_CANARY_SECONDS = {LIBFUZZER: 30.0, AFL: 60.0}
_FIRST_CANARY_SECONDS = {LIBFUZZER: 2.0, AFL: 6.0}
_SHORTEST_SECONDS = {LIBFUZZER: 0.3, AFL: 2.0}  # of time that is left, for a last slice
_SHORTEST_SLICE_SECONDS = {LIBFUZZER: 1.0, AFL: 6.0}  # starting an instance again takes AFL++ a second or two


@dataclasses.dataclass(frozen=True)
class Plan:
    """Made once, before fuzzing begins."""

    seconds: float
    jobs: int
    engines: int
    weights: float  # of all targets but the canary; 0: there is only the canary

    @property
    def slice_per_weight(self) -> float:
        round_seconds = min(max(20 * self.engines, self.seconds / 15), 120 * self.engines)
        return self.seconds * self.jobs / (self.weights or 1) / max(1, round(self.seconds / round_seconds))

    def share(self, weight: float, is_canary: bool) -> float:
        """Seconds that a run is to have in all."""
        if is_canary:
            return self.seconds * (CANARY_SHARE if self.weights else 1) / self.engines
        return self.seconds * self.jobs * weight / self.weights


@dataclasses.dataclass(frozen=True)
class Candidate:
    """An engine run at one moment. Times are in seconds."""

    engine: str
    weight: float
    share: float  # that it is to have in all
    given: float = 0.0  # of its slices that have ended
    reserved: float = 0.0  # of its slices that run
    slices: int = 0  # begun so far
    workers: int = 0  # that run it now
    is_canary: bool = False
    is_built: bool = True
    is_late: bool = False  # it was not built when fuzzing began
    has_stopped: bool = False

    @property
    def owed(self) -> float:
        return self.share - self.given - self.reserved


class Idle(enum.Enum):
    DONE = "nothing is left to do"
    UNTIL_BUILT = "what is left is not built yet"


@dataclasses.dataclass(frozen=True)
class Slice:
    index: int  # of the candidate
    seconds: float


def next_slice(plan: Plan, time_left: float, candidates: Sequence[Candidate]) -> Slice | Idle:
    """`time_left`: of the campaign; negative when it is over."""
    eligible = [i for i, c in enumerate(candidates)
                if not c.has_stopped and _room(c, time_left) >= _SHORTEST_SECONDS[c.engine] and (not c.is_canary or c.workers == 0)]
    if not eligible:
        return Idle.DONE
    ready = [i for i in eligible if candidates[i].is_built]
    some_are_missing = len(ready) < len(eligible)
    if some_are_missing:
        # Those that are built do not use up the time of the others.
        ready = [i for i in ready if candidates[i].owed >= _SHORTEST_SECONDS[candidates[i].engine]]
        if not ready:
            return Idle.UNTIL_BUILT
    index = min(ready, key=lambda i: _turn(candidates[i]))
    chosen = candidates[index]
    seconds = _length(plan, chosen)
    if some_are_missing:
        seconds = min(seconds, chosen.owed)
    room = _room(chosen, time_left)
    return Slice(index, room if room - seconds < _SHORTEST_SECONDS[AFL] else seconds)


def _room(candidate: Candidate, time_left: float) -> float:
    """The longest slice that it may have: of the campaign's time, or when that is over, of what it is owed."""
    if candidate.is_canary:
        return max(time_left, LEAST_CANARY_SECONDS[candidate.engine] - candidate.given - candidate.reserved)
    return max(time_left, candidate.owed if candidate.is_late else 0)


def _turn(candidate: Candidate) -> tuple[bool, float, float]:
    is_early_canary = candidate.is_canary and candidate.given < candidate.share
    return not is_early_canary, (candidate.given + candidate.reserved) / candidate.weight, -candidate.weight


def _length(plan: Plan, candidate: Candidate) -> float:
    if candidate.is_canary:
        # Fuzzing from nothing is quick or unlucky: starting again is better than going on, if it is given ever longer.
        return _FIRST_CANARY_SECONDS[candidate.engine] * (1 << candidate.slices)
    return max(plan.slice_per_weight * candidate.weight, _SHORTEST_SLICE_SECONDS[candidate.engine])
