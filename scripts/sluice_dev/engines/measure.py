"""What each of many inputs reaches, as libFuzzer measures it when it merges corpora.

libFuzzer's -merge=1 starts itself through a shell, with paths that nobody quotes, and says nothing of inputs that crash. So its inner step
is started here, without a shell: it reads a control file with names of inputs, and appends to it what it does:

    STARTED index size            FT index feature...            COV index edge...

For each input it names only what no earlier one in the same process has reached. Where it dies, the input that was started last is the
reason, and the next process goes on behind it.
"""

import dataclasses
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence

from sluice_dev.common.errors import CannotRun
from sluice_dev.engines import libfuzzer
from sluice_dev.triage.report import Report

# After an input should have ended itself with its time.
_STUCK_SECONDS = 2 * libfuzzer.NOTICED_AFTER_SECONDS
_SAID_LINES = 10


@dataclasses.dataclass
class Measured:
    """Of one input. Neither features nor `why`: nothing that an earlier input had not reached."""

    features: frozenset[int] = frozenset()  # that no earlier input has
    edges: frozenset[int] = frozenset()
    why: str = ""  # it was not measured: how its process ended


@dataclasses.dataclass
class Total:
    features: int
    edges: int

    @staticmethod
    def of(measured: Sequence[Measured]) -> "Total":
        return Total(sum(len(m.features) for m in measured), sum(len(m.edges) for m in measured))


class Measurer:
    """Runs one target."""

    def __init__(self, binary: str, root: str, scratch: str, flags: Sequence[str], env: dict[str, str] | None = None,
                 **popen: object) -> None:
        self._binary = os.path.abspath(binary)
        self._root = root
        self._scratch = scratch  # an own folder, with nothing else in it
        self._flags = flags
        self._env = env
        self._popen = popen
        self._process: subprocess.Popen[bytes] | None = None

    def measure(self, inputs: Sequence[bytes]) -> list[Measured]:
        """In this order. Raises CannotRun if the target cannot be run at all."""
        with tempfile.TemporaryDirectory(prefix="measure-", dir=self._scratch) as folder:
            os.chmod(folder, 0o777 if self._popen else 0o700)
            control = os.path.join(folder, "control")
            names = [f"{index:08}" for index in range(len(inputs))]
            for name, data in zip(names, inputs):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(data)
            with open(control, "w", encoding="ascii") as file:
                file.write("".join(f"{line}\n" for line in (len(names), 0, *names)))
            os.chmod(control, 0o666 if self._popen else 0o600)
            whys: dict[int, str] = {}
            before = -1
            while True:
                code, output = self._run(folder, control)
                started, ended = progress(control)
                if code == 0:
                    break
                if started <= before:  # it has died without an input
                    raise CannotRun(f"{os.path.basename(self._binary)} could not measure its inputs (exit code {code}). Its last lines:\n"
                                    + "\n".join("  " + line for line in output.splitlines()[-_SAID_LINES:]))
                if started != ended:
                    whys[started] = self._why(code, output)
                if started == len(inputs) - 1:  # a leak is only noticed behind all of them
                    break
                before = started
            return parse(control, len(inputs), whys)

    def _run(self, folder: str, control: str) -> tuple[int, str]:
        command = [self._binary, "-merge_inner=1", f"-merge_control_file={os.path.basename(control)}", "-artifact_prefix=died-", *self._flags]
        with open(os.path.join(folder, "output"), "w+b") as output:
            process = self._process = subprocess.Popen(command, cwd=folder, env=self._env, stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=subprocess.STDOUT, start_new_session=True, **self._popen)  # type: ignore[call-overload]
            try:
                size = -1
                while True:
                    try:
                        code = process.wait(_STUCK_SECONDS)
                        break
                    except subprocess.TimeoutExpired:
                        if size == (size := os.path.getsize(control)):
                            self.stop()
                            code = libfuzzer.TIMEOUT
                            break
            finally:
                self.stop()
            output.seek(0)
            return code, output.read().decode(errors="replace")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _why(self, code: int, output: str) -> str:
        report = Report.of(self._root, output)
        kind = {libfuzzer.TIMEOUT: "hangs", libfuzzer.OUT_OF_MEMORY: "takes too much memory"}.get(code, "crashes")
        return f"{kind} ({report.identity(os.path.basename(self._binary))})"


def progress(control: str) -> tuple[int, int]:
    """The input that was started last, and the one that ended last; -1: none."""
    started = ended = -1
    for word, index, _ in _lines(control):
        if word == "STARTED":
            started = index
        elif word == "COV":
            ended = index
    return started, ended


def parse(control: str, count: int, whys: dict[int, str]) -> list[Measured]:
    """What was measured. A later process begins with nothing, so that it names features again."""
    seen: dict[str, set[int]] = {"FT": set(), "COV": set()}
    new: dict[str, dict[int, frozenset[int]]] = {"FT": {}, "COV": {}}
    for word, index, rest in _lines(control):
        if word in new:
            values = {int(value) for value in rest.split()} - seen[word]
            seen[word] |= values
            new[word][index] = frozenset(values)
    return [Measured(new["FT"].get(i, frozenset()), new["COV"].get(i, frozenset()),
                     whys.get(i, "" if i in new["COV"] else "was not measured")) for i in range(count)]


def _lines(control: str) -> list[tuple[str, int, str]]:
    found = []
    with open(control, encoding="ascii") as file:
        for line in file:
            word, _, rest = line.partition(" ")
            if word in ("STARTED", "FT", "COV") and line.endswith("\n"):
                index, _, rest = rest.strip().partition(" ")
                found.append((word, int(index), rest))
    return found
