"""What a campaign needs and scripts/fuzz has not built before it: built while it fuzzes, in the order in which it will be needed.

    builds = Builds(children, root, [Step("libfuzzer-asan", "reentrancy_fuzzer"), Step("libfuzzer-asan", "sluice-fuzz")])
    running = asyncio.create_task(builds.run())
    if builds.is_ready("libfuzzer-asan", "reentrancy_fuzzer"): ...
    await builds.until_ready("libfuzzer-asan", "sluice-fuzz")

The compiler gets what the fuzzers leave of the processors (nice), so that their time is theirs; when they wait for it, that is all.
"""

import asyncio
import collections
import dataclasses
import os
import re
import sys
import time
from collections.abc import Sequence

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import PACKAGE
from sluice_dev.common.processes import Children

_NICE = ["nice", "-n", "10"]
_BUILD = (sys.executable, "-B", str(PACKAGE), "build")
_LONGEST_SECONDS = 24 * 3600
_PROGRESS = re.compile(rb"^\[(\d+)/(\d+)\]", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Step:
    preset: str
    target: str


class Builds:
    def __init__(self, children: Children, root: str, steps: list[Step], command: Sequence[str] = _BUILD) -> None:
        """`command` builds, given a preset and a target."""
        self._children = children
        self._root = root
        self._command = command
        self._waiting = collections.deque(dict.fromkeys(steps))
        self._changed = asyncio.Event()
        self._begun = time.monotonic()
        self.failure = ""

    def is_ready(self, preset: str, target: str) -> bool:
        return Step(preset, target) not in self._waiting

    async def changed(self) -> None:
        """Returns when something more is ready, or when nothing ever will be."""
        if self._waiting and not self.failure:
            await self._changed.wait()

    async def until_ready(self, preset: str, target: str) -> None:
        """Raises CannotRun if it could not be built."""
        while not self.is_ready(preset, target):
            if self.failure:
                raise CannotRun(self.failure)
            await self.changed()

    def progress(self) -> str:
        """What is being built, and how far that is; empty if nothing is."""
        if not self._waiting or self.failure:
            return ""
        step = self._waiting[0]
        try:
            with open(os.path.join(self._root, "build", step.preset, "build.log"), "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
                done = _PROGRESS.findall(file.read())
        except OSError:
            done = []
        how_far = f", {int(done[-1][0])} of {int(done[-1][1])}" if done else ""
        more = f"; then {len(self._waiting) - 1} more" if len(self._waiting) > 1 else ""
        return f"building {step.target}{how_far}, for {round(time.monotonic() - self._begun)} s{more}"

    async def forget_what_is_there(self) -> None:
        """Drops the steps in which nothing is to be done. (Each would take a second of a processor that the fuzzers have.)"""
        for preset in {step.preset for step in self._waiting}:
            names = [step.target for step in self._waiting if step.preset == preset]
            folder = os.path.join(self._root, "build", preset)
            code, text = await self._children.output(["ninja", "-C", folder, "-n", *names], env=dict(os.environ), folder=self._root, seconds=60)
            if code == 0 and "no work to do" in text:
                self._waiting = collections.deque(step for step in self._waiting if step.preset != preset)

    async def run(self) -> None:
        while self._waiting and not self.failure:
            step = self._waiting[0]
            self._begun = time.monotonic()
            try:
                code, text = await self._children.output(
                    [*_NICE, *self._command, step.preset, step.target], env=dict(os.environ),
                    folder=self._root, seconds=_LONGEST_SECONDS)
            except OSError as error:
                code, text = None, str(error)
            if code == 0:
                self._waiting.popleft()
            else:
                self.failure = f"{step.target} could not be built in build/{step.preset}:\n{text.strip()}"
            self._changed.set()
            self._changed = asyncio.Event()
