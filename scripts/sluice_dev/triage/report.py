"""Parses the last output of a fuzz target's process and names its finding. Only this module names findings.

    report = Report(root)
    for line in output: report.add_line(line)
    report.identity("writable_stream_fuzzer")    # "asan/heap-use-after-free/DequeueValue<OnSinkWriteFulfilled"

Parses the output of libFuzzer, AddressSanitizer, LeakSanitizer, UndefinedBehaviorSanitizer and the harness.
"""

import collections
import re

_FRAME = re.compile(r"\s+#(\d+) 0x[0-9a-f]+ in (.+)")
_SUMMARY = re.compile(r"SUMMARY: (\w+): (.+)")
_TOOLS = {"AddressSanitizer": "asan", "UndefinedBehaviorSanitizer": "ubsan", "libFuzzer": "libfuzzer"}
_FRAMES_IN_IDENTITY = 3
_ENDS = (("ERROR: libFuzzer: timeout", "timeout"), ("ERROR: libFuzzer: out-of-memory", "oom"),
         ("ERROR: LeakSanitizer: detected memory leaks", "leak"))


class Frame(collections.namedtuple("Frame", "function file line")):
    """One of this project's own: `file` is relative to the root. `line` is 0 where the compiler did not keep it."""


class Report:
    def __init__(self, root: str) -> None:
        self.log = collections.deque(maxlen=5000)
        self.code = ()  # "function:line" of src/core, that ran in the step that broke
        self.oracle_identity = None
        self._rule = None
        self._end = None
        self._root = root
        self._place = re.compile(r"(.+?) (?:\S*?/)?((?:src|fuzz)/\S+?\.(?:cc|h))(?::(\d+)|$)")

    def add_line(self, line: str) -> None:
        if line.startswith("SLUICE-FINDING ") and self.oracle_identity is None:
            self.oracle_identity = line.removeprefix("SLUICE-FINDING ").strip()
        elif line.startswith("SLUICE-STEP-COVERAGE "):
            self.code = tuple(line.split()[1:])
        elif line.startswith("The rule:") and self._rule is None:
            self._rule = line.removeprefix("The rule:").strip()
        elif self._end is None:
            self._end = next((end for words, end in _ENDS if words in line), None)
        self.log.append(line)

    @property
    def kind(self):
        """crash, timeout, oom or leak, of a process that died."""
        return "crash" if self.oracle_identity else self._end or "crash"

    def identity(self, target: str, kind: str | None = None) -> str:
        """By which findings are grouped. Holds no comma, and stays the same while the input is shrunk."""
        kind = kind or self.kind
        if kind == "crash" and self.oracle_identity:
            return self.oracle_identity
        names = [frame.function for frame in self.frames]
        if kind == "timeout":
            # Which function it is in when it is stopped is chance; that of the core that called it first is less so.
            return f"timeout/{self._first_in_core() or target}".replace(",", "")
        if kind == "oom":
            return f"oom/{'<'.join(names[:_FRAMES_IN_IDENTITY]) or target}".replace(",", "")
        where = "<".join(names[:_FRAMES_IN_IDENTITY]) or target
        return f"{'leak' if kind == 'leak' else self.sanitizer_kind}/{where}".replace(",", "")

    @property
    def rule(self):
        """One line: what should have held, or what the sanitizer says."""
        if self.oracle_identity and self._rule is not None:
            return self._rule
        for line in self.log:
            if "runtime error: " in line:
                return "UndefinedBehaviorSanitizer: " + line.replace(self._root + "/", "").split("runtime error: ", 1)[1].strip()
        summary = self._summary()
        return f"{summary[1]}: {summary[2]}".replace(self._root + "/", "") if summary else "the process ended"

    @property
    def sanitizer_kind(self):
        summary = self._summary()
        if summary is None:
            return "crash"
        words = summary[2] if summary[1] == "libFuzzer" else summary[2].split()[0]
        return f"{_TOOLS.get(summary[1], summary[1])}/{re.sub(r'[^A-Za-z0-9]+', '-', words).strip('-').lower()}"

    @property
    def frames(self):
        """The functions of this project in the first stack that has any, the innermost first."""
        frames = []
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
    def stack(self):
        """The report without what only libFuzzer adds: from the first line of an error on."""
        lines = [line.replace(self._root + "/", "") for line in self.log]
        begin = next((i for i, line in enumerate(lines) if "ERROR: " in line or "runtime error: " in line), len(lines))
        return "\n".join(lines[begin:])

    def _first_in_core(self):
        core = [frame.function for frame in self.frames if frame.file.startswith("src/core/")]
        return core[0] if core else None

    def _summary(self):
        """The sanitizer's, if there is one: the abort after its report gets one from libFuzzer too."""
        matches = [match for line in self.log if (match := _SUMMARY.match(line))]
        return next((match for match in matches if match[1] != "libFuzzer"), matches[0] if matches else None)


def _function_name(signature):
    """`sluice::core::Foo(Bar&)::$_0::operator()() const` is called Foo."""
    name = signature.replace("(anonymous namespace)::", "").split("(", 1)[0]
    previous = None
    while previous != name:
        previous, name = name, re.sub(r"<[^<>]*>", "", name)
    return name.rsplit("::", 1)[-1].split()[-1]
