"""Plants faults in src/core, one at a time, and checks whether a fuzz target finds each.

A mutant that survives is either a fault that the oracles miss, or an equivalent program. Known equivalent mutants are listed with the
reason in scripts/sluice_dev/mutation/equivalent_mutants.txt.
"""

import argparse
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from sluice_dev.common import sanitizer_options
from sluice_dev.common.paths import ROOT
from sluice_dev.mutation import campaigns
from sluice_dev.triage.report import Report

FILES = [
    "src/core/writable_stream.cc",
    "src/core/writable_stream_default_controller.cc",
    "src/core/writable_stream_default_writer.cc",
    "src/core/class_steps.cc",
    "src/core/queue_with_sizes.cc",
    "src/core/queuing_strategies.cc",
    "src/core/byte_limit.cc",
    "src/core/byte_limit.h",
    "src/core/fifo.h",
]
# A statement that stands on one line and whose absence still compiles, mostly.
STATEMENT = re.compile(r"^\s+(?!return|const|auto|using|static|break|case|default|SLUICE_|[A-Z]\w+ \w+ =|[}{#/])[\w:>*&!(][^;]*;$")
CONDITION = re.compile(r"^(\s*(?:\} else )?if \()(.*)(\)(?: \{| [^{]*;)?)$")
OPERATORS = [
    (" && ", " || "), (" || ", " && "), (" == ", " != "), (" != ", " == "), (" <= ", " < "), (" < ", " <= "),
    (" > ", " >= "), (" >= ", " > "), (" += ", " -= "), (" -= ", " += "), (" - ", " + "), (" + ", " - "),
    ("true", "false"), ("false", "true"), ("kErroring", "kErrored"), ("kErrored", "kErroring"),
    ("kWritable", "kErroring"), ("kClosed", "kErrored"), ("NewPromise()", "NewPromiseResolved()"),
    ("readyPromise", "closedPromise"), ("closedPromise", "readyPromise"),
    ("inFlightWriteRequest", "inFlightCloseRequest"), ("inFlightCloseRequest", "closeRequest"),
    ("RejectAndMarkHandled", "Reject"), ("NewPromiseRejectedAndHandled", "NewPromiseRejected"),
    (" ? ", " ? !", ), (": 3", ": 4"), ("? 1 ", "? 2 "), ("return 1;", "return 2;"), ("return 0;", "return 1;"),
]


def mutants_of(path: str, text: str):
    """Yields (line number, what was done, mutated text)."""
    lines = text.split("\n")

    def put(index, *replacement):
        return "\n".join(lines[:index] + list(replacement) + lines[index + 1:])

    for index, line in enumerate(lines):
        code = line.split("//")[0].rstrip()
        if not code.startswith(" ") or "SLUICE_ASSERT" in code or "SLUICE_CHECK" in code:
            continue
        if STATEMENT.match(code):
            yield index + 1, f"dropped `{code.strip()}`", put(index, "")
            after = index + 1
            while after < len(lines) and (not lines[after].strip() or lines[after].strip().startswith("//")):
                after += 1
            if after < len(lines) and STATEMENT.match(lines[after].split("//")[0].rstrip()):
                swapped = list(lines)
                swapped[index], swapped[after] = swapped[after], swapped[index]
                yield index + 1, f"swapped `{code.strip()}` and `{lines[after].strip()}`", "\n".join(swapped)
        condition = CONDITION.match(code)
        if condition:
            yield index + 1, f"negated `{code.strip()}`", put(index, f"{condition[1]}!({condition[2]}){condition[3]}")
        for old, new in OPERATORS:
            if old in code and "<<" not in code and "#include" not in code:
                yield index + 1, f"`{old.strip()}` became `{new.strip()}` in `{code.strip()}`", put(index, code.replace(old, new, 1))


def equivalent():
    known = {}
    for line in (ROOT / "scripts/sluice_dev/mutation/equivalent_mutants.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            what, _, reason = line.partition("  # ")
            known[what.strip()] = reason
    return known


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/mutants", add_help=False, allow_abbrev=False)
    parser.add_argument("--time", type=int)
    parser.add_argument("--campaigns", type=int)
    parser.add_argument("--file", action="append", choices=FILES)
    parser.add_argument("--shard", default="0/1")
    options = parser.parse_args(arguments)
    if options.time is None:
        options.time = 20 if options.campaigns is None else 60
    if options.time < 1:
        parser.error("--time must be at least 1 second")
    if options.campaigns is not None and options.campaigns < 1:
        parser.error("--campaigns must be at least 1 mutant")
    if not re.fullmatch(r"\d+/[1-9]\d*", options.shard):
        parser.error("--shard must be I/N, as 0/4")
    shard, shards = (int(part) for part in options.shard.split("/"))
    known = equivalent()

    work = Path(tempfile.mkdtemp(prefix="sluice-mutants-"))
    try:
        every = [(name, *mutant) for name in options.file or FILES for mutant in mutants_of(name, (ROOT / name).read_text())]
        if options.campaigns is not None:
            every = [mutant for mutant in every if f"{mutant[0]}: {mutant[2]}" not in known]
            return campaigns.run(ROOT, work, campaigns.chosen(every, options.campaigns)[shard::shards], options.time)
        for name in ("CMakeLists.txt", "CMakePresets.json", "cmake", "src", "fuzz", "sanitizers", "corpus"):
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, work / name)
        build = work / "build/libfuzzer-asan"
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        subprocess.run(["cmake", "--preset", "libfuzzer-asan", "-DSLUICE_TESTS=OFF", *launcher], cwd=work, check=True, stdout=subprocess.DEVNULL)
        target = ["cmake", "--build", str(build), "--target", "writable_stream_fuzzer", "buffer_limit_fuzzer"]
        subprocess.run(target, check=True, stdout=subprocess.DEVNULL)

        mine = every[shard::shards]
        print(f"{len(mine)} mutants, up to {options.time} s each", flush=True)
        counts = {"found": 0, "survived": 0, "equivalent": 0, "does not compile": 0}
        for number, (name, line, what, text) in enumerate(mine, 1):
            verdict, detail = run_mutant(work, build, target, name, text, options.time)
            label = f"{name}: {what}"
            if verdict == "survived" and label in known:
                verdict, detail = "equivalent", known[label]
            counts[verdict] += 1
            if verdict != "does not compile":
                print(f"[{number}/{len(mine)}] {verdict:10} {name}:{line}: {what}  {detail}", flush=True)
        print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
        return 1 if counts["survived"] else 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


def run_mutant(work: Path, build: Path, target, name: str, text: str, seconds: int):
    original = (work / name).read_text()
    try:
        (work / name).write_text(text)
        if subprocess.run(target, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            return "does not compile", ""
        started = time.monotonic()
        grown = work / "grown"
        for fuzzer, share in (("writable_stream_fuzzer", 0.6), ("buffer_limit_fuzzer", 0.4)):
            shutil.rmtree(grown, ignore_errors=True)
            grown.mkdir()
            seeds = [str(work / "corpus" / folder) for folder in ("writable_stream_fuzzer", "reentrancy_fuzzer", "buffer_limit_fuzzer")]
            command = [str(build / "fuzzers" / fuzzer), f"-max_total_time={max(1, round(seconds * share))}", "-max_len=384",
                       *sanitizer_options.flags("libfuzzer.options", "mutants", prefix="-"), "-seed=1", f"-artifact_prefix={grown}/", str(grown),
                       *seeds]
            run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                                 env={**os.environ, "ASAN_OPTIONS": sanitizer_options.joined("asan.options", "mutants")})
            if run.returncode != 0:
                report = Report(str(work))
                for line in run.stderr.splitlines():
                    report.add_line(line)
                return "found", f"{report.identity(fuzzer)} after {time.monotonic() - started:.1f} s"
        return "survived", ""
    finally:
        (work / name).write_text(original)
