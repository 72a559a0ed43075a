"""Runs an input in a fuzz target, in fresh processes, and counts how it ends.

    counts = replay(command, [input], "slots/writer@releaseLock", tries=10)
    counts.same, counts.passed, counts.others

A run that ends by another finding may never get to the one that is looked for. It is run again with that other one suppressed; only if
the finding still does not show is the other one counted. But a program whose other finding broke at a later event of its trace than the one
that is looked for (`event`) passed there: everything before a run's first finding is as the standard has it, so it is the same run until then.
"""

import collections
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sluice_dev.common import sanitizer_options
from sluice_dev.common.paths import ROOT
from sluice_dev.engines.libfuzzer import NOTICED_AFTER_SECONDS, rerun_flags
from sluice_dev.triage.report import Report

_MOST_SUPPRESSED = 5
_COULD_NOT_START = (126, 127)


@dataclass
class Counts:
    same: int = 0
    passed: int = 0
    others: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def tries(self) -> int:
        return self.same + self.passed + self.others.total()


def target_command(build: Path, target: str) -> list[str]:
    """To be followed by files. `build`: the folder of a preset whose targets libFuzzer drives."""
    return [str(build / "fuzzers" / target), *rerun_flags()]


def environment(suppressed: Sequence[str] = ()) -> dict[str, str]:
    env = dict(os.environ)
    for name in ("asan", "ubsan"):
        variable = f"{name.upper()}_OPTIONS"
        env[variable] = ":".join(filter(None, (sanitizer_options.joined(f"{name}.options"), env.get(variable))))
    if symbolizer := shutil.which("llvm-symbolizer"):
        env |= {"ASAN_SYMBOLIZER_PATH": symbolizer, "UBSAN_SYMBOLIZER_PATH": symbolizer}
    if suppressed:
        env["SLUICE_IGNORE_FINDINGS"] = ",".join(suppressed)
    return env


@dataclass(frozen=True)
class _End:
    """Of a process that did not end well."""
    identity: str
    event: int | None = None  # of the trace, at which an oracle's rule broke


def identity_of_run(command: Sequence[str], files: Sequence[str], suppressed: Sequence[str] = (), root: Path = ROOT) -> str | None:
    """The identity with which one process ends; None if it ends well. Raises OSError if there is no such program."""
    end = _end_of_run(command, files, suppressed, root)
    return end.identity if end else None


def _end_of_run(command: Sequence[str], files: Sequence[str], suppressed: Sequence[str], root: Path) -> _End | None:
    process = subprocess.Popen([*command, *files], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env=environment(suppressed), start_new_session=True)
    try:
        output, _ = process.communicate(timeout=2 * NOTICED_AFTER_SECONDS)
    except subprocess.TimeoutExpired:
        return _End(f"timeout/{os.path.basename(command[0])}")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode == 0:
        return None
    if process.returncode in _COULD_NOT_START:
        raise OSError(0, output.decode(errors="replace").strip()[-300:] or "it could not be started", command[0])
    report = Report.of(str(root), output.decode(errors="replace"))
    target = os.path.basename(command[0])
    return _End(str(report.identity(target)), report.record(target)["event"])


def is_same(found: str, wanted: str) -> bool:
    """Where a hang is interrupted is chance."""
    return found == wanted or (wanted.startswith("timeout/") and found.startswith("timeout/"))


def replay(command: Sequence[str], files: Sequence[str], identity: str, tries: int, *, until_same: bool = False, root: Path = ROOT,
           event: int | None = None) -> Counts:
    """`until_same`: ends with the first run that shows the finding. `event`: at which it breaks, if `files` is one program."""
    counts = Counts()
    for _ in range(tries):
        suppressed: list[str] = []
        first = _end_of_run(command, files, suppressed, root)
        found = first.identity if first else None
        while found is not None and not is_same(found, identity) and found not in suppressed and len(suppressed) < _MOST_SUPPRESSED:
            suppressed.append(found)
            found = identity_of_run(command, files, suppressed, root)
        if found is not None and is_same(found, identity):
            counts.same += 1
            if until_same:
                break
        elif first is None or _broke_later(first, event):
            counts.passed += 1
        else:
            counts.others[first.identity] += 1
    return counts


def _broke_later(end: _End, event: int | None) -> bool:
    return event is not None and end.event is not None and end.event > event
