"""Runs inputs in a fuzz target and prints which of them is the first that dies with a given identity: 1 for the first, 0 for none.

    same-finding --root ROOT --identity ID [--last] TARGET_BINARY [FLAG...] -- FILE...

For `sluice-fuzz shrink --command`, which appends the files. One process runs many inputs; after an input that dies in another way, a new
process runs the rest. With --last, the inputs are a sequence for one process, and only the last one counts.
"""

import argparse
import os
import re
import resource
import signal
import subprocess
from collections.abc import Sequence

from sluice_dev.triage.report import Report

# An input that hangs is given this much of the processor, not of the clock: how busy the machine is does not matter.
_HANG_SECONDS = 1
# None hangs for ever, whatever it does.
_PROCESS_SECONDS = 120
_RUNNING = re.compile(r"Running: (.*)")


class Death:
    """How one process ended: at which of its inputs (an index; None if it ended well), and what it said."""

    def __init__(self, at: int | None, report: Report, hung: bool) -> None:
        self.at = at
        self.report = report
        self.hung = hung

    def identity(self, target: str) -> str:
        return f"timeout/{target}" if self.hung else self.report.identity(target)

    def is_like(self, identity: str, target: str) -> bool:
        if self.at is None:
            return False
        if identity.startswith("timeout/"):
            return self.hung or self.report.kind == "timeout"
        return self.identity(target) == identity


def run(command: Sequence[str], files: Sequence[str], root: str, limit_hangs: bool = False) -> Death:
    """Runs `files` in one process."""
    def limit() -> None:
        if limit_hangs:
            # The process's own, before the first input, is far less than a second; those that pass take nothing.
            resource.setrlimit(resource.RLIMIT_CPU, (_HANG_SECONDS, _HANG_SECONDS + 1))

    def interrupt_with_group() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        limit()

    process = subprocess.Popen([*command, *files], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               preexec_fn=interrupt_with_group)
    try:
        output, _ = process.communicate(timeout=_PROCESS_SECONDS)
        stuck = False
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        stuck = True
    report = Report(root)
    at = -1
    for line in output.decode(errors="replace").splitlines():
        if (match := _RUNNING.match(line)) and at + 1 < len(files) and match[1] == files[at + 1]:
            at += 1
        report.add_line(line)
    hung = stuck or process.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    return Death(None if process.returncode == 0 else max(at, 0), report, hung)


def first_same(command: Sequence[str], files: Sequence[str], identity: str, root: str) -> int | None:
    """The index of the first file that dies with `identity`, None if there is none."""
    target = os.path.basename(command[0])
    begin = 0
    while begin < len(files):
        death = run(command, files[begin:], root, limit_hangs=identity.startswith("timeout/"))
        if death.at is None:
            return None
        begin += death.at
        if death.is_like(identity, target):
            return begin
        begin += 1
    return None


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="same-finding", allow_abbrev=False)
    parser.add_argument("--root", required=True)
    parser.add_argument("--identity", required=True)
    parser.add_argument("--last", action="store_true")
    if "--" not in words:
        parser.error("the target and its flags come first, then -- and the files")
    split = words.index("--")
    arguments, command = parser.parse_known_args(words[:split])
    files = words[split + 1:]
    if not command or not files:
        parser.error("name the target and at least one file")
    if arguments.last:
        death = run(command, files, arguments.root)
        found = len(files) - 1 if death.at == len(files) - 1 and death.is_like(arguments.identity, os.path.basename(command[0])) else None
    else:
        found = first_same(command, files, arguments.identity, arguments.root)
    print(0 if found is None else found + 1)
    return 0
