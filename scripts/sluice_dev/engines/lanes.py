"""How a target is fuzzed by an engine: a lane is one engine's part of one target, and is given its time in slices.

An engine's process hands what it finds to Campaign.note_finding() as a libfuzzer.Output: libFuzzer's own, or for AFL++ that of the
input run again under libFuzzer's build, so that the same fault is the same finding whoever found it.
"""

import asyncio
import hashlib
import os
import shutil
import signal

from sluice_dev.common.display import shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.corpus.files import entries
from sluice_dev.engines import afl
from sluice_dev.engines import libfuzzer
from sluice_dev.engines import recent_inputs
from sluice_dev.triage import masked_bugs

LIBFUZZER = "libfuzzer"
AFL = "afl"
# A crash that nobody can suppress, over and over before anything was fuzzed: the target cannot be fuzzed.
SAME_CRASHES = 5
# Starting an instance again takes AFL++ a second or two.
SHORTEST_AFL_SLICE_SECONDS = 6
_LOOK_EVERY_SECONDS = 1
_REPLAY_SECONDS = 60


class Target:
    def __init__(self, name, plan):
        self.name = name
        self.plan = plan
        self.lanes = []
        self.findings = 0
        self.places = set()  # where they are, which are fewer
        self.crashes = {}  # identity -> how often
        self.blocked_by = ""  # the identity of a finding
        self.moved = 0  # entries of the corpus that crash

    def stop(self, why):
        for lane in self.lanes:
            lane.stop(why)


class Lane:
    engine = ""

    def __init__(self, campaign, target, weight):
        self.campaign = campaign
        self.target = target
        self.weight = weight
        self.workers = 0  # that are busy with it
        self.slices = 0
        self.running = {}  # child -> Output
        self.reserved = 0.0  # seconds of the slices that run
        self.given = 0.0  # seconds of those that ended
        self.share = 0.0  # seconds, as planned
        self.executions_before = 0
        self.corpus = 0
        self.findings = 0  # that it was the first to find
        self.why_stopped = ""
        self.crashes_at_start = 0  # in a row

    @property
    def name(self):
        return self.target.name

    @property
    def is_canary(self):
        return self.target.plan.is_canary

    @property
    def executions(self):
        return self.executions_before + sum(output.executions for output in self.running.values())

    @property
    def rate(self):
        """Of what runs now."""
        return sum(output.rate for output in self.running.values())

    @property
    def is_loading(self):
        return all(output.loading for output in self.running.values())

    def note(self):
        for output in self.running.values():
            self.note_output(output)

    def stop(self, why):
        self.why_stopped = why
        for child in self.running:
            child.send(self.end_signal)

    def seed_folders(self):
        folders = (os.path.join(self.campaign.root, "corpus", name) for name in (self.name, *self.target.plan.seeds))
        # The canary is found from nothing: it proves that fuzzing itself finds something, not that the seeds do.
        return [] if self.is_canary else [folder for folder in folders if os.path.isdir(folder)]

    def corpus_folder(self):
        """What is shared with the other engine; None for the canary."""
        return None if self.is_canary else os.path.join(self.campaign.corpus, self.name)

    def dictionary(self):
        own = os.path.join(self.campaign.root, "fuzz", "targets", f"{self.name}.dict")
        return own if os.path.exists(own) else self.campaign.dictionary if self.target.plan.needs_dictionary else None

    def environment(self, suppressed, recent=None):
        """`recent`: a folder that is made, where the process keeps its last inputs."""
        env = dict(self.campaign.env, SLUICE_IGNORE_FINDINGS=",".join(suppressed))
        if recent:
            os.makedirs(recent, exist_ok=True)
            env[recent_inputs.VARIABLE] = recent
        return env if self.is_canary else env | masked_bugs.environment(self.campaign.out, self.name)

    def check_end(self, child, code, log):
        """`code`: of a process that found nothing."""
        stopping = self.campaign.is_stopping()
        if code == 0 or child.ended_as_told or (stopping and (child.killed or code == libfuzzer.INTERRUPTED)):
            return
        how = "did not end when told to" if child.killed else f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
        last = "\n".join("  " + line for line in list(log)[-20:])
        raise CannotRun(f"{self.name} {how}, and wrote no input that makes it do so. Its last lines:\n{last}")


class LibFuzzerLane(Lane):
    engine = LIBFUZZER
    end_signal = signal.SIGUSR1

    def __init__(self, campaign, target, weight):
        super().__init__(campaign, target, weight)
        self.cov = 0
        self.ft = 0
        self._crashing_seeds = set()  # paths

    def note_output(self, output):
        self.cov = max(self.cov, output.cov)
        self.ft = max(self.ft, output.ft)
        self.corpus = max(self.corpus, output.corpus)

    def _folders(self, scratch):
        """The first one grows. Seeds that crash are left out: the engine could not get past them."""
        corpus = self.corpus_folder()
        folders = self.seed_folders()
        if self._crashing_seeds:
            links = os.path.join(scratch, "seeds")
            os.makedirs(links)
            for folder in folders:
                for entry in os.scandir(folder):
                    if entry.path not in self._crashing_seeds:
                        os.symlink(entry.path, os.path.join(links, f"{os.path.basename(folder)}-{entry.name}"))
            folders = [links]
        return [corpus, *folders] if corpus else []

    async def run_slice(self, seconds, scratch):
        campaign = self.campaign
        suppressed = campaign.suppressed()
        command = libfuzzer.fuzz_command(
            os.path.join(campaign.fuzzers[LIBFUZZER], self.name), seconds=seconds, artifacts=".",
            folders=self._folders(scratch), max_len=self.target.plan.max_len, dictionary=self.dictionary(),
            knows_a_hang=any(finding.kind == "timeout" for finding in campaign.findings.values()))
        recent = os.path.join(scratch, "recent")
        child = await campaign.children.start(command, env=self.environment(suppressed, recent), folder=scratch)
        output = self.running[child] = libfuzzer.Output(campaign.root, scratch)
        output.command, output.recent = command, recent
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(seconds, child.send, self.end_signal),
                  loop.call_later(seconds + libfuzzer.NOTICED_AFTER_SECONDS, child.kill)]
        if campaign.is_stopping():
            child.send(signal.SIGINT)
        code = await child.read(output.add)
        for timer in timers:
            timer.cancel()
        output.finish()
        self.note()
        self.executions_before += output.executions
        del self.running[child]
        if output.kind is None:
            self.crashes_at_start = 0
            self.check_end(child, code, output.log)
            return
        if not os.path.exists(output.artifact):
            raise CannotRun(f"{self.name} found {output.identity(self.name)}, but its input could not be written. Is the disk full?")
        could_leave_out = self._leave_out(output.artifact) if output.loading else True
        self.crashes_at_start = 0 if could_leave_out else self.crashes_at_start + 1
        await campaign.note_finding(self, output, suppressed)

    def _leave_out(self, artifact):
        """Whether the input, which crashed before anything was fuzzed, was a seed or an entry of the corpus. It is not run again."""
        with open(artifact, "rb") as file:
            wanted = file.read()

        def is_same_file(path):
            with open(path, "rb") as file:
                return file.read() == wanted

        def is_same(entry):
            return entry.stat().st_size == len(wanted) and is_same_file(entry.path)

        found = False
        for folder in self.seed_folders():
            same = {entry.path for entry in os.scandir(folder) if entry.is_file() and is_same(entry)}
            found = found or bool(same - self._crashing_seeds)
            self._crashing_seeds |= same
        corpus = self.corpus_folder()
        for entry in entries(corpus) if corpus else ():
            if not entry.why and entry.size == len(wanted) and not entry.is_elsewhere and is_same_file(entry.path):
                aside = os.path.join(self.campaign.out, "crashing", self.name)
                os.makedirs(aside, exist_ok=True)
                shutil.move(entry.path, os.path.join(aside, f"{self.target.moved}-{hashlib.sha1(wanted).hexdigest()}"))
                self.target.moved += 1
                found = True
        return found


class AflLane(Lane):
    engine = AFL
    end_signal = signal.SIGINT

    def __init__(self, campaign, target, weight):
        super().__init__(campaign, target, weight)
        self.edges = 0
        self.stability = None  # per cent, the lowest of its instances
        self.shared = 0  # entries that it gave to the shared corpus
        self._folder = os.path.join(campaign.out, "afl", self.name)
        # One more than there can be at a time: in turns, too, there is one that trims.
        names = ["main", *(f"s{i}" for i in range(1, max(2, campaign.jobs)))]
        self._instances = [afl.Instance(self._folder, name) for name in names]

    def note_output(self, output):
        self.edges = max(self.edges, output.edges)
        self.corpus = max(self.corpus, output.corpus)
        if output.stability is not None:
            self.stability = min(self.stability or 100.0, output.stability)

    async def run_slice(self, seconds, scratch):
        instance = min((i for i in self._instances if not i.running), key=lambda i: i.turns)
        if self.is_canary:
            # From nothing each time.
            instance = afl.Instance(os.path.join(scratch, "afl"), "main")
        instance.running = True
        instance.turns += 1
        seeds = os.path.join(self._folder, "seeds")
        if not os.path.isdir(seeds):
            afl.make_seeds(seeds, self.seed_folders())
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        try:
            # Again with what was found, which is suppressed from then on.
            while await self._run_process(instance, end - loop.time(), seeds, scratch) and end - loop.time() > 1:
                pass
        finally:
            instance.running = False

    async def _run_process(self, instance, seconds, seeds, scratch):
        """Whether it should be run again, because it knows a finding less than there are."""
        campaign = self.campaign
        suppressed = campaign.suppressed()
        output = afl.Output(instance)
        env = afl.environment(self.environment(suppressed, os.path.join(scratch, "recent")), profile=self.target.plan.profile,
                              mutator=os.path.join(campaign.fuzzers[AFL], "sluice_afl_mutator.so"))
        env |= await output.listen()
        cmplog = os.path.join(campaign.root, "build", "afl-cmplog", "fuzzers", self.name)
        command = instance.command(
            os.path.join(campaign.fuzzers[AFL], self.name), seconds=seconds, seeds=seeds, corpus=self.corpus_folder(),
            max_len=self.target.plan.max_len, dictionary=self.dictionary(),
            cmplog=cmplog if self.target.plan.profile is None and os.path.exists(cmplog) else None)
        child = await campaign.children.start(command, env=env, folder=campaign.out)
        self.running[child] = output
        output.command = command
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(seconds, child.send, self.end_signal),
                  loop.call_later(seconds + libfuzzer.NOTICED_AFTER_SECONDS, child.kill)]
        if campaign.is_stopping():
            child.send(signal.SIGINT)
        reading = asyncio.create_task(child.read(output.add))
        run_again = False
        try:
            while not reading.done():
                await asyncio.wait({reading}, timeout=_LOOK_EVERY_SECONDS)
                afl.kill_large_children(child.pid)
                self._share(instance, reading.done())
                if await self._examine(instance, output, suppressed, scratch):
                    run_again = not self.why_stopped
                    child.send(self.end_signal)
            code = reading.result()
            output.finish()
        finally:
            for timer in timers:
                timer.cancel()
            self.note()
            self.executions_before += output.executions
            del self.running[child]
        self._share(instance, True)
        if every_seed_crashed := code != 0 and output.every_seed_crashed:
            self.crashes_at_start += 1
        elif not output.loading:
            self.crashes_at_start = 0
        await self._examine(instance, output, suppressed, scratch)
        if every_seed_crashed:
            # A finding, or one that another lane has told meanwhile; never the end of the campaign.
            instance.begin_anew()
            return not campaign.is_stopping() and not self.why_stopped
        if code != 0 and not child.sent and not child.killed:
            raise CannotRun(f"AFL++ could not go on with {self.name}: {output.why_it_ended()}")
        self.check_end(child, code, output.log)
        return run_again and not campaign.is_stopping() and not self.why_stopped

    def _share(self, instance, ended):
        corpus = self.corpus_folder()
        if corpus:
            self.shared += instance.export(corpus, ended)

    async def _examine(self, instance, output, suppressed, scratch):
        """Makes findings of new crashes. Whether there is one that the next process can suppress."""
        can_pass_over = False
        for path, kind in instance.new_crashes(output.log):
            if self.why_stopped or self.campaign.is_stopping():
                break
            replayed = await self._replay(path, kind, suppressed, scratch)
            replayed.command, replayed.recent = output.command, os.path.join(scratch, "recent")
            new = await self.campaign.note_finding(self, replayed, suppressed)
            can_pass_over = can_pass_over or (new and replayed.from_oracle)
        return can_pass_over

    async def _replay(self, path, kind, suppressed, scratch):
        """The input once more, under libFuzzer's build."""
        campaign = self.campaign
        copy = os.path.join(scratch, os.path.basename(path).split(",")[0].replace(":", "-"))
        shutil.copyfile(path, copy)
        output = libfuzzer.Output(campaign.root)
        command = [os.path.join(campaign.fuzzers[LIBFUZZER], self.name), *libfuzzer.run_flags(), copy]
        child = await campaign.children.start(command, env=self.environment(suppressed), folder=scratch)
        timer = asyncio.get_running_loop().call_later(_REPLAY_SECONDS, child.kill)
        code = await child.read(output.add)
        timer.cancel()
        output.finish()
        code = libfuzzer.TIMEOUT if child.killed else code
        output.replayed(copy, code, kind, f"AFL++ saw a {kind} that did not come again in a fresh process. "
                        f"Its own file: {shown(path)}")
        return output


LANES = {LIBFUZZER: LibFuzzerLane, AFL: AflLane}
