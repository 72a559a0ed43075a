"""What a libFuzzer process is told, and what it says."""

import collections
import os
import re

import sanitizer_options

UNIT_TIMEOUT_SECONDS = int(sanitizer_options.read("libfuzzer.options")["timeout"])
# It is noticed by an alarm that rings every 13 seconds; then the stack is printed.
NOTICED_AFTER_SECONDS = UNIT_TIMEOUT_SECONDS + 20
# Exit codes.
TIMEOUT = 70
OUT_OF_MEMORY = 71
INTERRUPTED = 72

_STATUS = re.compile(r"#(\d+)\s+([A-Za-z]+)\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+ .*?exec/s: (\d+)")
_FRAME = re.compile(r"\s+#(\d+) 0x[0-9a-f]+ in (.+)")
_SUMMARY = re.compile(r"SUMMARY: (\w+): (.+)")
_TOOLS = {"AddressSanitizer": "asan", "UndefinedBehaviorSanitizer": "ubsan", "libFuzzer": "libfuzzer"}
_FRAMES_IN_IDENTITY = 3


def fuzz_command(binary, *, seconds, artifacts, folders, max_len, dictionary=None):
    """Fuzzes on from the first of `folders`, which grows; the others are seeds. The campaign ends the process by SIGUSR1
    when its time is over, to the tenth of a second; -max_total_time is for when the campaign itself was killed."""
    return [
        binary, f"-max_total_time={int(seconds) + 2}", f"-artifact_prefix={artifacts}/", f"-max_len={max_len}",
        *run_flags(), "-print_final_stats=1", *([f"-dict={dictionary}"] if dictionary else []), *folders,
    ]


def run_flags():
    return sanitizer_options.flags("libfuzzer.options", prefix="-")


class Output:
    """What one process has said so far."""

    def __init__(self, root):
        self.executions = 0
        self.rate = 0
        self.cov = 0
        self.ft = 0
        self.corpus = 0
        self.loading = True
        self.artifact = None  # what it wrote when it crashed
        self.log = collections.deque(maxlen=5000)  # without the lines that only tell of progress
        self._finding = None
        self._rule = None
        self._replayed_kind = None
        self._unreproduced = ""
        self._root = root
        self._rest = b""

    def add(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._add_line(line.decode(errors="replace"))

    def finish(self):
        if self._rest:
            self._add_line(self._rest.decode(errors="replace"))
            self._rest = b""

    def _add_line(self, line):
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
        elif line.startswith("SLUICE-FINDING "):
            self._finding = line.removeprefix("SLUICE-FINDING ").strip()
        elif line.startswith("The rule:") and self._rule is None:
            self._rule = line.removeprefix("The rule:").strip()
        elif "Test unit written to " in line:
            self.artifact = line.split("Test unit written to ", 1)[1].strip()
        self.log.append(line)

    def replayed(self, path, code, kind, if_nothing):
        """The process ran `path` once and wrote no artifact, and ended with `code`. `kind`: what another engine had seen, and
        `if_nothing` what is to be told if nothing was seen here."""
        self.artifact = path
        if code == 0:
            self._replayed_kind = kind
            self._unreproduced = if_nothing
            self.log.append(if_nothing)
        elif any("ERROR: LeakSanitizer" in line for line in self.log):
            self._replayed_kind = "leak"
        else:
            self._replayed_kind = {TIMEOUT: "timeout", OUT_OF_MEMORY: "oom"}.get(code, "crash")

    @property
    def kind(self):
        """crash, timeout, oom or leak; None without an artifact. A slow unit alone is not a finding."""
        if self._replayed_kind is not None:
            return self._replayed_kind
        word = os.path.basename(self.artifact or "").split("-", 1)[0]
        return word if word in ("crash", "timeout", "oom", "leak") else None

    @property
    def from_oracle(self):
        """Whether an oracle spoke, and no sanitizer: such a finding can be passed over by its identity."""
        return self.kind == "crash" and self._finding is not None

    def identity(self, target):
        """By which findings are grouped. Holds no comma."""
        if self.from_oracle:
            return self._finding
        if self._unreproduced:
            return f"unreproduced/{self.kind}/{target}"
        if self.kind in ("timeout", "oom"):
            return f"{self.kind}/{target}"
        frames = "<".join(self._frames()) or target
        if self.kind == "leak":
            return f"leak/{frames}".replace(",", "")
        return f"{self._sanitizer_kind()}/{frames}".replace(",", "")

    @property
    def rule(self):
        """One line: what should have held, or what the sanitizer says."""
        if self.from_oracle and self._rule is not None:
            return self._rule
        if self._unreproduced:
            return self._unreproduced
        for line in self.log:
            if "runtime error: " in line:
                return "UndefinedBehaviorSanitizer: " + line.replace(self._root + "/", "").split("runtime error: ", 1)[1].strip()
        summary = self._summary()
        return f"{summary[1]}: {summary[2]}".replace(self._root + "/", "") if summary else "the process ended"

    def _summary(self):
        """The sanitizer's, if there is one: the abort after its report gets one from libFuzzer too."""
        matches = [match for line in self.log if (match := _SUMMARY.match(line))]
        return next((match for match in matches if match[1] != "libFuzzer"), matches[0] if matches else None)

    def _sanitizer_kind(self):
        summary = self._summary()
        if summary is None:
            return "crash"
        words = summary[2] if summary[1] == "libFuzzer" else summary[2].split()[0]
        return f"{_TOOLS.get(summary[1], summary[1])}/{re.sub(r'[^A-Za-z0-9]+', '-', words).strip('-').lower()}"

    def _frames(self):
        """The innermost functions of this project in the first stack that has any."""
        place = re.compile(r"(.+?) (?:" + re.escape(self._root) + r"/)?((?:src|fuzz)/\S+?\.(?:cc|h)):\d+")
        names = []
        for line in self.log:
            frame = _FRAME.match(line)
            if frame is None:
                continue
            if frame[1] == "0" and names:
                break
            if (match := place.match(frame[2])) and len(names) < _FRAMES_IN_IDENTITY:
                names.append(_function_name(match[1]))
        return names


def _function_name(signature):
    """`sluice::core::Foo(Bar&)::$_0::operator()() const` is called Foo."""
    name = signature.replace("(anonymous namespace)::", "").split("(", 1)[0]
    previous = None
    while previous != name:
        previous, name = name, re.sub(r"<[^<>]*>", "", name)
    return name.rsplit("::", 1)[-1].split()[-1]
