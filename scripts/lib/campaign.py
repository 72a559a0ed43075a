"""The campaign of scripts/fuzz, which sets up and builds everything before it starts this.

Fuzzing is cut into slices. Each of --jobs workers takes the target that has had the least time for its weight, runs it for
a slice, and takes the next; so time that one target does not need goes to the others. All is one asyncio loop.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import shutil
import signal
import sys
import tempfile

import display
import libfuzzer
import samples
import triage
from display import say, shown
from processes import Children

CANARY = "canary_fuzzer"
WITHOUT_FAULT = "writable_stream_fuzzer"  # the same target without the canary's fault
# Fuzzed only when asked for: it does nothing.
NOT_BY_DEFAULT = ("empty_fuzzer",)
# Of the time, unless it is found sooner, the canary has this share before its turn comes like that of the others.
CANARY_SHARE = 0.25
FIRST_CANARY_SECONDS = 2
SHORTEST_SLICE_SECONDS = 0.3
# An identical crash that no one can pass over ends the target after this many times.
SAME_CRASHES = 3
FINDINGS_PER_TARGET = 20
SMALLEST_FREE_BYTES = 64 << 20
INTERRUPT_GRACE_SECONDS = 5


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a target is fuzzed; the default is for one that nobody has thought about yet."""

    weight: int = 1
    more_seeds: tuple = ()  # folders of corpus/ besides its own
    max_len: int = 384  # bytes; about a hundred operations: longer programs find no more and take longer
    dictionary: bool = False


PLANS = {
    "writable_stream_fuzzer": Plan(weight=3),
    "reentrancy_fuzzer": Plan(weight=3, more_seeds=("writable_stream_fuzzer",)),
    "buffer_limit_fuzzer": Plan(weight=2, more_seeds=("writable_stream_fuzzer",)),
    CANARY: Plan(weight=3),
    "v8_binding_fuzzer": Plan(more_seeds=("reentrancy_fuzzer", "writable_stream_fuzzer")),
    "program_codec_fuzzer": Plan(more_seeds=("writable_stream_fuzzer",), max_len=1024, dictionary=True),
}


class CannotRun(Exception):
    """The campaign cannot go on; the text says why, for a person."""


class Target:
    def __init__(self, name):
        self.name = name
        self.plan = PLANS.get(name, Plan())
        self.workers = 0  # that are busy with it
        self.slices = 0
        self.running = {}  # child -> Output
        self.reserved = 0.0  # seconds of the slices that run
        self.given = 0.0  # seconds of those that ended
        self.executions_before = 0
        self.cov = 0
        self.ft = 0
        self.corpus = 0
        self.findings = 0
        self.crashes = {}  # identity -> how often
        self.share = 0.0  # seconds, as planned
        self.why_stopped = ""
        self.blocked_by = ""  # the identity of a finding

    def note(self, output):
        self.cov = max(self.cov, output.cov)
        self.ft = max(self.ft, output.ft)
        self.corpus = max(self.corpus, output.corpus)

    def stop(self, why):
        self.why_stopped = why
        for child in self.running:
            child.send(signal.SIGUSR1)


@dataclasses.dataclass(frozen=True)
class Row:
    """A target at one moment."""

    name: str
    executions: int
    rate: int
    cov: int
    ft: int
    corpus: int
    findings: int
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
        self.fuzzers = os.path.join(self.root, "build", f"libfuzzer-{self.preset}", "fuzzers")
        self.sluice = os.path.join(self.root, "build", self.preset, "sluice")
        self.env = {key: value for key, value in os.environ.items() if key != "SLUICE_IGNORE_FINDINGS"}
        self.children = Children()
        self.triage = triage.Triage(self.children, self.sluice, self.fuzzers, self.env)
        self.targets = [Target(name) for name in self._choose(arguments.targets)]
        self.findings = {}  # identity -> Finding
        self.canary = None  # its Finding
        self.interrupted = False
        self.failure = ""
        self.stage = ""
        self.finished = asyncio.Event()
        self.begun = self.ended = None

    # --- Before ---

    def _choose(self, wanted):
        try:
            with open(os.path.join(self.fuzzers, "targets.txt"), encoding="utf-8") as file:
                known = file.read().split()
        except OSError as error:
            raise CannotRun(f"{shown(error.filename)}: {error.strerror}") from error
        for name in wanted:
            if name not in known:
                raise CannotRun(f"unknown target {name}; there are: {' '.join(known)}")
        return list(dict.fromkeys(wanted)) or [name for name in known if name not in NOT_BY_DEFAULT]

    def _prepare_folders(self):
        for folder in (self.out, self.corpus, *(os.path.join(self.corpus, t.name) for t in self.targets if t.name != CANARY)):
            try:
                os.makedirs(folder, exist_ok=True)
                tempfile.TemporaryFile(dir=folder).close()
            except OSError as error:
                raise CannotRun(f"{shown(folder)}: cannot be written: {error.strerror}") from error
        self._check_disk()
        self.entries_before = self._entries()

    def _check_disk(self):
        for folder in (self.out, self.corpus):
            free = shutil.disk_usage(folder).free
            if free < SMALLEST_FREE_BYTES:
                raise CannotRun(f"{shown(folder)}: the disk is full ({free >> 20} MiB free); findings could be lost")

    def _entries(self):
        """How many inputs the grown corpus of each target has."""
        return {t.name: len(os.listdir(os.path.join(self.corpus, t.name))) for t in self.targets if t.name != CANARY}

    async def _prepare_dictionary(self):
        code, text = await self.children.output([self.sluice, "dictionary"], env=self.env, folder=self.out, seconds=60)
        if code != 0:
            raise CannotRun(f"`sluice dictionary` failed:\n{text}")
        self.dictionary = os.path.join(self.out, "program.dict")
        with open(self.dictionary, "w", encoding="utf-8") as file:
            file.write(text)

    # --- Slices ---

    def _plan_time(self):
        fuzzed = [t for t in self.targets if t.name != CANARY]
        weights = sum(t.plan.weight for t in fuzzed) or 1
        round_seconds = min(max(20, self.seconds / 15), 120)
        rounds = max(1, round(self.seconds / round_seconds))
        self.slice_per_weight = self.seconds * self.jobs / weights / rounds
        for target in fuzzed:
            target.share = self.seconds * self.jobs * target.plan.weight / weights
        for target in self.targets:
            if target.name == CANARY:
                target.share = self.seconds * (CANARY_SHARE if fuzzed else 1)

    def _next_slice(self):
        """The target and the seconds of the next slice; None when there is nothing left to do."""
        left = self.begun + self.seconds - self._now()
        if self._is_stopping() or left < SHORTEST_SLICE_SECONDS:
            return None
        candidates = [t for t in self.targets if not t.why_stopped and (t.name != CANARY or t.workers == 0)]
        if not candidates:
            return None
        target = min(candidates, key=lambda t: (t.name != CANARY or t.given >= t.share,
                                                (t.given + t.reserved) / t.plan.weight, -t.plan.weight))
        if target.name == CANARY:
            # Fuzzing from nothing is quick or unlucky: starting again is better than going on, if it is given ever longer.
            seconds = FIRST_CANARY_SECONDS * 2**target.slices
        else:
            seconds = max(self.slice_per_weight * target.plan.weight, 1)
        return target, left if left - seconds < 1 else seconds

    async def _work(self):
        while chosen := self._next_slice():
            target, seconds = chosen
            target.reserved += seconds
            target.workers += 1
            target.slices += 1
            begun = self._now()
            try:
                # Of its own: two processes may find the same input at the same time.
                with tempfile.TemporaryDirectory(prefix="artifacts-", dir=self.out) as artifacts:
                    await self._run_slice(target, seconds, artifacts)
            except (OSError, CannotRun) as error:
                self._fail(_text(error, self.out))
            finally:
                target.workers -= 1
                target.reserved -= seconds
                target.given += self._now() - begun

    def _command(self, target, seconds, artifacts):
        folders = [os.path.join(self.corpus, target.name)]
        folders += (os.path.join(self.root, "corpus", name) for name in (target.name, *target.plan.more_seeds))
        if target.name == CANARY:
            # From nothing: it proves that fuzzing itself finds something, not that the seeds do.
            folders.clear()
        return libfuzzer.fuzz_command(
            os.path.join(self.fuzzers, target.name), seconds=seconds, artifacts=artifacts,
            folders=filter(os.path.isdir, folders), max_len=target.plan.max_len,
            dictionary=self.dictionary if target.plan.dictionary else None)

    async def _run_slice(self, target, seconds, artifacts):
        passed_over = sorted(f.identity for f in self.findings.values() if f.from_oracle)
        env = dict(self.env, SLUICE_IGNORE_FINDINGS=",".join(passed_over)) if passed_over else self.env
        child = await self.children.start(self._command(target, seconds, artifacts), env=env, folder=self.out)
        output = target.running[child] = libfuzzer.Output(self.root)
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(seconds, child.send, signal.SIGUSR1),
                  loop.call_later(seconds + libfuzzer.NOTICED_AFTER_SECONDS, child.kill)]
        if self._is_stopping():
            child.send(signal.SIGINT)
        code = await child.read(output.add)
        for timer in timers:
            timer.cancel()
        output.finish()
        target.note(output)
        target.executions_before += output.executions
        del target.running[child]
        if output.kind is not None:
            await self._note_finding(target, output, passed_over)
        elif not (code == 0 or child.ended_as_told or (self._is_stopping() and (child.killed or code == libfuzzer.INTERRUPTED))):
            how = "did not end when told to" if child.killed else f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
            last = "\n".join("  " + line for line in list(output.log)[-20:])
            raise CannotRun(f"{target.name} {how}, and wrote no input that makes it do so. Its last lines:\n{last}")

    def _is_stopping(self):
        return self.interrupted or bool(self.failure)

    # --- Findings ---

    async def _note_finding(self, target, output, passed_over):
        identity = output.identity(target.name)
        target.crashes[identity] = target.crashes.get(identity, 0) + 1
        after = self._now() - self.begun
        finding = triage.Finding(identity, target.name, output.kind, output.rule, output.from_oracle, after, folder="")
        if not os.path.exists(output.artifact):
            raise CannotRun(f"{target.name} found {identity}, but its input could not be written. Is the disk full?")
        if target.name == CANARY and output.from_oracle:
            finding.canary = await self.triage.identity_without_fault(identity, output.artifact, self.out) != identity
            # Otherwise the core has this fault itself, and so it is found and reproduced without the canary's.
            finding.target = CANARY if finding.canary else WITHOUT_FAULT
        if finding.canary:
            self.canary = finding
            finding.folder = os.path.join(self.out, CANARY, triage.folder_name(identity))
            triage.keep(finding, output.artifact, output.log)
            target.stop(f"found after {after:.1f} s")
            return
        if identity not in self.findings:
            finding.folder = os.path.join(self.out, "findings", finding.target, triage.folder_name(identity))
            triage.keep(finding, output.artifact, output.log)
            self.findings[identity] = finding
            target.findings += 1
        # Another process that ran at the same time may find the same; one that was told to pass it over must not.
        is_stuck = identity in passed_over or not output.from_oracle
        if is_stuck and target.crashes[identity] >= SAME_CRASHES:
            target.blocked_by = identity
            target.stop("blocked")
        elif target.findings >= FINDINGS_PER_TARGET:
            target.stop(f"stopped after {FINDINGS_PER_TARGET} findings")

    async def _investigate(self):
        found = [*self.findings.values(), *([self.canary] if self.canary else [])]
        queue = iter(found)
        done = 0

        async def work():
            nonlocal done
            for finding in queue:
                self.stage = f"shrinking and telling, {done} of {len(found)} done"
                await self.triage.investigate(finding)
                done += 1

        await asyncio.gather(*(work() for _ in range(self.jobs)))

    # --- The whole ---

    def _now(self):
        return asyncio.get_running_loop().time()

    def _fail(self, why):
        if not self.failure:
            self.failure = why
            self._stop_children()

    def _stop_children(self):
        self.children.send(signal.SIGINT)
        asyncio.get_running_loop().call_later(INTERRUPT_GRACE_SECONDS, self._kill_fuzzers)

    def _kill_fuzzers(self):
        for target in self.targets:
            for child in target.running:
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
                status.update(self.rows(), (self.ended or self._now()) - self.begun, self.seconds, self.stage)
                try:
                    self._check_disk()
                except (OSError, CannotRun) as error:
                    self._fail(_text(error, self.out))

    def rows(self):
        rows = []
        for target in self.targets:
            for output in target.running.values():
                target.note(output)
            left = 0 if target.why_stopped or self.ended is not None else max(0, target.share - target.given)
            executions = target.executions_before + sum(o.executions for o in target.running.values())
            if target.running:
                rate = sum(o.rate for o in target.running.values())
                status = "loading" if all(o.loading for o in target.running.values()) else "fuzzing"
            else:
                rate = round(target.executions_before / target.given) if target.given else 0
                status = "waiting" if left else "done"
            rows.append(Row(target.name, executions, rate, target.cov, target.ft, target.corpus, target.findings, left,
                            target.why_stopped or status))
        return rows

    async def _write_samples(self, file):
        """How it went over time, in OUT/samples.jsonl; samples.py defines the fields."""
        while not self.finished.is_set():
            file.write(self._now() - self.begun, self._sample())
            try:
                await asyncio.wait_for(self.finished.wait(), samples.interval(self.seconds))
            except TimeoutError:
                pass
            if self.ended is not None:
                break
        file.write((self.ended or self._now()) - self.begun, self._sample())
        file.close()

    def _sample(self):
        entries = self._entries()
        sample = {}
        for target, row in zip(self.targets, self.rows()):
            rate = row.rate if target.running else 0
            engine = {"executions": row.executions, "rate": rate, "running": len(target.running), "cov": row.cov, "ft": row.ft,
                      "corpus": row.corpus}
            sample[target.name] = {"findings": row.findings, "corpus": entries.get(target.name, 0), "engines": {"libfuzzer": engine}}
        return sample

    async def run(self):
        """Returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)
        self._prepare_folders()
        await self._prepare_dictionary()
        self._plan_time()
        sanitizer = {"asan": "AddressSanitizer", "ubsan": "UndefinedBehaviorSanitizer"}[self.preset]
        say(f"Fuzzing {len(self.targets)} target{'s' if len(self.targets) > 1 else ''} for {display.seconds_text(self.seconds)} "
            f"with libFuzzer under {sanitizer}, {self.jobs} at a time")
        say(f"Results go to {shown(self.out)}")
        status = display.new_status()
        status.start()
        self.begun = self._now()
        showing = asyncio.create_task(self._show_status(status))
        sampling = asyncio.create_task(self._write_samples(samples.Samples(os.path.join(self.out, "samples.jsonl"))))
        try:
            await asyncio.gather(*(self._work() for _ in range(self.jobs)))
            self.ended = self._now()
            await self._investigate()
        finally:
            self.finished.set()
            await showing
            await sampling
            status.stop()
        return self._summarise()

    # --- After ---

    def _canary_problem(self):
        """Why the canary makes this a failed campaign; empty if it does not."""
        if all(t.name != CANARY for t in self.targets):
            return ""
        if self.canary is None:
            if self._is_stopping() or any(t.name == CANARY and t.why_stopped for t in self.targets):
                return ""
            hint = " (10 seconds are the least that is sensible)" if self.seconds < 10 else ""
            return f"the canary was not found: the pipeline does not work, or the time is too short{hint}"
        if self.canary.reproduces is False:
            return "the canary was found, but its input does not reproduce: the pipeline does not work"
        return ""

    def _summarise(self):
        rows = self.rows()
        growth = {name: (entries, max(0, entries - self.entries_before[name])) for name, entries in self._entries().items()}
        passed = self.ended - self.begun
        say(f"\n{'Interrupted after' if self.interrupted else 'Fuzzed for'} {display.seconds_text(passed)}.\n")
        display.print_table(rows, growth)
        if self.canary:
            say(f"\ncanary: found after {self.canary.after_seconds:.1f} s (as it must be)")
        for identity in dict.fromkeys(t.blocked_by for t in self.targets if t.blocked_by):
            names = ", ".join(t.name for t in self.targets if t.blocked_by == identity)
            say(f"\nblocked: {names} ended early, because each run crashed with {identity}")
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
        if self.failure:
            raise CannotRun(self.failure)
        count = len(self.findings)
        say(f"\n{count} finding{'s' if count > 1 else ''}." if count else "\nNothing was found.")
        return code

    def _summary_as_data(self, rows, growth, passed, code):
        def finding_as_data(finding):
            data = dataclasses.asdict(finding)
            data["folder"] = os.path.relpath(finding.folder, self.out)
            return data

        targets = []
        for row in rows:
            data = dataclasses.asdict(row)
            del data["seconds_left"]
            entries, new = growth.get(row.name, (row.corpus, 0))
            targets.append(data | {"corpus": entries, "new_corpus_entries": new})
        return {
            "exit_code": code, "failure": self.failure, "interrupted": self.interrupted, "engine": "libfuzzer",
            "sanitizer": {"asan": "address", "ubsan": "undefined"}[self.preset], "jobs": self.jobs,
            "seconds_wanted": self.seconds, "seconds": round(passed, 1), "targets": targets,
            "canary": finding_as_data(self.canary) if self.canary else None,
            "findings": [finding_as_data(f) for f in self.findings.values()],
        }


def _text(error, folder):
    """`folder`: where what could not be written should have gone, when the error itself does not know."""
    if isinstance(error, OSError):
        return f"{shown(error.filename or folder)}: {error.strerror or error}"
    return str(error)


def _parse_arguments():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("--root", "--preset", "--out", "--corpus"):
        parser.add_argument(name, required=True)
    for name in ("--seconds", "--jobs"):
        parser.add_argument(name, required=True, type=int)
    parser.add_argument("targets", nargs="*")
    return parser.parse_args()


async def _main():
    campaign = Campaign(_parse_arguments())
    try:
        return await campaign.run()
    except OSError as error:
        raise CannotRun(_text(error, campaign.out)) from error
    finally:
        campaign.children.kill()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(_main()))
    except CannotRun as problem:
        print(f"scripts/fuzz: {problem}", file=sys.stderr)
        sys.exit(2)
