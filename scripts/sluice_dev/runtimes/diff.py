"""The comparison of scripts/diff, which builds `sluice` and `sluice-fuzz` before it starts this."""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import Failed, LimitedProcess, Unfinished
from sluice_dev.runtimes import runtimes
from sluice_dev.runtimes import workerd

DRIVER = ROOT / "fuzz/program/driver.js"
RUNNER = runtimes.FOLDER / "runner.mjs"
SLUICE_RUNNER = runtimes.FOLDER / "runner_sluice.mjs"
PROGRAM_SECONDS = 6  # one program may be given up after 5


# Not what cannot be handed files.
COMPARED = [runtime for runtime in runtimes.ALL if runtime.kind != "chromium"]


def fail(message: str) -> None:
    sys.stderr.write(f"scripts/diff: {message}\n")
    sys.exit(2)


def make_batch(options, folder: Path) -> Path:
    batch = folder / "batch.jsonl"
    files = []
    for name in options.files:
        files += sorted(map(str, (ROOT / "corpus").rglob("*.ops"))) if name == "corpus" else [name]
    command = [str(options.sluice.with_name("sluice-fuzz")), "batch", "--seed", str(options.seed), "--count", str(options.count),
               "--profile", options.profile, *(["--for-sluice"] if options.for_sluice else []), *files]
    with batch.open("wb") as out:
        run = subprocess.run(command, stdout=out, check=False)
    if run.returncode != 0:
        sys.exit(2)
    return batch


def kind_of(difference) -> str:
    """Differences of one kind look alike but for names and numbers."""
    def plain(line):
        return re.sub(r"[pw]?\d+|#\d+|\".*\"", "_", line.split("  ", 1)[-1]).strip()
    return f"expected: {plain(difference['expected'])}\n      found:    {plain(difference['found'])[:150]}"


def run_command(command, seconds):
    """What the runner wrote, and why it stopped if it did before the end."""
    lines = []
    with LimitedProcess(command, seconds) as process:
        # Whole lines only: it may have crashed in the middle of one.
        lines += [line for line in process.lines() if line.startswith("{") and line.endswith("\n")]
        ended_well = process.end() == 0
        return lines, "" if ended_well else str(process.no_result())


def run_workerd(runtime, batch: Path, seconds):
    modules = {"runner_workerd.mjs": (runtimes.FOLDER / "runner_workerd.mjs").read_text(),
               "run_one.mjs": (runtimes.FOLDER / "run_one.mjs").read_text(),
               "driver.mjs": DRIVER.read_text() + "\nexport { runProgram };\n",
               "batch.jsonl": batch.read_text()}
    try:
        with workerd.serve(runtime, modules, seconds) as worker:
            return worker.get("/")[1].splitlines(), ""
    except (Failed, Unfinished) as failure:
        return [], str(failure)


def run(runtime, batch: Path, seconds):
    if runtime.kind == "workerd":
        return run_workerd(runtime, batch, seconds)
    after = [str(runtimes.POLYFILL_MODULE)] if runtime.polyfill else []
    if runtime.arguments == ("run",):
        return run_command([*runtime.command(SLUICE_RUNNER), "--", str(DRIVER), str(batch), *after], seconds)
    return run_command([*runtime.command(RUNNER), str(DRIVER), str(batch), *after], seconds)


def compare(name, lines, stopped, examples, options) -> bool:
    results = [json.loads(line) for line in lines]
    differences = [result for result in results if "line" in result]
    missing = len(examples) - len(results)
    print(f"{name}: {len(results) - len(differences)} of {len(examples)} programs agree"
          + (f"; it did not come to the last {missing}: {stopped or 'it ended without a word'}" if missing else ""), flush=True)
    kinds = Counter(kind_of(difference) for difference in differences)
    for number, (kind, count) in enumerate(kinds.most_common(options.show), 1):
        first = min((d for d in differences if kind_of(d) == kind), key=lambda d: len(examples[d["name"]]["text"]))
        print(f"\n  {number}. {count} programs part like this:\n      {kind}")
        print(f"     The shortest, {first['name']}, at line {first['line']}:\n")
        for line in examples[first["name"]]["text"].splitlines():
            print(f"         {line}")
        print(f"\n      expected {first['expected']}\n      found    {first['found']}")
    if len(kinds) > options.show:
        print(f"\n  {len(kinds) - options.show} more kinds of differences (--show)")
    return not differences and not missing


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/diff", add_help=False, allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # only the command line
    parser.add_argument("--runtime", action="append", choices=[runtime.name for runtime in COMPARED])
    parser.add_argument("--command")
    parser.add_argument("--sluice", type=Path, default=ROOT / "build/asan/sluice", help=argparse.SUPPRESS)
    parser.add_argument("--for-sluice", action="store_true")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", choices=("balanced", "reentrancy", "buffer_limit"), default="balanced")
    parser.add_argument("--show", type=int, default=3)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args(arguments)
    if options.count < 1 or options.seed < 0 or options.show < 0:
        parser.error("--count must be at least 1, --seed and --show at least 0")
    for name in options.files:
        if name != "corpus" and not os.access(name, os.R_OK):
            fail(f"{name}: no such file, or it cannot be read")
    if options.for_sluice and (options.runtime != ["sluice"] or options.command):
        parser.error("--for-sluice is for --runtime sluice alone: no other runtime makes such streams")
    if options.check:
        return 0
    chosen = [replace(runtime, binary=options.sluice) if runtime.binary == runtimes.SLUICE else runtime for runtime in COMPARED
              if runtime.name in (options.runtime or ([] if options.command else [each.name for each in COMPARED]))]
    try:
        missing = runtimes.install(chosen)
    except runtimes.RuntimeMissing as reason:
        fail(f"{reason}\n--command runs one of your own")
    os.environ["NO_COLOR"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        batch = make_batch(options, Path(folder))
        examples = {example["name"]: example for example in map(json.loads, batch.read_text().splitlines())}
        if not examples:
            fail("none of these programs can be said in JavaScript")
        print(f"{len(examples)} programs", flush=True)
        seconds = 60 + PROGRAM_SECONDS * len(examples)
        agree = []
        for runtime in chosen:
            if runtime.name in missing and options.runtime:
                fail(f"{runtime.name}: not to be had here ({missing[runtime.name]})")
            if runtime.name in missing:
                print(f"{runtime.name}: not to be had here ({missing[runtime.name]})")
                continue
            agree.append(compare(runtime.name, *run(runtime, batch, seconds), examples, options))
        if options.command:
            command = [*shlex.split(options.command), str(RUNNER), str(DRIVER), str(batch)]
            try:
                agree.append(compare(options.command, *run_command(command, seconds), examples, options))
            except OSError as error:
                fail(f"--command: {command[0]} could not be started: {error.strerror}")
    return 0 if all(agree) else 1
