"""The campaign of scripts/fuzz.

Each of --jobs workers takes the engine run that scheduler.py chooses, runs it for a slice, and takes the next. A run returns crashes as
events; the campaign makes findings of them, and writes into `known` what later processes suppress. All is one asyncio loop. What it writes
over time is in OUT/samples.jsonl; samples.py defines the fields.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sluice_dev.campaign import background, display, folder, measurements, page, samples
from sluice_dev.campaign import options as campaign_options
from sluice_dev.campaign.display import Row
from sluice_dev.campaign.options import CANARY, SANITIZERS, Options
from sluice_dev.campaign.scheduler import Idle, Plan, next_slice
from sluice_dev.campaign.state import RunState, TargetState, fuzzed
from sluice_dev.campaign.summary import Result, summarise
from sluice_dev.common import builds, provenance
from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.display import say, seconds_text, shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.locks import sole_user
from sluice_dev.common.processes import Children, run_async
from sluice_dev.engines import empty_speed
from sluice_dev.engines.afl_run import AflRun
from sluice_dev.engines.engine_run import AFL, LIBFUZZER, Context, Crash, EngineRun, Known
from sluice_dev.engines.libfuzzer_run import LibFuzzerRun
from sluice_dev.triage import findings, grouping, triage

WITHOUT_FAULT = "writable_stream_fuzzer"  # the same target without the canary's fault
# A crash that nothing can suppress, over and over before anything was fuzzed: the target cannot be fuzzed.
SAME_CRASHES = 5
FINDINGS_PER_TARGET = 20  # at different places
PAGE_SECONDS = 10  # between two versions of the page
STATE_COVERAGE_SECONDS = 60  # between two countings of the states that were reached
INTERRUPT_GRACE_SECONDS = 5

# Variables that a campaign sets for its targets, and nobody else.
_OF_TARGETS = ("SLUICE_IGNORE_FINDINGS", "SLUICE_RECENT_INPUTS")
_TOOL = "sluice-fuzz"
_DICTIONARY = "program_dictionary"


class Campaign:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.out = options.out
        self.env = {key: value for key, value in os.environ.items() if key not in _OF_TARGETS}
        self.children = Children()
        # libFuzzer's build is always there: it runs again what AFL++ finds. The tool stands beside it, of the same libraries.
        self.tool = os.path.join(options.root, "build", options.build_of(LIBFUZZER), _TOOL)
        self.triage = triage.Triage(self.children, self.tool, options.fuzzers(LIBFUZZER), self.env, options.root, options.build_of(LIBFUZZER))
        self.known = Known()
        self.targets = [TargetState(fuzz_targets.of(name)) for name in options.chosen_targets()]
        self.runs = self._make_runs()
        self.builds = background.Builds(self.children, options.root, self._build_steps() if options.first else [])
        self.waited = 0.0  # seconds in which nothing could be fuzzed, because it was not built yet
        self.findings: dict[str, findings.Finding] = {}  # by identity; once they are grouped, by folder
        self.canary: findings.Finding | None = None  # the first
        self.canary_after: dict[str, float] = {}  # by engine, in seconds
        self.interrupted = False
        self.failure = ""
        self.stage = ""
        self.finished = asyncio.Event()
        self.begun = 0.0
        self.ended: float | None = None

    # --- Before ---

    def _make_runs(self) -> list[RunState]:
        options = self.options
        fuzzers = {engine: options.fuzzers(engine) for engine in (LIBFUZZER, AFL)}
        context = Context(options.root, self.out, options.corpus, fuzzers, self.env, self.children, options.jobs)
        weights = sum(target.facts.weight for target in fuzzed(self.targets))
        self.plan = Plan(options.seconds, options.jobs, len(options.engines), weights)
        for target in self.targets:
            for engine in options.engines:
                run: EngineRun = (AflRun if engine == AFL else LibFuzzerRun)(context, self.known, target.facts)
                weight = target.facts.weight / len(options.engines)
                target.runs.append(RunState(run, weight, self.plan.share(weight, target.facts.is_canary)))
        return [state for target in self.targets for state in target.runs]

    def _build_steps(self) -> list[background.Step]:
        """What is to be built besides the targets that were built first, the soonest needed first."""
        options = self.options
        names = [target.name for target in self.targets if target.facts.is_canary]
        names += [WITHOUT_FAULT] if names else []
        names += [target.name for target in fuzzed(self.targets)]
        steps = []
        for name in dict.fromkeys(names):
            facts = fuzz_targets.of(name)
            if facts.needs_dictionary:
                steps.append(background.Step(options.build_of(LIBFUZZER), _DICTIONARY))
            if AFL in options.engines and facts.profile is None:
                steps.append(background.Step("afl-cmplog", name))  # comparisons help where bytes are mutated
            # What AFL++ finds is run again under libFuzzer's build.
            steps += [background.Step(options.build_of(engine), name) for engine in dict.fromkeys((LIBFUZZER, *options.engines))
                      if name not in options.first]
        if WITHOUT_FAULT not in options.first:
            steps.append(background.Step(options.build_of(LIBFUZZER), WITHOUT_FAULT))
        steps.append(background.Step(options.build_of(LIBFUZZER), _TOOL))
        steps += [background.Step(options.build_of(engine), empty_speed.TARGET) for engine in options.engines]
        return steps

    def _has_built(self, target: str, engine: str = LIBFUZZER) -> bool:
        return self.builds.is_ready(self.options.build_of(engine), target)

    async def _until_built(self, target: str, engine: str = LIBFUZZER) -> None:
        await self.builds.until_ready(self.options.build_of(engine), target)

    def _is_built(self, run: EngineRun) -> bool:
        return (self._has_built(run.name, run.engine) and self._has_built(run.name) and
                (not run.target.needs_dictionary or self._has_built(_DICTIONARY)))

    def _prepare_folders(self) -> None:
        corpora = (os.path.join(self.options.corpus, target.name) for target in fuzzed(self.targets))
        folder.require_writable((self.out, self.options.corpus, *corpora))
        folder.require_space(self.out, self.options.corpus)
        if moved := folder.set_aside(self.out):
            say(moved)
        self.entries_before = self._entries()

    def _entries(self) -> dict[str, int]:
        """How many inputs the grown corpus of each target has."""
        return {target.name: len(os.listdir(os.path.join(self.options.corpus, target.name))) for target in fuzzed(self.targets)}

    async def _prepare_dictionary(self) -> None:
        program = os.path.join(self.options.root, "build", self.options.build_of(LIBFUZZER), "fuzz", _DICTIONARY)
        code, text = await self.children.output([program], env=self.env, folder=self.out, seconds=60)
        if code != 0:
            raise CannotRun(f"{shown(program)} failed:\n{text}")
        dictionary = os.path.join(self.out, "program.dict")
        with open(dictionary, "w", encoding="utf-8") as file:
            file.write(text)
        self.known.dictionary = dictionary

    # --- Slices ---

    async def _work(self) -> None:
        while not self.is_stopping():
            time_left = self.begun + self.options.seconds + self.waited - self.now()
            chosen = next_slice(self.plan, time_left, [state.candidate(self._is_built(state.run)) for state in self.runs])
            if chosen is Idle.DONE:
                return
            if isinstance(chosen, Idle):
                await self._wait_for_a_build()
                continue
            state = self.runs[chosen.index]
            if state.run.target.needs_dictionary and self.known.dictionary is None:
                await self._prepare_dictionary()
            await self._fuzz(state, chosen.seconds)

    async def _wait_for_a_build(self) -> None:
        begun = self.now()
        await self.builds.changed()
        self.waited += (self.now() - begun) / self.options.jobs
        if self.builds.failure and not self.is_stopping():
            self._fail(self.builds.failure)

    async def _fuzz(self, state: RunState, seconds: float) -> None:
        state.reserved += seconds
        state.workers += 1
        state.slices += 1
        begun = self.now()
        try:
            # A folder of its own: two processes may find the same input at the same time.
            with tempfile.TemporaryDirectory(prefix=folder.SCRATCH, dir=self.out) as scratch:
                async with contextlib.aclosing(state.run.run_slice(seconds, scratch)) as crashes:
                    async for crash in crashes:
                        await self._note_crash(state, crash)
        except (OSError, CannotRun) as error:
            self._fail(folder.error_text(error, self.out))
        finally:
            state.workers -= 1
            state.reserved -= seconds
            state.given += self.now() - begun

    def is_stopping(self) -> bool:
        return self.interrupted or bool(self.failure)

    # --- Findings ---

    async def _note_crash(self, state: RunState, crash: Crash) -> None:
        run, output = state.run, crash.output
        target = next(target for target in self.targets if target.facts is run.target)
        identity = output.identity(target.name)
        target.crashes[identity] = target.crashes.get(identity, 0) + 1
        assert output.kind is not None and output.artifact is not None
        finding = findings.Finding(identity, target.name, output.kind, output.rule, output.from_oracle, self.now() - self.begun, folder="",
                                   engine=run.engine, command=output.command, suppressed=[] if output.from_oracle else list(crash.suppressed))
        if run.is_canary:
            await self._tell_from_the_canary(finding, output.artifact, crash.suppressed)
        if finding.canary:
            self.canary_after.setdefault(run.engine, finding.after_seconds)
            if self.canary is None:
                self.canary = finding
                self._store(finding, CANARY, crash)
            run.stop(f"found after {finding.after_seconds:.1f} s")
            return
        if identity not in self.findings:
            self._store(finding, "findings", crash)
            self._note_finding(target, finding)
            state.findings += 1
        # Another process that ran at the same time may find the same; one that suppressed it must not.
        if run.crashes_at_start >= SAME_CRASHES or (identity in crash.suppressed and target.crashes[identity] >= SAME_CRASHES):
            target.blocked_by = identity
            target.stop("blocked")
        elif len(target.places) >= FINDINGS_PER_TARGET:
            target.stop(f"stopped after {target.findings} findings")

    async def _tell_from_the_canary(self, finding: findings.Finding, artifact: str, suppressed: Sequence[str]) -> None:
        """Its planted fault breaks rules, and no memory. What the core has without it is found and reproduced without it."""
        if finding.from_oracle:
            await self._until_built(WITHOUT_FAULT)
            finding.canary = await self.triage.identity_without_fault(WITHOUT_FAULT, suppressed, artifact, self.out) != finding.identity
        finding.target = CANARY if finding.canary else WITHOUT_FAULT

    def _take_over(self) -> None:
        """The findings of campaigns that were killed before they had investigated all of them: only together they can be grouped. They are
        this one's, and are not looked for again."""
        for name in self.options.unfinished:
            found = []
            for path in sorted(Path(name, "findings").glob("*/finding.json")):
                try:
                    found.append(findings.restore(path.parent))
                except ValueError as problem:  # it stays where it is
                    say(str(problem))
            if not Path(name, "summary.json").exists() or any(finding.reproduces is None for finding in found):
                for finding in found:
                    self._take(finding)

    def _take(self, found: findings.Finding) -> None:
        target = next((target for target in self.targets if target.name == found.target), None)
        if target is None or found.identity in self.findings:
            return
        folder_ = os.path.join(self.out, "findings", os.path.basename(found.folder))
        os.makedirs(os.path.dirname(folder_), exist_ok=True)
        shutil.move(found.folder, folder_)
        self._note_finding(target, findings.Finding(
            found.identity, found.target, found.kind, found.rule, found.from_oracle, found.after_seconds, folder_, engine=found.engine,
            seed=found.seed, command=found.command, before=found.before, suppressed=found.suppressed))

    def _note_finding(self, target: TargetState, finding: findings.Finding) -> None:
        self.findings[finding.identity] = finding
        self.known.suppressed = sorted(f.identity for f in self.findings.values() if f.from_oracle)
        self.known.has_hang = self.known.has_hang or finding.kind == "timeout"
        target.findings += 1
        target.places.add(grouping.rule_of(finding.identity) if finding.from_oracle else finding.identity)

    def _store(self, finding: findings.Finding, place: str, crash: Crash) -> None:
        finding.folder = os.path.join(self.out, place, findings.folder_name(finding.identity))
        assert crash.output.artifact is not None
        findings.keep(finding, crash.output.artifact, crash.output.log, crash.output.recent)

    async def _wait_for_triage(self) -> None:
        """For the builds that triage and the page need. Without them, findings stay as they were found."""
        wanted = [name for name in (WITHOUT_FAULT, _TOOL) if not self._has_built(name)]
        self.stage = f"waiting for {' and '.join(wanted)}" if wanted else ""
        try:
            for name in wanted:
                await self._until_built(name)
        except CannotRun as problem:
            self.triage.stopped = True
            if not self.interrupted:
                self._fail(str(problem))

    async def _investigate(self) -> None:
        every = [*self.findings.values(), *([self.canary] if self.canary else [])]
        queue = iter(every)
        done = 0

        async def work() -> None:
            nonlocal done
            for finding in queue:
                self.stage = f"shrinking and telling, {done} of {len(every)} done"
                await self.triage.investigate(finding)
                done += 1

        await asyncio.gather(*(work() for _ in range(self.options.jobs)))
        left = list(self.findings.values())
        if not self.triage.stopped:
            grouping.place_by_identity(left, os.path.join(self.out, "findings"))
            left = grouping.merge(left)
            for finding in left:
                self.triage.tell(finding)
        self.findings = {finding.folder: finding for finding in left}  # two may have one identity
        if trouble := next((f"{f.identity}: {f.trouble}" for f in every if f.trouble), ""):
            self._fail(f"a finding could not be written whole: {trouble}")

    # --- Meanwhile ---

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def _fail(self, why: str) -> None:
        if not self.failure:
            self.failure = why
            self._stop_children()

    def _stop_children(self) -> None:
        self.known.stopping = True
        self.children.send(signal.SIGINT)
        asyncio.get_running_loop().call_later(INTERRUPT_GRACE_SECONDS, self._kill_fuzzers)

    def _kill_fuzzers(self) -> None:
        for state in self.runs:
            state.run.kill()

    def _on_signal(self) -> None:
        if self.interrupted or self.ended is not None:
            self.triage.stopped = True
            self.children.kill()
        self.interrupted = self.known.stopping = True
        self.stage = "interrupted: ending in order; once more ends at once"
        if self.ended is None:
            self._stop_children()

    async def _show_status(self, status: display.Status) -> None:
        while not self.finished.is_set():
            try:
                await asyncio.wait_for(self.finished.wait(), status.interval)
            except TimeoutError:
                # Time in which nothing could be fuzzed is not time of the campaign.
                passed = min(max(0, (self.ended or self.now()) - self.begun - self.waited), self.options.seconds)
                status.update(self._rows(), passed, self.options.seconds, "; ".join(filter(None, (self.stage, self.builds.progress()))))
                try:
                    folder.require_space(self.out, self.options.corpus)
                except (OSError, CannotRun) as error:
                    self._fail(folder.error_text(error, self.out))

    def _rows(self) -> list[Row]:
        return [state.row(self._is_built(state.run), self.ended is not None) for state in self.runs]

    async def _write_samples(self, file: samples.Samples) -> None:
        """How it went over time, in OUT/samples.jsonl; samples.py defines the fields."""
        try:
            await self._write_samples_until_the_end(file)
            file.close()
        except OSError as error:
            self._fail(folder.error_text(error, self.out))

    async def _write_samples_until_the_end(self, file: samples.Samples) -> None:
        written = counted = self.now()
        while not self.finished.is_set():
            file.write(self.now() - self.begun, self._sample())
            if self.now() - written >= PAGE_SECONDS:
                if self.now() - counted >= STATE_COVERAGE_SECONDS and self._has_built(_TOOL):
                    await self._write_state_coverage()
                    counted = self.now()
                await self._write_page()
                written = self.now()
            try:
                await asyncio.wait_for(self.finished.wait(), samples.interval(self.options.seconds))
            except TimeoutError:
                pass
            if self.ended is not None:
                break
        file.write((self.ended or self.now()) - self.begun, self._sample())

    def _sample(self) -> dict[str, object]:
        entries = self._entries()
        return {target.name: {"findings": target.findings, "corpus": entries.get(target.name, 0),
                              "engines": {state.run.engine: state.sample() for state in target.runs}} for target in self.targets}

    # --- The page ---

    def _begin_page(self) -> None:
        options = self.options
        build = provenance.build(options.root, options.preset)
        page.begun(self.out, {
            "engines": list(options.engines), "sanitizer": build["sanitizer"], "jobs": options.jobs, "seconds_wanted": options.seconds,
            "targets": [target.name for target in self.targets], "commit": str(build["commit"])[:12] + ("+" if build["dirty"] else "")})

    async def _write_page(self) -> None:
        """In a thread: fuzzers are waited for meanwhile. No page is no failure of the campaign."""
        try:
            await asyncio.to_thread(page.write, self.out)
        except OSError:
            pass

    async def _write_state_coverage(self) -> None:
        targets = [target.name for target in fuzzed(self.targets) if target.facts.profile]
        await measurements.write_state_coverage(self.options, self.children, self.env, self.tool, targets)

    async def _finish_page(self) -> None:
        if self.triage.stopped or self.failure:
            return
        self.stage = "measuring the empty target, and which states were reached"
        if not self.interrupted:
            for engine in self.options.engines:
                await self._until_built(empty_speed.TARGET, engine)
            await measurements.write_empty_speed(self.options, self.children, self.env)
        await self._write_state_coverage()

    # --- The whole ---

    async def run(self) -> int:
        """Returns the exit code."""
        options = self.options
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)
        self._prepare_folders()
        self._take_over()
        await self.builds.forget_what_is_there()
        self._begin_page()
        say(f"Fuzzing {len(self.targets)} target{'s' if len(self.targets) > 1 else ''} for {seconds_text(options.seconds)} "
            f"with {options.engine_names} under {SANITIZERS[options.preset]}, {options.jobs} at a time")
        say(f"Results go to {shown(self.out)}")
        status = display.new_status()
        status.start()
        for state in self.runs:
            state.is_late = not self._is_built(state.run) and not state.run.is_canary
        self.begun = self.now()
        showing = asyncio.create_task(self._show_status(status))
        building = asyncio.create_task(self.builds.run())
        sampling = asyncio.create_task(self._write_samples(samples.Samples(os.path.join(self.out, "samples.jsonl"))))
        try:
            await asyncio.gather(*(self._work() for _ in range(options.jobs)))
            self.ended = self.now()
            await self._wait_for_triage()
            await self._investigate()
            await self._finish_page()
        finally:
            self.finished.set()
            building.cancel()
            await showing
            await sampling
            status.stop()
        growth = {name: (entries, max(0, entries - self.entries_before[name])) for name, entries in self._entries().items()}
        return summarise(Result(options, self.targets, self.runs, self._rows(), growth, list(self.findings.values()), self.canary,
                                self.canary_after, self.ended - self.begun - self.waited, self.interrupted, self.failure))


async def _run(options: Options) -> int:
    campaign = Campaign(options)
    try:
        with sole_user(campaign.out, "another campaign", "--out, and another grown corpus with --corpus"):
            return await campaign.run()
    except OSError as error:
        raise CannotRun(folder.error_text(error, campaign.out)) from error
    finally:
        campaign.children.kill()


def main(arguments: list[str]) -> int:
    options = campaign_options.parse(arguments)
    if not options.is_built:
        options = campaign_options.build(options)
    builds.export_sanitizer_options()
    return run_async(_run(options))
