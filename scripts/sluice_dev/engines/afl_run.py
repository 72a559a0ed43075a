"""A target under AFL++: several instances take turns, and each crash runs again under libFuzzer's build, which names it."""

import asyncio
import contextlib
import dataclasses
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence

from sluice_dev.common.display import shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.processes import Child
from sluice_dev.common.targets import FuzzTarget
from sluice_dev.engines import afl, libfuzzer
from sluice_dev.engines.engine_run import AFL, LIBFUZZER, Context, Crash, EngineRun, Known

_POLL_SECONDS = 1
_REPLAY_SECONDS = 60


@dataclasses.dataclass
class _Turn:
    """One process of an instance."""

    instance: afl.Instance
    scratch: str
    suppressed: Sequence[str]
    output: afl.Output
    run_again: bool = False  # because it knows a finding less than there are


class AflRun(EngineRun):
    engine = AFL
    end_signal: signal.Signals = signal.SIGINT

    def __init__(self, context: Context, known: Known, target: FuzzTarget) -> None:
        super().__init__(context, known, target)
        self.edges = 0
        self.stability: float | None = None  # per cent, the lowest of its instances
        self.shared = 0  # entries that it gave to the shared corpus
        self._running: dict[Child, afl.Output] = {}
        self._folder = os.path.join(context.out, "afl", self.name)
        # One more than there can be at a time: in turns, too, there is one that trims.
        names = ["main", *(f"s{i}" for i in range(1, max(2, context.jobs)))]
        self._instances = [afl.Instance(self._folder, name) for name in names]

    @property
    def running(self) -> Mapping[Child, afl.Output]:
        return self._running

    def note(self) -> None:
        for output in self._running.values():
            self.edges = max(self.edges, output.edges)
            self.corpus = max(self.corpus, output.corpus)
            if output.stability is not None:
                self.stability = min(self.stability or 100.0, output.stability)

    def figures(self) -> dict[str, int]:
        return {"edges": self.edges}

    async def run_slice(self, seconds: float, scratch: str) -> AsyncGenerator[Crash, None]:
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
            while True:
                turn = _Turn(instance, scratch, list(self.known.suppressed), afl.Output(instance))
                async with contextlib.aclosing(self._run_process(turn, end - loop.time(), seeds)) as crashes:
                    async for crash in crashes:
                        yield crash
                if not turn.run_again or self.known.stopping or self.why_stopped or end - loop.time() <= 1:
                    return
        finally:
            instance.running = False

    async def _start(self, turn: _Turn, seconds: float, seeds: str) -> Child:
        context = self.context
        env = afl.environment(self.environment(turn.suppressed, os.path.join(turn.scratch, "recent")), profile=self.target.profile,
                              mutator=os.path.join(context.fuzzers[AFL], "sluice_afl_mutator.so"))
        env |= await turn.output.listen()
        cmplog = os.path.join(context.root, "build", "afl-cmplog", "fuzzers", self.name)
        turn.output.command = turn.instance.command(
            os.path.join(context.fuzzers[AFL], self.name), seconds=seconds, seeds=seeds, corpus=self.corpus_folder(),
            max_len=self.target.max_len, dictionary=self.dictionary(),
            cmplog=cmplog if self.target.profile is None and os.path.exists(cmplog) else None)
        return await context.children.start(turn.output.command, env=env, folder=context.out)

    async def _run_process(self, turn: _Turn, seconds: float, seeds: str) -> AsyncGenerator[Crash, None]:
        output = turn.output
        child = await self._start(turn, seconds, seeds)
        self._running[child] = output
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(seconds, child.send, self.end_signal),
                  loop.call_later(seconds + libfuzzer.NOTICED_AFTER_SECONDS, child.kill)]
        if self.known.stopping:
            child.send(signal.SIGINT)
        reading = asyncio.create_task(child.read(output.add))
        try:
            while not reading.done():
                await asyncio.wait({reading}, timeout=_POLL_SECONDS)
                afl.kill_large_children(child.pid)
                self._share(turn.instance, reading.done())
                knew_all = not turn.run_again
                async with contextlib.aclosing(self._new_crashes(turn)) as crashes:
                    async for crash in crashes:
                        yield crash
                if knew_all and turn.run_again:
                    child.send(self.end_signal)
            code = reading.result()
            output.finish()
        finally:
            for timer in timers:
                timer.cancel()
            self.note()
            self.executions_before += output.executions
            del self._running[child]
        self._share(turn.instance, True)
        if every_seed_crashed := code != 0 and output.every_seed_crashed:
            self.crashes_at_start += 1
        elif not output.loading:
            self.crashes_at_start = 0
        async with contextlib.aclosing(self._new_crashes(turn)) as crashes:
            async for crash in crashes:
                yield crash
        if every_seed_crashed:
            # A finding, or one that another run has returned meanwhile; never the end of the campaign.
            turn.instance.begin_anew()
            turn.run_again = True
            return
        if child.sent and not child.killed:
            return  # as it was asked to. While its fork server starts, afl-fuzz complains of that and exits with 1
        if code != 0 and not child.killed:
            raise CannotRun(f"AFL++ could not go on with {self.name}: {output.why_it_ended()}")
        self.check_end(child, code, output.log)

    def _share(self, instance: afl.Instance, ended: bool) -> None:
        corpus = self.corpus_folder()
        if corpus:
            self.shared += instance.export(corpus, ended)

    async def _new_crashes(self, turn: _Turn) -> AsyncGenerator[Crash, None]:
        """Sets `run_again` if the campaign suppresses one of them from now on."""
        for path, kind in turn.instance.new_crashes(turn.output.log):
            if self.why_stopped or self.known.stopping:
                break
            replayed = await self._replay(path, kind, turn)
            replayed.command, replayed.recent = turn.output.command, os.path.join(turn.scratch, "recent")
            yield Crash(replayed, turn.suppressed)
            identity = replayed.identity(self.name)
            turn.run_again = turn.run_again or (identity in self.known.suppressed and identity not in turn.suppressed)

    async def _replay(self, path: str, kind: str, turn: _Turn) -> libfuzzer.Output:
        """The input once more, under libFuzzer's build."""
        context = self.context
        copy = os.path.join(turn.scratch, os.path.basename(path).split(",")[0].replace(":", "-"))
        shutil.copyfile(path, copy)
        output = libfuzzer.Output(context.root)
        command = [os.path.join(context.fuzzers[LIBFUZZER], self.name), *libfuzzer.run_flags(), copy]
        child = await context.children.start(command, env=self.environment(turn.suppressed), folder=turn.scratch)
        timer = asyncio.get_running_loop().call_later(_REPLAY_SECONDS, child.kill)
        code = await child.read(output.add)
        timer.cancel()
        output.finish()
        code = libfuzzer.TIMEOUT if child.killed else code
        output.replayed(copy, code, kind, f"AFL++ saw a {kind} that did not come again in a fresh process. "
                        f"Its own file: {shown(path)}")
        return output
