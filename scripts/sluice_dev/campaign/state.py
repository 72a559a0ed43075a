"""What a campaign knows of its targets and of their engine runs, while it runs and for its summary."""

import dataclasses
from collections.abc import Iterable

from sluice_dev.campaign.display import Row
from sluice_dev.campaign.scheduler import Candidate
from sluice_dev.common.targets import FuzzTarget
from sluice_dev.engines.afl_run import AflRun
from sluice_dev.engines.engine_run import EngineRun
from sluice_dev.engines.libfuzzer_run import LibFuzzerRun


@dataclasses.dataclass
class RunState:
    """An engine run and its time, in seconds."""

    run: EngineRun
    weight: float
    share: float = 0.0  # as planned
    given: float = 0.0  # of the slices that ended
    reserved: float = 0.0  # of the slices that run
    slices: int = 0
    workers: int = 0  # that are busy with it
    is_late: bool = False  # it was not built when fuzzing began
    findings: int = 0  # that it was the first to find

    def candidate(self, is_built: bool) -> Candidate:
        return Candidate(engine=self.run.engine, weight=self.weight, share=self.share, given=self.given, reserved=self.reserved,
                         slices=self.slices, workers=self.workers, is_canary=self.run.is_canary, is_built=is_built, is_late=self.is_late,
                         has_stopped=bool(self.run.why_stopped))

    def row(self, is_built: bool, has_ended: bool) -> Row:
        run = self.run
        run.note()
        left = 0 if run.why_stopped or has_ended else max(0, self.share - self.given)
        if run.running:
            rate = run.rate
            status = "loading" if run.is_loading else "fuzzing"
        else:
            rate = round(run.executions_before / self.given) if self.given else 0
            status = ("waiting" if is_built else "being built") if left else "done"
        figures = run.figures()
        return Row(run.name, run.engine, run.executions, rate, figures.get("cov", figures.get("edges", 0)), figures.get("ft"), run.corpus,
                   self.findings, left, run.why_stopped or status)

    def sample(self) -> dict[str, int]:
        """As samples.py defines it."""
        run = self.run
        run.note()
        return {"executions": run.executions, "rate": run.rate, "running": len(run.running), **run.figures(), "corpus": run.corpus}

    @property
    def stability(self) -> float | None:
        return self.run.stability if isinstance(self.run, AflRun) else None


@dataclasses.dataclass
class TargetState:
    facts: FuzzTarget
    runs: list[RunState] = dataclasses.field(default_factory=list)
    findings: int = 0
    places: set[str] = dataclasses.field(default_factory=set)  # where they are, which are fewer
    crashes: dict[str, int] = dataclasses.field(default_factory=dict)  # by identity: how often
    blocked_by: str = ""  # the identity of a finding

    @property
    def name(self) -> str:
        return self.facts.name

    @property
    def moved(self) -> int:
        """Entries of the corpus that crash, which were moved out of it."""
        return sum(state.run.moved for state in self.runs if isinstance(state.run, LibFuzzerRun))

    def stop(self, why: str) -> None:
        for state in self.runs:
            state.run.stop(why)


def fuzzed(targets: Iterable[TargetState]) -> list[TargetState]:
    """The targets but for the canary."""
    return [target for target in targets if not target.facts.is_canary]
