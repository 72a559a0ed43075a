"""What someone who has just cloned the project waits for: `scripts/bench --part build`.

    measure(["first", "files"])

Each step but `files` runs in a fresh clone of this commit, without ccache, and takes minutes. Packages and V8 are there already. Wall-clock
time is what people wait, and is only worth something with nothing else running; processor time hardly depends on that.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT

_POLL_SECONDS = 0.2
_DEAREST = 10


@dataclass(frozen=True)
class Step:
    what: str
    most_seconds: int  # what it may take on two cores


STEPS = {
    "first": Step("scripts/fuzz from nothing: first execution of a target", 100),
    "campaign": Step("scripts/fuzz from nothing: the whole campaign of 60 s", 240),
    "tests": Step("scripts/test from nothing", 720),
    "again": Step("scripts/test when nothing changed", 240),
}
FILES = "files"
NAMES = (*STEPS, FILES)


@dataclass
class Taken:
    seconds: float
    processor_seconds: float | None  # None: of a process that still runs
    code: int | None


def say(text: str) -> None:
    print(text, flush=True)


# --- What ninja did ---

def compiled(log: Path) -> dict[str, float]:
    """Seconds of each output that is still there, when it was last made; what is linked is an output too."""
    seconds = {}
    with contextlib.suppress(OSError):
        for line in log.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            fields = line.split("\t")
            if len(fields) == 5 and not line.startswith("#") and (log.parent / fields[3]).exists():
                seconds[fields[3]] = (int(fields[1]) - int(fields[0])) / 1000
    return seconds


def dearest(root: Path) -> str:
    """The dearest files over all builds below `root`, and what each build took."""
    builds = {log.parent.name: outputs for log in sorted(root.glob("build/*/.ninja_log")) if (outputs := compiled(log))}
    if not builds:
        return "Nothing has been built here.\n"
    every = sorted(((seconds, f"{name}/{output}") for name, outputs in builds.items() for output, seconds in outputs.items()), reverse=True)
    lines = ["  seconds  outputs  build"]
    lines += [f"  {sum(outputs.values()):7.0f}  {len(outputs):7d}  {name}" for name, outputs in builds.items()]
    lines += ["", f"  seconds  the {_DEAREST} dearest outputs"]
    lines += [f"  {seconds:7.1f}  {output.replace('CMakeFiles/', '')}" for seconds, output in every[:_DEAREST]]
    return "\n".join(lines) + "\n"


# --- Clones ---

@contextlib.contextmanager
def fresh_clone() -> Iterator[Path]:
    """This commit, with V8 and nothing else that is built."""
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-clone-", dir=ROOT / "build") as folder:
        clone = Path(folder) / "sluice"
        run = subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise CannotRun(f"the checkout could not be cloned: {run.stderr.strip()}")
        for name in ("v8", "wpt", "runtimes"):  # what comes from the network
            if (ROOT / "build" / name).is_dir():
                shutil.copytree(ROOT / "build" / name, clone / "build" / name, symlinks=True)
        yield clone


def run(command: list[str], clone: Path, until: Callable[[], bool] | None = None) -> tuple[Taken, float | None]:
    """How long it took, and when `until` held first, in seconds."""
    reached = None
    before, begun = os.times(), time.monotonic()
    with (clone.parent / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=clone, env=os.environ | {"CCACHE_DISABLE": "1"}, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            while process.poll() is None:
                if until is not None and reached is None and until():
                    reached = time.monotonic() - begun
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
        seconds, after = time.monotonic() - begun, os.times()
        if process.returncode not in (0, 1):
            log.seek(0)
            sys.stderr.write("".join(log.readlines()[-40:]))
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Taken(seconds, used, process.returncode), reached


def has_executed(clone: Path) -> bool:
    for samples in clone.glob("build/campaigns/*/samples.jsonl"):
        for line in samples.read_text().splitlines():
            with contextlib.suppress(ValueError, KeyError):
                if any(engine["executions"] for target in json.loads(line)["targets"].values() for engine in target["engines"].values()):
                    return True
    return False


# --- The table ---

def row(name: str, taken: Taken) -> str:
    step = STEPS[name]
    used = "" if taken.processor_seconds is None else f"{taken.processor_seconds:9.0f}"
    failed = "" if taken.code in (0, None) else f"   exit code {taken.code}"
    return f"  {taken.seconds:7.0f}  {used:>9}  {step.most_seconds:7d}  {step.what}{failed}"


def measure(names: list[str]) -> int:
    """0; 1 if a command that was measured failed."""
    root, failed = ROOT, False
    with contextlib.ExitStack() as clones:
        def show(name: str, taken: Taken) -> None:
            nonlocal failed
            failed = failed or taken.code not in (0, None)
            if name in names:
                say(row(name, taken))
        if set(names) - {FILES}:
            say(f"\nFrom fresh clones, without ccache, on {len(os.sched_getaffinity(0))} cores; load {os.getloadavg()[0]:.1f}")
            say("  seconds  processor  at most  what")
        if {"first", "campaign"} & set(names):
            root = clone = clones.enter_context(fresh_clone())
            taken, first = run(["scripts/fuzz"], clone, lambda: has_executed(clone))
            if first is not None:
                show("first", Taken(first, None, None))
            show("campaign", taken)
        if {"tests", "again"} & set(names):
            root = clone = clones.enter_context(fresh_clone())
            show("tests", run(["scripts/test"], clone)[0])
            if "again" in names:
                show("again", run(["scripts/test"], clone)[0])
        if FILES in names:
            say("\nWhat was compiled and linked" + (" in this checkout, as far as ccache had it not" if root == ROOT else ""))
            say(dearest(root))
    return 1 if failed else 0
