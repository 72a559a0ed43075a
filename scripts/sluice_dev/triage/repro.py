"""scripts/repro: runs files under every oracle and shows what breaks.

Each runs in a process of its own, because a sanitizer's report ends the process.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from sluice_dev.common import builds
from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.arguments import Parser
from sluice_dev.common.display import shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.triage.report import Report

_SECONDS = 60  # far more than any needs
_PASSES, _FAILS, _UNREADABLE = 0, 1, 2
# The build in which a file runs. Programs run in sluice-fuzz: after a campaign, the one of that build is there already.
_PROGRAM_PRESETS = {"both": "asan", "address": "libfuzzer-asan", "undefined": "libfuzzer-ubsan"}
_BYTES_PRESETS = {"both": "asan", "address": "asan", "undefined": "ubsan"}


def file_of(name: str) -> str:
    """The file that is meant: itself, or that of a finding's folder. Never something that could be taken for a flag."""
    if os.path.isdir(name):
        for inside in ("program.ops", "input"):
            if os.path.isfile(os.path.join(name, inside)):
                name = os.path.join(name, inside)
                break
        else:
            raise CannotRun(f"{shown(name)}: this folder is not a finding's; it has no program.ops and no input")
    if not os.path.isfile(name):
        raise CannotRun(f"{shown(name)}: " + ("no regular file" if os.path.exists(name) else "no such file"))
    if not os.access(name, os.R_OK):
        raise CannotRun(f"{shown(name)}: it cannot be read")
    return name if os.path.isabs(name) else os.path.join(".", name)


def command_for(preset: str, file: str, target: str, as_json: bool = False) -> list[str]:
    build = ROOT / "build" / preset
    facts = fuzz_targets.of(target)
    if not facts.has_programs:  # the target itself is what replays them
        return [str(build / "fuzzers" / target), file]
    flags = facts.judge_flags or (["--canary"] if "/canary_fuzzer/" in os.path.realpath(file) else [])
    return [str(build / "sluice-fuzz"), "repro", *(["--json"] if as_json else []), *flags, "--", file]


def replay(command: list[str], write: Callable[[bytes], object]) -> int:
    """Passes its output on, whoever reads it or not."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    assert process.stdout is not None
    late = threading.Event()

    def end() -> None:
        late.set()
        os.killpg(process.pid, signal.SIGKILL)
    timer = threading.Timer(_SECONDS, end)
    timer.start()
    try:
        while data := os.read(process.stdout.fileno(), 1 << 16):
            write(data)
        code = process.wait()
    finally:
        timer.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()
    if code in (_PASSES, _FAILS, _UNREADABLE):
        return code
    how = (f"it did not end within {_SECONDS} seconds" if late.is_set() else "the process was aborted" if code == -signal.SIGABRT else
           f"the process was ended by {signal.Signals(-code).name}" if code < 0 else f"the process ended with exit code {code}")
    write(f"\nVerdict: FAILS, {how}\n".encode())
    return _FAILS


def write_now(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _sanitizer_of(preset: str) -> str:
    return "both" if preset == "asan" else "undefined" if "ubsan" in preset else "address"


def judge_as_data(file: str, target: str, presets: list[str]) -> tuple[int, dict[str, Any]]:
    """The exit code, and what --json prints of the file: {"file", "verdict", "findings": [{"sanitizer", "finding"}]}."""
    findings, worst = [], _PASSES
    for preset in presets:
        pieces: list[bytes] = []
        code = replay(command_for(preset, file, target, as_json=True), pieces.append)
        worst = max(worst, code)
        if code != _FAILS:
            continue
        report = Report(str(ROOT))
        for line in b"".join(pieces).decode(errors="replace").splitlines():
            # The tool prints the record alone, targets after a word.
            report.add_line(f"SLUICE-FINDING {line}" if line.startswith("{") else line)
        findings.append({"sanitizer": _sanitizer_of(preset), "finding": report.record(target or "sluice-fuzz")})
    verdict = "fails" if findings else {_PASSES: "passes", _FAILS: "fails", _UNREADABLE: "unreadable"}[worst]
    return (_FAILS if findings else worst), {"file": file, "verdict": verdict, "findings": findings}


def print_as_data(files: list[str], target: str, presets: list[str]) -> int:
    """A line for each file."""
    worst = _PASSES
    for file in files:
        code, data = judge_as_data(file, target, presets)
        worst = max(worst, code)
        print(json.dumps(data), flush=True)
    return worst


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/repro")
    parser.add_argument("--sanitizer", default="both", choices=list(_PROGRAM_PRESETS))
    parser.add_argument("--target", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse(arguments)
    if not options.words:
        parser.error("name at least one file")
    if options.target:
        builds.require_target(options.target)
    files = [file_of(name) for name in options.words]
    has_programs = fuzz_targets.of(options.target).has_programs
    preset = (_PROGRAM_PRESETS if has_programs else _BYTES_PRESETS)[options.sanitizer]
    builds.prepare()
    builds.build(preset, "sluice-fuzz" if has_programs else options.target)
    builds.export_sanitizer_options()
    if options.json:
        return print_as_data(files, options.target, [preset])
    return max(replay(command_for(preset, file, options.target), write_now) for file in files)
