"""The campaign of scripts/fuzz, which sets up and builds everything before it starts this.

Fuzzing is cut into slices. Each of --jobs workers takes the lane (a target with one of the engines, lanes.py) that has had the least
time for its weight, runs it for a slice, and takes the next; so time that one does not need goes to the others. All is one asyncio
loop. What it writes over time is in OUT/samples.jsonl; samples.py defines the fields.
"""

import asyncio
import dataclasses
import errno
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from sluice_dev.campaign import background, folder, page
from sluice_dev.campaign import samples
from sluice_dev.common import builds, display
from sluice_dev.common import provenance
from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.arguments import Parser, whole_number
from sluice_dev.common.display import say, shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.locks import sole_user
from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import Children, run_async
from sluice_dev.engines import afl
from sluice_dev.engines import empty_speed
from sluice_dev.engines.lanes import AFL, LANES, LIBFUZZER, SAME_CRASHES, SHORTEST_AFL_SLICE_SECONDS, Target
from sluice_dev.triage import findings
from sluice_dev.triage import grouping
from sluice_dev.triage import masked_bugs
from sluice_dev.triage import sarif
from sluice_dev.triage import triage

CANARY = "canary_fuzzer"
WITHOUT_FAULT = "writable_stream_fuzzer"  # the same target without the canary's fault
# Of the time, unless it is found sooner, the canary has this share before its turn comes like that of the others.
CANARY_SHARE = 0.25
FIRST_CANARY_SECONDS = {LIBFUZZER: 2, AFL: 6}
SHORTEST_SLICE_SECONDS = {LIBFUZZER: 0.3, AFL: 2}
FINDINGS_PER_TARGET = 20  # at different places
OFTEN = 20  # times the same crash, of which people are told
SMALLEST_FREE_BYTES = 64 << 20
PAGE_SECONDS = 10  # between two versions of the page
STATE_COVERAGE_SECONDS = 60  # between two countings of the states that were reached
INTERRUPT_GRACE_SECONDS = 5

# What targets are told by a campaign, and by nobody else.
_OF_TARGETS = ("SLUICE_IGNORE_FINDINGS", "SLUICE_SUPPRESSED_INPUTS", "SLUICE_RECENT_INPUTS", "SLUICE_STEP_COVERAGE")
_AFTER_FREEING_SPACE = "Free some space, then fuzz again: what was found is kept, and the corpus goes on from where it was"


ENGINES = {LIBFUZZER: "libFuzzer", AFL: "AFL++"}
SANITIZERS = {"asan": "AddressSanitizer", "ubsan": "UndefinedBehaviorSanitizer"}


_LATER = object()
_TOOL = "sluice-fuzz"
_DICTIONARY = "program_dictionary"


@dataclasses.dataclass(frozen=True)
class Row:
    """A lane at one moment."""

    name: str
    engine: str
    executions: int
    rate: int
    cov: int  # edges
    ft: int | None  # libFuzzer only
    corpus: int
    findings: int  # that it was the first to find
    seconds_left: float
    status: str


class Campaign:
    def __init__(self, arguments):
        self.root = arguments.root
        self.seconds = arguments.seconds
        self.jobs = arguments.jobs
        self.out = arguments.out
        self.corpus = arguments.corpus
        self.preset = arguments.preset
        self.engines = [LIBFUZZER, AFL] if arguments.engine == "both" else [arguments.engine]
        # libFuzzer's build is always there: it runs again what AFL++ finds.
        self.fuzzers = {LIBFUZZER: os.path.join(self.root, "build", f"libfuzzer-{self.preset}", "fuzzers"),
                        AFL: os.path.join(self.root, "build", f"afl-{self.preset}", "fuzzers")}
        # Beside libFuzzer's targets, of the same libraries.
        self.sluice = os.path.join(self.root, "build", self._build_of(LIBFUZZER), _TOOL)
        self.env = {key: value for key, value in os.environ.items() if key not in _OF_TARGETS}
        self.children = Children()
        self.triage = triage.Triage(self.children, self.sluice, self.fuzzers[LIBFUZZER], self.env, self.root,
                                    f"libfuzzer-{self.preset}")
        self.targets = [Target(name, fuzz_targets.of(name)) for name in self._choose(arguments.target)]
        for target in self.targets:
            target.lanes = [LANES[engine](self, target, target.plan.weight / len(self.engines)) for engine in self.engines]
        self.lanes = [lane for target in self.targets for lane in target.lanes]
        self.builds = background.Builds(self.children, self.root, self._steps(arguments.first) if arguments.first else [])
        self.late = []  # lanes that were not built when fuzzing began
        self.dictionary = None  # its file, once it is needed
        self.waited = 0.0  # seconds in which nothing could be fuzzed, because it was not built yet
        self.findings = {}  # identity -> Finding; once they are grouped, by folder
        self.canary = None  # its Finding, the first
        self.canary_after = {}  # engine -> seconds
        self.more_masked = 0  # of those that were suppressed, more than are looked into
        self.interrupted = False
        self.failure = ""
        self.stage = ""
        self.finished = asyncio.Event()
        self.begun = self.ended = None

    # --- Before ---

    def _build_of(self, engine):
        return f"{'afl' if engine == AFL else 'libfuzzer'}-{self.preset}"

    def _steps(self, first):
        """What is to be built besides the targets `first`, the soonest needed first."""
        names = [target.name for target in self.targets if target.plan.is_canary]
        names += [WITHOUT_FAULT] if names else []
        names += [target.name for target in self.targets if not target.plan.is_canary]
        steps = []
        for name in dict.fromkeys(names):
            plan = fuzz_targets.of(name)
            if plan.needs_dictionary:
                steps.append(background.Step(self._build_of(LIBFUZZER), _DICTIONARY))
            if AFL in self.engines and plan.profile is None:
                steps.append(background.Step("afl-cmplog", name))  # comparisons help where bytes are mutated
            # What AFL++ finds is run again under libFuzzer's build.
            steps += [background.Step(self._build_of(engine), name) for engine in dict.fromkeys((LIBFUZZER, *self.engines)) if name not in first]
        if WITHOUT_FAULT not in first:
            steps.append(background.Step(self._build_of(LIBFUZZER), WITHOUT_FAULT))
        steps.append(background.Step(self._build_of(LIBFUZZER), _TOOL))
        steps += [background.Step(self._build_of(engine), empty_speed.TARGET) for engine in self.engines]
        return steps

    def _is_built(self, lane):
        return (self.builds.is_ready(self._build_of(lane.engine), lane.name) and self.builds.is_ready(self._build_of(LIBFUZZER), lane.name) and
                (not lane.target.plan.needs_dictionary or self.builds.is_ready(self._build_of(LIBFUZZER), _DICTIONARY)))

    def _choose(self, wanted):
        try:
            with open(os.path.join(self.fuzzers[self.engines[-1]], "targets.txt"), encoding="utf-8") as file:
                known = file.read().split()
        except OSError as error:
            raise CannotRun(f"{shown(error.filename)}: {error.strerror}") from error
        for name in wanted:
            if name not in known:
                raise CannotRun(f"unknown target {name}; there are: {' '.join(known)}")
        return list(dict.fromkeys(wanted)) or fuzz_targets.default(known)

    def _prepare_folders(self):
        for place in (self.out, self.corpus, *(os.path.join(self.corpus, t.name) for t in self._fuzzed())):
            try:
                os.makedirs(place, exist_ok=True)
                tempfile.TemporaryFile(dir=place).close()
            except OSError as error:
                raise CannotRun(f"{shown(place)}: cannot be written: {error.strerror}") from error
        self._check_disk()
        if told := folder.set_aside(self.out):
            say(told)
        self.entries_before = self._entries()

    def _check_disk(self):
        for place in (self.out, self.corpus):
            free = shutil.disk_usage(place).free
            if free < SMALLEST_FREE_BYTES:
                raise CannotRun(f"{shown(place)}: the disk is full ({free >> 20} MiB free, {SMALLEST_FREE_BYTES >> 20} are the least), and "
                                f"findings could be lost. {_AFTER_FREEING_SPACE}")

    def _entries(self):
        """How many inputs the grown corpus of each target has."""
        return {t.name: len(os.listdir(os.path.join(self.corpus, t.name))) for t in self._fuzzed()}

    def _fuzzed(self):
        """The targets but for the canary."""
        return [target for target in self.targets if not target.plan.is_canary]

    async def _prepare_dictionary(self):
        program = os.path.join(self.root, "build", self._build_of(LIBFUZZER), "fuzz", _DICTIONARY)
        code, text = await self.children.output([program], env=self.env, folder=self.out, seconds=60)
        if code != 0:
            raise CannotRun(f"{shown(program)} failed:\n{text}")
        self.dictionary = os.path.join(self.out, "program.dict")
        with open(self.dictionary, "w", encoding="utf-8") as file:
            file.write(text)

    # --- Slices ---

    def _plan_time(self):
        weights = sum(t.plan.weight for t in self._fuzzed()) or 1
        round_seconds = min(max(20 * len(self.engines), self.seconds / 15), 120 * len(self.engines))
        rounds = max(1, round(self.seconds / round_seconds))
        self.slice_per_weight = self.seconds * self.jobs / weights / rounds
        for lane in self.lanes:
            if lane.is_canary:
                lane.share = self.seconds * (CANARY_SHARE if self._fuzzed() else 1) / len(self.engines)
            else:
                lane.share = self.seconds * self.jobs * lane.weight / weights

    def _next_slice(self):
        """The lane and the seconds of the next slice; None when there is nothing left to do, _LATER when it is not built yet."""
        # Who was not built at the beginning has its share all the same.
        owed = sum(max(0, lane.share - lane.given - lane.reserved) for lane in self.late if not lane.why_stopped) / self.jobs
        left = max(self.begun + self.seconds + self.waited - self.now(), owed)
        candidates = [lane for lane in self.lanes if not lane.why_stopped and left >= SHORTEST_SLICE_SECONDS[lane.engine] and
                      (not lane.is_canary or lane.workers == 0)]
        if self.is_stopping() or not candidates:
            return None
        ready = [lane for lane in candidates if self._is_built(lane)]
        some_are_missing = len(ready) < len(candidates)
        if some_are_missing:
            # Those that are built do not use up the time of the others.
            ready = [lane for lane in ready if lane.share - lane.given - lane.reserved >= SHORTEST_SLICE_SECONDS[lane.engine]]
            if not ready:
                return _LATER
        lane = min(ready, key=lambda l: (not l.is_canary or l.given >= l.share, (l.given + l.reserved) / l.weight, -l.weight))
        if lane.is_canary:
            # Fuzzing from nothing is quick or unlucky: starting again is better than going on, if it is given ever longer.
            seconds = FIRST_CANARY_SECONDS[lane.engine] * 2**lane.slices
        else:
            seconds = max(self.slice_per_weight * lane.weight, SHORTEST_AFL_SLICE_SECONDS if lane.engine == AFL else 1)
        if some_are_missing:
            seconds = min(seconds, lane.share - lane.given - lane.reserved)
        return lane, left if left - seconds < SHORTEST_SLICE_SECONDS[AFL] else seconds

    async def _work(self):
        while chosen := self._next_slice():
            if chosen is _LATER:
                begun = self.now()
                await self.builds.changed()
                self.waited += (self.now() - begun) / self.jobs
                if self.builds.failure and not self.is_stopping():
                    self._fail(self.builds.failure)
                continue
            lane, seconds = chosen
            if lane.target.plan.needs_dictionary and self.dictionary is None:
                await self._prepare_dictionary()
            lane.reserved += seconds
            lane.workers += 1
            lane.slices += 1
            begun = self.now()
            try:
                # Of its own: two processes may find the same input at the same time.
                with tempfile.TemporaryDirectory(prefix="artifacts-", dir=self.out) as scratch:
                    await lane.run_slice(seconds, scratch)
            except (OSError, CannotRun) as error:
                self._fail(_text(error, self.out))
            finally:
                lane.workers -= 1
                lane.reserved -= seconds
                lane.given += self.now() - begun

    def is_stopping(self):
        return self.interrupted or bool(self.failure)

    def suppressed(self):
        """The identities that targets are told to suppress."""
        return sorted(f.identity for f in self.findings.values() if f.from_oracle)

    # --- Findings ---

    async def note_finding(self, lane, output, suppressed):
        """What a lane found. `suppressed`: the identities that its process suppressed. Returns whether it is new."""
        target = lane.target
        identity = output.identity(target.name)
        target.crashes[identity] = target.crashes.get(identity, 0) + 1
        after = self.now() - self.begun
        finding = findings.Finding(identity, target.name, output.kind, output.rule, output.from_oracle, after, folder="",
                                   engine=lane.engine, command=output.command, suppressed=[] if output.from_oracle else list(suppressed))
        if lane.is_canary and output.from_oracle:
            await self.builds.until_ready(self._build_of(LIBFUZZER), WITHOUT_FAULT)
            finding.canary = await self.triage.identity_without_fault(identity, output.artifact, self.out) != identity
            # Otherwise the core has this fault itself, and so it is found and reproduced without the canary's.
            finding.target = CANARY if finding.canary else WITHOUT_FAULT
        elif lane.is_canary:
            finding.target = WITHOUT_FAULT  # its fault breaks rules, and no memory
        if finding.canary:
            self.canary_after.setdefault(lane.engine, after)
            if self.canary is None:
                self.canary = finding
                finding.folder = os.path.join(self.out, CANARY, findings.folder_name(identity))
                findings.keep(finding, output.artifact, output.log, output.recent)
            lane.stop(f"found after {after:.1f} s")
            return True
        is_new = identity not in self.findings
        if is_new:
            finding.folder = os.path.join(self.out, "findings", findings.folder_name(identity))
            findings.keep(finding, output.artifact, output.log, output.recent)
            self.findings[identity] = finding
            target.findings += 1
            target.places.add(_place(identity))
            lane.findings += 1
        # Another process that ran at the same time may find the same; one that was told to pass it over must not.
        if lane.crashes_at_start >= SAME_CRASHES or (identity in suppressed and target.crashes[identity] >= SAME_CRASHES):
            target.blocked_by = identity
            target.stop("blocked")
        elif len(target.places) >= FINDINGS_PER_TARGET:
            target.stop(f"stopped after {target.findings} findings")
        return is_new

    async def _wait_for_builds(self):
        """Of what triage and the page need. Without it, findings stay as they were found."""
        wanted = [name for name in (WITHOUT_FAULT, _TOOL) if not self.builds.is_ready(self._build_of(LIBFUZZER), name)]
        self.stage = f"waiting for {' and '.join(wanted)}" if wanted else ""
        try:
            for name in wanted:
                await self.builds.until_ready(self._build_of(LIBFUZZER), name)
        except CannotRun as problem:
            self.triage.stopped = True
            if not self.interrupted:
                self._fail(str(problem))

    async def _investigate(self):
        every = [*self.findings.values(), *([self.canary] if self.canary else [])]
        queue = iter(every)
        done = 0

        async def work():
            nonlocal done
            for finding in queue:
                self.stage = f"shrinking and telling, {done} of {len(every)} done"
                await self.triage.investigate(finding)
                done += 1

        await asyncio.gather(*(work() for _ in range(self.jobs)))
        left = list(self.findings.values())
        if not self.triage.stopped:
            self.stage = "examining suppressed inputs for masked bugs"
            masked = []
            try:
                self.more_masked = await masked_bugs.look_for(self.triage, left, self.out, self.begun_at, self.jobs, masked)
            except OSError as error:
                self._fail(_text(error, self.out))
            every += masked
            left += masked
        if not self.triage.stopped:
            grouping.place_by_identity(left, os.path.join(self.out, "findings"))
            left = grouping.merge(left)
            for finding in left:
                self.triage.tell(finding)
        self.findings = {finding.folder: finding for finding in left}  # two may have one identity
        if trouble := next((f"{f.identity}: {f.trouble}" for f in every if f.trouble), ""):
            self._fail(f"a finding could not be written whole: {trouble}")

    # --- The whole ---

    def now(self):
        return asyncio.get_running_loop().time()

    def _fail(self, why):
        if not self.failure:
            self.failure = why
            self._stop_children()

    def _stop_children(self):
        self.children.send(signal.SIGINT)
        asyncio.get_running_loop().call_later(INTERRUPT_GRACE_SECONDS, self._kill_fuzzers)

    def _kill_fuzzers(self):
        for lane in self.lanes:
            for child in lane.running:
                child.kill()

    def _on_signal(self):
        if self.interrupted or self.ended is not None:
            self.triage.stopped = True
            self.children.kill()
        self.interrupted = True
        self.stage = "interrupted: ending in order; once more ends at once"
        if self.ended is None:
            self._stop_children()

    async def _show_status(self, status):
        while not self.finished.is_set():
            try:
                await asyncio.wait_for(self.finished.wait(), status.interval)
            except TimeoutError:
                # Time in which nothing could be fuzzed is not time of the campaign.
                passed = min(max(0, (self.ended or self.now()) - self.begun - self.waited), self.seconds)
                status.update(self.rows(), passed, self.seconds, "; ".join(filter(None, (self.stage, self.builds.progress()))))
                try:
                    self._check_disk()
                except (OSError, CannotRun) as error:
                    self._fail(_text(error, self.out))

    def rows(self):
        rows = []
        for lane in self.lanes:
            lane.note()
            left = 0 if lane.why_stopped or self.ended is not None else max(0, lane.share - lane.given)
            if lane.running:
                rate = lane.rate
                status = "loading" if lane.is_loading else "fuzzing"
            else:
                rate = round(lane.executions_before / lane.given) if lane.given else 0
                status = ("waiting" if self._is_built(lane) else "being built") if left else "done"
            is_afl = lane.engine == AFL
            rows.append(Row(lane.name, lane.engine, lane.executions, rate, lane.edges if is_afl else lane.cov,
                            None if is_afl else lane.ft, lane.corpus, lane.findings, left, lane.why_stopped or status))
        return rows

    async def _write_samples(self, file):
        """How it went over time, in OUT/samples.jsonl; samples.py defines the fields."""
        try:
            await self._write_samples_until_the_end(file)
            file.close()
        except OSError as error:
            self._fail(_text(error, self.out))

    async def _write_samples_until_the_end(self, file):
        written = counted = self.now()
        while not self.finished.is_set():
            file.write(self.now() - self.begun, self._sample())
            if self.now() - written >= PAGE_SECONDS:
                if self.now() - counted >= STATE_COVERAGE_SECONDS and self.builds.is_ready(self._build_of(LIBFUZZER), _TOOL):
                    await self._count_states()
                    counted = self.now()
                await self._write_page()
                written = self.now()
            try:
                await asyncio.wait_for(self.finished.wait(), samples.interval(self.seconds))
            except TimeoutError:
                pass
            if self.ended is not None:
                break
        file.write((self.ended or self.now()) - self.begun, self._sample())

    def _sample(self):
        entries = self._entries()
        sample = {target.name: {"findings": target.findings, "corpus": entries.get(target.name, 0), "engines": {}}
                  for target in self.targets}
        for lane in self.lanes:
            lane.note()
            reached = {"edges": lane.edges} if lane.engine == AFL else {"cov": lane.cov, "ft": lane.ft}
            sample[lane.name]["engines"][lane.engine] = {
                "executions": lane.executions, "rate": lane.rate, "running": len(lane.running), **reached, "corpus": lane.corpus}
        return sample

    # --- The page ---

    def _begin_page(self):
        build = provenance.build(self.root, self.preset)
        page.begun(self.out, {
            "engines": self.engines, "sanitizer": build["sanitizer"], "jobs": self.jobs, "seconds_wanted": self.seconds,
            "targets": [target.name for target in self.targets], "commit": build["commit"][:12] + ("+" if build["dirty"] else "")})

    async def _write_page(self):
        """In a thread: fuzzers are waited for meanwhile. No page is no failure of the campaign."""
        try:
            await asyncio.to_thread(page.write, self.out)
        except OSError:
            pass

    async def _count_states(self):
        """OUT/state-coverage.json: which of the stream's states the corpus goes through. (Inputs of the codec's target are texts, not programs.)"""
        folders = [os.path.join(self.root, "corpus"), *(os.path.join(self.corpus, t.name) for t in self._fuzzed() if t.plan.profile)]
        code, text = await self.children.output([self.sluice, "state-coverage", *filter(os.path.isdir, folders)], env=self.env, folder=self.out,
                                                seconds=120)
        if code in (0, 1):
            with open(os.path.join(self.out, "state-coverage.json"), "w", encoding="utf-8") as file:
                file.write(text)

    async def _measure_empty(self):
        """OUT/speed.json: what the engines do with a target that does nothing."""
        max_len = fuzz_targets.of(empty_speed.TARGET).max_len
        speed = {}
        for engine in self.engines:
            if engine == AFL:
                env = afl.environment(self.env, profile=None, mutator=None)
                speed[engine] = await empty_speed.afl_speed(self.children, self.fuzzers[AFL], env, max_len)
            else:
                speed[engine] = await empty_speed.libfuzzer_speed(self.children, self.fuzzers[LIBFUZZER], self.env, max_len)
        with open(os.path.join(self.out, "speed.json"), "w", encoding="utf-8") as file:
            json.dump({engine: rate for engine, rate in speed.items() if rate}, file)

    async def _finish_page(self):
        if self.triage.stopped or self.failure:
            return
        self.stage = "measuring the empty target, and which states were reached"
        if not self.interrupted:
            for engine in self.engines:
                await self.builds.until_ready(self._build_of(engine), empty_speed.TARGET)
            await self._measure_empty()
        await self._count_states()

    async def run(self):
        """Returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)
        self._prepare_folders()
        await self.builds.forget_what_is_there()
        self._begin_page()
        self._plan_time()
        say(f"Fuzzing {len(self.targets)} target{'s' if len(self.targets) > 1 else ''} for {display.seconds_text(self.seconds)} "
            f"with {self._engine_names()} under {SANITIZERS[self.preset]}, {self.jobs} at a time")
        say(f"Results go to {shown(self.out)}")
        status = display.new_status()
        status.start()
        self.late = [lane for lane in self.lanes if not self._is_built(lane) and not lane.is_canary]
        self.begun = self.now()
        self.begun_at = time.time()
        showing = asyncio.create_task(self._show_status(status))
        building = asyncio.create_task(self.builds.run())
        sampling = asyncio.create_task(self._write_samples(samples.Samples(os.path.join(self.out, "samples.jsonl"))))
        try:
            await asyncio.gather(*(self._work() for _ in range(self.jobs)))
            self.ended = self.now()
            await self._wait_for_builds()
            await self._investigate()
            await self._finish_page()
        finally:
            self.finished.set()
            building.cancel()
            await showing
            await sampling
            status.stop()
        return self._summarise()

    def _engine_names(self):
        return " and ".join(ENGINES[engine] for engine in self.engines)

    # --- After ---

    def _canary_problem(self):
        """Why the canary makes this a failed campaign; empty if it does not."""
        missed = [lane for lane in self.lanes if lane.is_canary and lane.engine not in self.canary_after]
        if missed and self.findings:
            return ""  # fuzzing finds something, and that was in its way
        if missed and not self.is_stopping() and not any(lane.why_stopped for lane in missed):
            least = 10 * len(self.engines)
            hint = f" ({least} seconds are the least that is sensible)" if self.seconds < least else ""
            by = f" by {' and '.join(ENGINES[lane.engine] for lane in missed)}" if len(self.engines) > 1 else ""
            return f"the canary was not found{by}: the pipeline does not work, or the time is too short{hint}"
        if self.canary is not None and self.canary.reproduces is False:
            return "the canary was found, but its input does not reproduce: the pipeline does not work"
        return ""

    def _print_lanes(self, rows, growth):
        display.print_table(rows, growth)
        for engine, seconds in self.canary_after.items():
            by = f" by {ENGINES[engine]}" if len(self.engines) > 1 else ""
            say(f"\ncanary: found{by} after {seconds:.1f} s (as it must be)")
        for lane in self.lanes:
            if lane.engine == AFL and lane.stability is not None and lane.stability < 100:
                say(f"\nstability: {lane.name} {lane.stability:g}%: of the edges that AFL++ saw, {100 - lane.stability:.2g}% were not taken "
                    "equally often when the same input ran again")
        for target in self.targets:
            if target.blocked_by:
                say(f"\nblocked: {target.name} ended early, because each run crashed with {target.blocked_by} before anything was fuzzed")
            for finding in self.findings.values():
                count = sum(target.crashes.get(identity, 0) for identity in (finding.identity, *finding.also_seen_as))
                if count >= OFTEN and not finding.from_oracle:
                    say(f"\noften: {target.name} crashed {count:,} times with {finding.identity} and started again each time. It masks other "
                        "findings: fix it and run again")
            if target.moved:
                say(f"\nmoved: {target.moved} entries of the corpus of {target.name} crash; they are in "
                    f"{shown(os.path.join(self.out, 'crashing', target.name))}")

    def _summarise(self):
        rows = self.rows()
        growth = {name: (entries, max(0, entries - self.entries_before[name])) for name, entries in self._entries().items()}
        passed = self.ended - self.begun - self.waited
        say(f"\n{'Interrupted after' if self.interrupted else 'Fuzzed for'} {display.seconds_text(passed)}.\n")
        self._print_lanes(rows, growth)
        repro = shown(os.path.join(self.root, "scripts", "repro")) + (" --sanitizer undefined" if self.preset == "ubsan" else "")
        for position, finding in enumerate(self.findings.values(), 1):
            display.print_finding(position, finding, repro)
        if growth:
            say(f"\nThe corpus is in {shown(self.corpus)}; the next campaign goes on from it.")
        self.failure = self.failure or self._canary_problem()
        code = 2 if self.failure else 1 if self.findings else 0
        with open(os.path.join(self.out, "summary.json"), "w", encoding="utf-8") as file:
            json.dump(self._summary_as_data(rows, growth, passed, code), file, indent=2)
            file.write("\n")
        sarif.write_campaign(Path(self.out), Path(self.root))
        if page.write(self.out):
            say(f"\nThe page of this campaign: {shown(os.path.join(self.out, 'index.html'))}")
        else:
            say(f"\n{page.MISSING}")
        if self.failure:
            raise CannotRun(self.failure)
        if self.more_masked:
            say(f"\nAmong the programs that were suppressed, the core diverges in {self.more_masked} more operations; they are in "
                f"{shown(os.path.join(self.out, 'suppressed'))}")
        count = len(self.findings)
        say(f"\n{count} finding{'s' if count > 1 else ''}." if count else "\nNothing was found.")
        return code

    def _summary_as_data(self, rows, growth, passed, code):
        def finding_as_data(finding):
            data = dataclasses.asdict(finding)
            data["folder"] = os.path.relpath(finding.folder, self.out)
            return data

        targets = []
        for target in self.targets:
            entries, new = growth.get(target.name, (0, 0))
            engines = {}
            for row, lane in zip(rows, self.lanes):
                if row.name == target.name:
                    data = dataclasses.asdict(row)
                    del data["name"], data["engine"], data["seconds_left"]
                    engines[row.engine] = data | ({"stability": lane.stability} if lane.engine == AFL else {})
            targets.append({"name": target.name, "executions": sum(e["executions"] for e in engines.values()),
                            "findings": target.findings, "corpus": entries, "new_corpus_entries": new, "crashes": target.crashes,
                            "engines": engines})
        return {
            "exit_code": code, "failure": self.failure, "interrupted": self.interrupted, "engines": self.engines,
            "canary_seconds": {engine: round(after, 1) for engine, after in self.canary_after.items()},
            "sanitizer": {"asan": "address", "ubsan": "undefined"}[self.preset], "jobs": self.jobs,
            "seconds_wanted": self.seconds, "seconds": round(passed, 1), "targets": targets,
            "canary": finding_as_data(self.canary) if self.canary else None,
            "findings": [finding_as_data(f) for f in self.findings.values()],
        }


def _place(identity):
    """Where it broke, whoever called that, or which rule, whatever the step: one fault has many identities."""
    return grouping.rule_of(identity).split("<", 1)[0]


def _text(error, folder):
    """`folder`: where what could not be written should have gone, when the error itself does not know."""
    if isinstance(error, OSError):
        text = f"{shown(error.filename or folder)}: {error.strerror or error}"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return f"{text}. --out and --corpus name other folders"
        return f"{text}. {_AFTER_FREEING_SPACE}" if error.errno in (errno.ENOSPC, errno.EDQUOT) else text
    return str(error)


def _parse(arguments):
    parser = Parser("scripts/fuzz")
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--time", default="60")
    parser.add_argument("--sanitizer", default="address", choices=list(builds.PRESETS))
    parser.add_argument("--jobs", default=str(len(os.sched_getaffinity(0))))
    parser.add_argument("--engine", default=LIBFUZZER, choices=[LIBFUZZER, AFL, "both"])
    parser.add_argument("--out")
    parser.add_argument("--corpus", default=os.environ.get("SLUICE_CORPUS"))
    parser.add_argument("--built")  # a tree, for tests: nothing is built there
    options = parser.parse(arguments)
    if options.words:
        parser.error(f"unknown argument {options.words[0]} (a target is named with --target)")
    options.seconds = whole_number(parser, "--time", options.time, " of seconds")
    options.jobs = whole_number(parser, "--jobs", options.jobs)
    options.preset = builds.PRESETS[options.sanitizer]
    options.root = options.built or str(ROOT)
    options.first = []  # targets that are built before anything is fuzzed; none: nothing is to be built
    for name in [] if options.built else options.target:
        builds.require_target(name)
    if options.out is None:
        # The process id tells apart campaigns that begin in the same second.
        name = f"{options.engine}-{options.preset}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
        options.out = os.path.join(ROOT, "build/campaigns", name)
    else:
        options.out = os.path.realpath(options.out)
        options.corpus = options.corpus or os.path.join(options.out, "corpus")
    options.corpus = os.path.realpath(options.corpus or ROOT / "build/corpus")
    return options


def _build(options):
    """One target and the canary, which are fuzzed while the others are built (background.py)."""
    builds.prepare()
    options.first = [(options.target or fuzz_targets.default(list(fuzz_targets.ALL)))[0]]
    if not options.target or CANARY in options.target[1:]:
        options.first.append(CANARY)
    # What AFL++ finds is run again under libFuzzer's build.
    builds.build(f"libfuzzer-{options.preset}", *options.first)
    if options.engine != LIBFUZZER:
        if shutil.which("afl-fuzz") is None:
            raise CannotRun(f"--engine {options.engine}: afl-fuzz is missing; install AFL++ (Debian: afl++)")
        builds.build(f"afl-{options.preset}", *options.first, "sluice_afl_mutator")


async def _run(campaign):
    try:
        with sole_user(campaign.out, "another campaign"):
            return await campaign.run()
    except OSError as error:
        raise CannotRun(_text(error, campaign.out)) from error
    finally:
        campaign.children.kill()


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    if not options.built:
        _build(options)
    builds.export_sanitizer_options()
    return run_async(_run(Campaign(options)))
