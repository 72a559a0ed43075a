"""Replays the corpus under memcheck, which finds reads of uninitialised memory. No sanitizer here does.

    valgrind_replay.py --build DIR --corpus DIR --out DIR --seconds N --jobs N

The targets are those of the build without an engine, which run the files they are named. The readable seeds come first, then the grown
corpus, small inputs first, until the time is over. An input that fails is a finding: OUT/TARGET/NAME has the input and valgrind's words.
OUT/summary.json counts. Exit 0: no finding; 1: findings; 2: could not run.
"""

import argparse
import json
import re
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sluice_dev.common import sanitizer_options
from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import LimitedProcess
from sluice_dev.fleet import files as ossfuzz_files
from sluice_dev.triage.report import Report

BATCH = 40  # starting takes memcheck a second
FINDINGS_PER_TARGET = 5
_ERROR = int(sanitizer_options.read("valgrind.options")["error-exitcode"])


def inputs_of(target: str, corpus: Path) -> list[Path]:
    grown = corpus / target
    found = [path for path in grown.iterdir() if path.is_file()] if grown.is_dir() else []
    return [*ossfuzz_files.seeds_of(target), *sorted(found, key=lambda path: (path.stat().st_size, path.name))]


class Replay:
    def __init__(self, build: Path, out: Path, deadline: float) -> None:
        self._build = build
        self._out = out
        self._deadline = deadline
        self._lock = threading.Lock()
        self.done: dict[str, int] = {}
        self.findings: list[dict[str, str]] = []
        self.failure = ""

    def run(self, target: str, batch: list[Path]) -> None:
        """Until all have run; an input that fails ends its process, and the next begin after it."""
        while batch and not self.failure and time.monotonic() < self._deadline and self._count(target) < FINDINGS_PER_TARGET:
            command = ["valgrind", *sanitizer_options.flags("valgrind.options", prefix="--"),
                       f"--suppressions={sanitizer_options.FOLDER / 'valgrind.suppressions'}",
                       self._build / "fuzzers" / target, *batch]
            # The last batch may go on for a while.
            limit = max(1, self._deadline - time.monotonic()) + 60
            lines = []
            with LimitedProcess(command, limit) as process:
                lines = [line.rstrip("\n") for line in process.lines()]
                code = process.end()
                late = process.timed_out
            ran = [line.removeprefix("Running: ") for line in lines if line.startswith("Running: ")]
            is_leak = re.search("blocks? (is|are) definitely lost", "\n".join(lines)) is not None
            if is_leak and len(ran) == len(batch) > 1:
                # Leaks are reported when the process ends. Which input it was is found by halves.
                self.run(target, batch[: len(batch) // 2])
                self.run(target, batch[len(batch) // 2:])
                return
            with self._lock:
                self.done[target] = self.done.get(target, 0) + (len(ran) if code == 0 else max(0, len(ran) - 1))
            if code == 0:
                return
            if late:
                return  # the time is over; what has not run is not counted
            if not ran:
                self.failure = f"{target} did not start under valgrind: " + " / ".join(line for line in lines[-3:])
                return
            culprit, name = Path(ran[-1]), "leak" if is_leak else self._name(lines)
            self._keep(target, name, culprit, lines, code)
            batch = batch[len(ran):]

    def _count(self, target: str) -> int:
        with self._lock:
            return sum(finding["target"] == target for finding in self.findings)

    def _name(self, lines: list[str]) -> str:
        report = Report(str(ROOT))
        for line in lines:
            report.add_line(line)
            if report.oracle_record:
                return str(report.oracle_record["key"])
            if match := re.match(r"==\d+== ([A-Z][a-z].*)", line):
                return match[1]
        return "crash"

    def _keep(self, target: str, name: str, culprit: Path, lines: list[str], code: int) -> None:
        frames = [match[1] for line in lines if (match := re.search(r"==\d+==\s+(?:at|by) 0x[0-9A-F]+: (.+?) \(\S+:\d+\)", line))]
        identity = f"valgrind/{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-').lower()}"
        if frames:
            identity += "/" + re.sub(r"\(.*", "", frames[0]).rsplit("::", 1)[-1]
        with self._lock:
            if any((finding["identity"], finding["target"]) == (identity, target) for finding in self.findings):
                return
            folder = self._out / "findings" / target / re.sub(r"[^A-Za-z0-9.-]+", "-", identity)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(culprit, folder / "input")
            (folder / "log.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
            rule = name if code == _ERROR else f"{name} (exit code {code})"
            self.findings.append({"identity": identity, "target": target, "rule": rule, "folder": str(folder.relative_to(self._out))})


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="valgrind-replay", allow_abbrev=False)
    for name in ("--build", "--corpus", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--jobs", type=int, required=True)
    options = parser.parse_args(arguments)
    # V8's machine code is made while it runs, which memcheck follows too slowly.
    targets = [name for name in (options.build / "fuzzers/targets.txt").read_text().split()
               if fuzz_targets.of(name).fleet and not fuzz_targets.of(name).v8]
    replay = Replay(options.build.resolve(), options.out, time.monotonic() + options.seconds)
    inputs = {target: inputs_of(target, options.corpus) for target in targets}
    batches = {target: [found[i:i + BATCH] for i in range(0, len(found), BATCH)] for target, found in inputs.items()}
    # In turns, so that a short time is not one target's alone.
    turns = [(target, found[i]) for i in range(max(map(len, batches.values()), default=0)) for target, found in batches.items() if i < len(found)]
    options.out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        for position, _ in enumerate(pool.map(lambda turn: replay.run(*turn), turns), 1):
            print(f"{sum(replay.done.values())} of {sum(map(len, inputs.values()))} inputs, batch {position} of {len(turns)}, "
                  f"{len(replay.findings)} findings", flush=True)
    summary = {"targets": {target: {"replayed": replay.done.get(target, 0), "inputs": len(found)} for target, found in inputs.items()},
               "findings": replay.findings}
    (options.out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    if replay.failure:
        raise CannotRun(replay.failure)
    return 1 if replay.findings else 0
