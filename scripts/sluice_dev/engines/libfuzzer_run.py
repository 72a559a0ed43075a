"""A target under libFuzzer: a slice is one process."""

import asyncio
import hashlib
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Mapping

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.processes import Child
from sluice_dev.common.targets import FuzzTarget
from sluice_dev.corpus.files import Entry, entries
from sluice_dev.engines import libfuzzer
from sluice_dev.engines.engine_run import LIBFUZZER, Context, Crash, EngineRun, Known


class LibFuzzerRun(EngineRun):
    engine = LIBFUZZER
    end_signal: signal.Signals = signal.SIGUSR1

    def __init__(self, context: Context, known: Known, target: FuzzTarget) -> None:
        super().__init__(context, known, target)
        self.cov = 0
        self.ft = 0
        self.moved = 0  # entries of the corpus that crash
        self._running: dict[Child, libfuzzer.Output] = {}
        self._crashing_seeds: set[str] = set()  # paths

    @property
    def running(self) -> Mapping[Child, libfuzzer.Output]:
        return self._running

    @property
    def crashing_folder(self) -> str:
        """Where entries of the corpus that crash are moved to."""
        return os.path.join(self.context.out, "crashing", self.name)

    def note(self) -> None:
        for output in self._running.values():
            self.cov = max(self.cov, output.cov)
            self.ft = max(self.ft, output.ft)
            self.corpus = max(self.corpus, output.corpus)

    def figures(self) -> dict[str, int]:
        return {"cov": self.cov, "ft": self.ft}

    def _folders(self, scratch: str) -> list[str]:
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

    async def run_slice(self, seconds: float, scratch: str) -> AsyncGenerator[Crash, None]:
        context = self.context
        suppressed = list(self.known.suppressed)
        command = libfuzzer.fuzz_command(
            os.path.join(context.fuzzers[LIBFUZZER], self.name), seconds=seconds, artifacts=".", folders=self._folders(scratch),
            max_len=self.target.max_len, dictionary=self.dictionary(), knows_a_hang=self.known.has_hang)
        recent = os.path.join(scratch, "recent")
        child = await context.children.start(command, env=self.environment(suppressed, recent), folder=scratch)
        output = self._running[child] = libfuzzer.Output(context.root, scratch)
        output.command, output.recent = command, recent
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(seconds, child.send, self.end_signal),
                  loop.call_later(seconds + libfuzzer.NOTICED_AFTER_SECONDS, child.kill)]
        if self.known.stopping:
            child.send(signal.SIGINT)
        code = await child.read(output.add)
        for timer in timers:
            timer.cancel()
        output.finish()
        self.note()
        self.executions_before += output.executions
        del self._running[child]
        if output.kind is None:
            self.crashes_at_start = 0
            self.check_end(child, code, output.log)
            return
        if output.artifact is None or not os.path.exists(output.artifact):
            raise CannotRun(f"{self.name} found {output.identity(self.name)}, but its input could not be written. Is the disk full?")
        could_leave_out = self._leave_out(output.artifact) if output.loading else True
        self.crashes_at_start = 0 if could_leave_out else self.crashes_at_start + 1
        yield Crash(output, suppressed)

    def _leave_out(self, artifact: str) -> bool:
        """Whether the input, which crashed before anything was fuzzed, was a seed or an entry of the corpus. It is not run again."""
        with open(artifact, "rb") as file:
            wanted = file.read()
        found = False
        for folder in self.seed_folders():
            same = {entry.path for entry in os.scandir(folder)
                    if entry.is_file() and entry.stat().st_size == len(wanted) and _has(entry.path, wanted)}
            found = found or bool(same - self._crashing_seeds)
            self._crashing_seeds |= same
        corpus = self.corpus_folder()
        for entry in entries(corpus) if corpus else ():
            if _is_own(entry) and entry.size == len(wanted) and _has(entry.path, wanted):
                os.makedirs(self.crashing_folder, exist_ok=True)
                shutil.move(entry.path, os.path.join(self.crashing_folder, f"{self.moved}-{hashlib.sha1(wanted).hexdigest()}"))
                self.moved += 1
                found = True
        return found


def _is_own(entry: Entry) -> bool:
    return not entry.why and not entry.is_elsewhere


def _has(path: str, wanted: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read() == wanted
