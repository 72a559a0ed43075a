"""Parses the last output of a fuzz target's process, and gives its finding as the record of fuzz/oracle/finding.schema.json.

    report = Report.of(root, output)
    report.identity("writable_stream_fuzzer")    # "slots/state@WritableStreamAbort", "asan/heap-use-after-free@DequeueValue"
    report.record("writable_stream_fuzzer")

An oracle prints the record itself. Only here is one made from what libFuzzer and the sanitizers print.
"""

import collections
import json
import re
from typing import Any

_RECORD = "SLUICE-FINDING "
_FRAME = re.compile(r"\s+#(\d+) 0x[0-9a-f]+ in (.+)")
_SUMMARY = re.compile(r"SUMMARY: (\w+): (.+)")
_TOOLS = {"AddressSanitizer": "asan", "UndefinedBehaviorSanitizer": "ubsan", "libFuzzer": "libfuzzer"}
_ENDS = (("ERROR: libFuzzer: timeout", "timeout"), ("ERROR: libFuzzer: out-of-memory", "oom"),
         ("ERROR: LeakSanitizer: detected memory leaks", "leak"))

_ONLY_CALLED = ("src/sim/", "src/core/fifo.h")

Record = dict[str, Any]


class Frame(collections.namedtuple("Frame", "function file line")):
    """One of this project's own: `file` is relative to the root. `line` is 0 where the compiler did not keep it."""


class Report:
    def __init__(self, root: str) -> None:
        self.log: collections.deque[str] = collections.deque(maxlen=5000)
        self.oracle_record: Record | None = None
        self._end: str | None = None
        self._root = root
        self._place = re.compile(r"(.+?) (?:\S*?/)?((?:src|fuzz)/\S+?\.(?:cc|h))(?::(\d+)|$)")

    @classmethod
    def of(cls, root: str, output: str) -> "Report":
        """Of a process that has ended. Those that read while it runs, or look at each line, call add_line()."""
        report = cls(root)
        for line in output.splitlines():
            report.add_line(line)
        return report

    def add_line(self, line: str) -> None:
        if line.startswith(_RECORD) and self.oracle_record is None:
            self.oracle_record = parsed(line.removeprefix(_RECORD))
        elif self._end is None:
            self._end = next((end for words, end in _ENDS if words in line), None)
        self.log.append(line)

    @property
    def kind(self) -> str:
        """crash, timeout, oom or leak, of a process that died."""
        return "crash" if self.oracle_record else self._end or "crash"

    def identity(self, target: str, kind: str | None = None) -> str:
        """By which findings are merged. Has no comma, and stays the same while the input is shrunk."""
        return str(self.record(target, kind)["key"])

    def record(self, target: str, kind: str | None = None) -> Record:
        kind = kind or self.kind
        if kind == "crash" and self.oracle_record:
            return self.oracle_record
        frames = [f"{frame.function} {frame.file}:{frame.line}" for frame in self.frames]
        where = culprit(frames).split(" ")[0] or target
        if kind == "timeout":
            # The function in which it is stopped is chance; the core's function that called it first is less so.
            oracle, rule, key = "timeout", self._first_in_core() or target, ""
        elif kind in ("oom", "leak"):
            oracle, rule, key = kind, where, ""
        else:
            oracle, rule = self._sanitizer_kind()
            key = f"{oracle}/{rule}@{where}"
        return {"schema_version": 1, "key": (key or f"{oracle}/{rule}").replace(",", ""), "oracle": oracle, "rule": rule, "sentence": self.rule,
                "anchor": None, "step": None, "event": None, "operation": None, "after": None, "expected": None, "actual": None,
                "v8_only": False, "also": [], "frames": frames, "trace": []}

    @property
    def rule(self) -> str:
        """One line: what should have held, or what the sanitizer says."""
        if self.oracle_record:
            return str(self.oracle_record["sentence"])
        for line in self.log:
            if "runtime error: " in line:
                return "UndefinedBehaviorSanitizer: " + line.replace(self._root + "/", "").split("runtime error: ", 1)[1].strip()
        summary = self._summary()
        return f"{summary[1]}: {summary[2]}".replace(self._root + "/", "") if summary else "the process ended"

    def _sanitizer_kind(self) -> tuple[str, str]:
        summary = self._summary()
        if summary is None:
            return "process", "crash"
        words = summary[2] if summary[1] == "libFuzzer" else summary[2].split()[0]
        return _TOOLS.get(summary[1], summary[1]), re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-").lower()

    @property
    def frames(self) -> list[Frame]:
        """The functions of this project in the first stack that has any, the innermost first."""
        frames: list[Frame] = []
        for line in self.log:
            match = _FRAME.match(line)
            if match is None:
                continue
            if match[1] == "0" and frames:
                break
            if place := self._place.match(match[2]):
                frames.append(Frame(_function_name(place[1]), place[2], int(place[3] or 0)))
        return frames

    @property
    def stack(self) -> str:
        """The report without what only libFuzzer adds: from the first line of an error on."""
        lines = [line.replace(self._root + "/", "") for line in self.log]
        begin = next((i for i, line in enumerate(lines) if "ERROR: " in line or "runtime error: " in line), len(lines))
        return "\n".join(lines[begin:])

    def _first_in_core(self) -> str | None:
        core = [frame.function for frame in self.frames if frame.file.startswith("src/core/")]
        return core[0] if core else None

    def _summary(self) -> re.Match[str] | None:
        """The sanitizer's, if there is one: the abort after its report gets one from libFuzzer too."""
        matches = [match for line in self.log if (match := _SUMMARY.match(line))]
        return next((match for match in matches if match[1] != "libFuzzer"), matches[0] if matches else None)


def culprit(frames: list[str]) -> str:
    """The innermost frame of a record that may be at fault; empty if there is none. Not the simulated host, which looks up what it is
    told to, and not the container."""
    return next((frame for frame in frames if not frame.split(" ")[1].startswith(_ONLY_CALLED)), frames[0] if frames else "")


def parsed(line: str) -> Record | None:
    """The record on one line; None if it is none, as of a process that died while it printed."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("key"), str) else None


def _function_name(signature: str) -> str:
    """`sluice::core::Foo(Bar&)::$_0::operator()() const` is called Foo."""
    name = signature.replace("(anonymous namespace)::", "").split("(", 1)[0]
    previous = None
    while previous != name:
        previous, name = name, re.sub(r"<[^<>]*>", "", name)
    return name.rsplit("::", 1)[-1].split()[-1]
