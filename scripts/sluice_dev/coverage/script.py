"""The blocks of the stream classes' script that programs reach: V8 counts them (fuzz/script_coverage), no compiler does."""

import dataclasses
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sluice_dev.common.errors import CannotRun

SOURCE = "src/v8/js/writable_stream.js"
PROGRAM = "script_coverage"


@dataclasses.dataclass(frozen=True)
class Range:
    function: str
    whole: bool  # the function itself never ran
    first: int
    last: int
    text: str  # of its first line

    def __str__(self) -> str:
        lines = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        where = f"{self.function}: never called" if self.whole else f"{self.function or 'outside of functions'}: `{self.text}`"
        return f"{SOURCE}:{lines}: {where}"


@dataclasses.dataclass(frozen=True)
class ScriptCoverage:
    lines: int
    reached: int
    unreached: list[Range]


def parse(text: str, source: Sequence[str]) -> ScriptCoverage:
    """What `script_coverage` printed, with the lines of the source."""
    printed = json.loads(text)
    ranges = [Range(**each, text=source[each["first"] - 1].strip()) for each in printed["unreached"]]
    return ScriptCoverage(printed["lines"], printed["reached"], ranges)


def measure(root: Path, build: Path, folders: Sequence[str]) -> ScriptCoverage:
    env = dict(os.environ, LLVM_PROFILE_FILE=os.devnull)  # what else it runs is measured already
    done = subprocess.run([build / PROGRAM, *folders], cwd=root, text=True, capture_output=True, errors="replace", check=False,
                          env=env, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise CannotRun(f"{PROGRAM} failed (exit code {done.returncode}):\n{done.stderr}")
    return parse(done.stdout, (root / SOURCE).read_text(encoding="utf-8").split("\n"))
