"""One fuzz target under one engine, over a whole campaign.

Data flows one way. A run reads its Context and what the campaign writes into Known; it returns each crash as an event, and has no
reference to the campaign:

    async with contextlib.aclosing(run.run_slice(seconds, scratch)) as crashes:
        async for crash in crashes:
            ...  # processes that start after this suppress what the campaign has added to `known`
"""

import dataclasses
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Protocol

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.processes import Child, Children
from sluice_dev.common.targets import FuzzTarget
from sluice_dev.engines import libfuzzer, recent_inputs

LIBFUZZER = "libfuzzer"
AFL = "afl"


@dataclasses.dataclass(frozen=True)
class Context:
    """The same for all runs of a campaign."""

    root: str
    out: str
    corpus: str  # has a folder for each target, which the engines share
    fuzzers: Mapping[str, str]  # by engine: the folder of its binaries
    env: Mapping[str, str]
    children: Children
    jobs: int


@dataclasses.dataclass
class Known:
    """What the campaign knows at this moment. Only the campaign writes it."""

    suppressed: list[str] = dataclasses.field(default_factory=list)  # identities of findings, sorted
    has_hang: bool = False
    dictionary: str | None = None  # the file with the words of the program language, once it has been written
    stopping: bool = False


@dataclasses.dataclass(frozen=True)
class Crash:
    """A process wrote an input that crashes."""

    output: libfuzzer.Output  # of the process, or of the one that ran the input again
    suppressed: Sequence[str]  # the identities that the process suppressed


class _Output(Protocol):
    executions: int
    rate: int
    corpus: int
    loading: bool


class EngineRun(ABC):
    engine = ""
    end_signal: signal.Signals = signal.SIGINT

    def __init__(self, context: Context, known: Known, target: FuzzTarget) -> None:
        self.context = context
        self.known = known
        self.target = target
        self.name = target.name
        self.executions_before = 0
        self.corpus = 0
        self.why_stopped = ""
        self.crashes_at_start = 0  # in a row

    @property
    @abstractmethod
    def running(self) -> Mapping[Child, _Output]:
        """The processes and what each has printed so far."""

    @abstractmethod
    def note(self) -> None:
        """Takes over the figures of the running processes."""

    @abstractmethod
    def figures(self) -> dict[str, int]:
        """What it has reached, by the engine's own names."""

    @abstractmethod
    def run_slice(self, seconds: float, scratch: str) -> AsyncGenerator[Crash, None]:
        """Fuzzes for so long. `scratch`: an empty folder of this slice."""

    @property
    def is_canary(self) -> bool:
        return self.target.is_canary

    @property
    def executions(self) -> int:
        return self.executions_before + sum(output.executions for output in self.running.values())

    @property
    def rate(self) -> int:
        """Of what runs now."""
        return sum(output.rate for output in self.running.values())

    @property
    def is_loading(self) -> bool:
        return all(output.loading for output in self.running.values())

    def stop(self, why: str) -> None:
        self.why_stopped = why
        for child in self.running:
            child.send(self.end_signal)

    def kill(self) -> None:
        for child in self.running:
            child.kill()

    def seed_folders(self) -> list[str]:
        folders = (os.path.join(self.context.root, "corpus", name) for name in self.target.corpus_folders)
        # The canary is found from nothing: it proves that fuzzing itself finds something, not that the seeds do.
        return [] if self.is_canary else [folder for folder in folders if os.path.isdir(folder)]

    def corpus_folder(self) -> str | None:
        """The folder that the engines share; None for the canary."""
        return None if self.is_canary else os.path.join(self.context.corpus, self.name)

    def dictionary(self) -> str | None:
        own = os.path.join(self.context.root, "fuzz", "targets", f"{self.name}.dict")
        return own if os.path.exists(own) else self.known.dictionary if self.target.needs_dictionary else None

    def environment(self, suppressed: Iterable[str], recent: str | None = None) -> dict[str, str]:
        """`recent`: a folder that is made, where the process stores its last inputs."""
        env = dict(self.context.env, SLUICE_IGNORE_FINDINGS=",".join(suppressed))
        if recent:
            os.makedirs(recent, exist_ok=True)
            env[recent_inputs.VARIABLE] = recent
        return env

    def check_end(self, child: Child, code: int, log: Iterable[str]) -> None:
        """`code`: of a process that found nothing."""
        stopping = self.known.stopping
        if code == 0 or child.ended_by_signal_sent or (stopping and (child.killed or code == libfuzzer.INTERRUPTED)):
            return
        how = "did not end when it was sent a signal" if child.killed else f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
        last = "\n".join("  " + line for line in list(log)[-20:])
        raise CannotRun(f"{self.name} {how}, and wrote no input that makes it do so. Its last lines:\n{last}")
