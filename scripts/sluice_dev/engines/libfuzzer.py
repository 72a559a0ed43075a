"""The command line and the output of a libFuzzer process."""

import os
import re
from collections.abc import Sequence

from sluice_dev.common import sanitizer_options
from sluice_dev.triage.report import Report

UNIT_TIMEOUT_SECONDS = int(sanitizer_options.read("libfuzzer.options")["timeout"])
# It is noticed by an alarm that rings every 13 seconds; then the stack is printed.
NOTICED_AFTER_SECONDS = UNIT_TIMEOUT_SECONDS + 20
# Exit codes.
TIMEOUT = 70
OUT_OF_MEMORY = 71
INTERRUPTED = 72

_STATUS = re.compile(r"#(\d+)\s+([A-Za-z]+)\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+ .*?exec/s: (\d+)")


def fuzz_command(binary: str, *, seconds: float, artifacts: str, folders: Sequence[str], max_len: int, dictionary: str | None = None,
                 knows_a_hang: bool = False) -> list[str]:
    """Fuzzes on from the first of `folders`, which grows; the others are seeds. The campaign ends the process by SIGUSR1
    when its time is over, to the tenth of a second; -max_total_time is for when the campaign itself was killed. `knows_a_hang`: one
    was found already, and would take most of the time if each were waited for so long."""
    return [
        binary, f"-max_total_time={int(seconds) + 2}", f"-artifact_prefix={artifacts}/", f"-max_len={max_len}",
        *(rerun_flags() if knows_a_hang else run_flags()), "-print_final_stats=1", *([f"-dict={dictionary}"] if dictionary else []), *folders,
    ]


def run_flags() -> list[str]:
    return sanitizer_options.flags("libfuzzer.options", prefix="-")


def rerun_flags() -> list[str]:
    """For an input that is known to take too long, less will do."""
    return sanitizer_options.flags("libfuzzer.options", "reruns", prefix="-")


class Output:
    """The output of one process so far."""

    def __init__(self, root: str, folder: str = "") -> None:
        self._folder = folder  # in which the process runs
        self.executions = 0
        self.rate = 0
        self.cov = 0
        self.ft = 0
        self.corpus = 0
        self.loading = True
        self.artifact: str | None = None  # what it wrote when it crashed
        self.report = Report(root)  # without the lines of progress
        self.command: list[str] = []  # of the process, and where it kept its last inputs (recent_inputs.py)
        self.recent: str | None = None
        self._replayed_kind: str | None = None
        self._unreproduced = ""
        self._rest = b""

    def add(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._add_line(line.decode(errors="replace"))

    def finish(self) -> None:
        if self._rest:
            self._add_line(self._rest.decode(errors="replace"))
            self._rest = b""

    def _add_line(self, line: str) -> None:
        if match := _STATUS.match(line):
            word = match[2]
            self.executions, self.cov, self.ft, self.corpus, self.rate = (int(match[i]) for i in (1, 3, 4, 5, 6))
            if word != "READ":
                self.loading = False
            if word in ("NEW", "REDUCE", "RELOAD"):
                return
        elif line.startswith("\tNEW_FUNC"):
            return
        elif line.startswith("stat::number_of_executed_units:"):
            self.executions = int(line.split()[-1])
        elif "Test unit written to " in line:
            self.artifact = os.path.normpath(os.path.join(self._folder, line.split("Test unit written to ", 1)[1].strip()))
        self.report.add_line(line)

    def replayed(self, path: str, code: int, kind: str, if_nothing: str) -> None:
        """The process ran `path` once and wrote no artifact, and ended with `code`. `kind`: what another engine had seen, and
        `if_nothing` the rule if nothing was seen here."""
        self.artifact = path
        if code == 0:
            self._replayed_kind = kind
            self._unreproduced = if_nothing
            self.report.add_line(if_nothing)
        elif self.report.kind == "leak":
            self._replayed_kind = "leak"
        else:
            self._replayed_kind = {TIMEOUT: "timeout", OUT_OF_MEMORY: "oom"}.get(code, "crash")

    @property
    def kind(self) -> str | None:
        """crash, timeout, oom or leak; None without an artifact. A slow unit alone is not a finding."""
        if self._replayed_kind is not None:
            return self._replayed_kind
        word = os.path.basename(self.artifact or "").split("-", 1)[0]
        return word if word in ("crash", "timeout", "oom", "leak") else None

    @property
    def from_oracle(self) -> bool:
        """Whether an oracle reported it, and no sanitizer: such a finding can be suppressed by its identity."""
        return self.kind == "crash" and self.report.oracle_record is not None

    @property
    def log(self) -> Sequence[str]:
        return self.report.log

    def identity(self, target: str) -> str:
        """By which findings are grouped. Holds no comma."""
        if self._unreproduced:
            return f"unreproduced/{self.kind}/{target}"
        return self.report.identity(target, self.kind)

    @property
    def rule(self) -> str:
        """One line: what should have held, or the summary of the sanitizer."""
        return self._unreproduced or self.report.rule
