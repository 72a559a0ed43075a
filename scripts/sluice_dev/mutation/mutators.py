"""The faults that are planted in src/core: each changes one or two lines of one file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
# (what is replaced, by what, why it is a fault). The first match on a line is replaced.
PATTERNS = [
    # Byte accounting
    (re.compile(r"\.charge = charge"), ".charge = 0"),
    (re.compile(r"\+= charge;"), "+= charge + 1;"),
    (re.compile(r"-= valueWithSize\.charge;"), "-= valueWithSize.charge / 2;"),
    (re.compile(r"\*limit - buffered"), "*limit"),
    (re.compile(r"charged_bytes = 0;"), "charged_bytes /= 2;"),
    (re.compile(r"controller\.charged_bytes, charge\)"), "controller.charged_bytes, charge + 1)"),
    # Ownership of slots
    (re.compile(r"^(\s+(?:for \(.*\) )?)(host\.Drop\([^;]*\);)$"), r"\1{ \2 \2 }"),
    (re.compile(r"host\.Store\((\w+), Place::\w+, [\w.]+\)"), r"\1"),
    (re.compile(r"host\.Retain\(([\w.>-]+(?:\([\w.]+\)\.\w+)?)\)"), r"\1"),
    # Another stream: the first one, which is the only one unless a program makes more
    (re.compile(r"(?<![!=]= )\bstream\.self\b"), "StreamSlot{1}"),
    (re.compile(r"host\.Stream\(([\w.]+(?:\(\w+\)\.\w+)?)\)"), "host.Stream(StreamSlot{1})"),
    # Settlements, and the order of reactions
    (re.compile(r"host\.Resolve\(([^;?]*)\);$"), r"host.Reject(\1, kUndefined);"),
    (re.compile(r"fulfilled \? ([^:]+) : ([^;]+);$"), r"fulfilled ? \2 : \1;"),
    (re.compile(r"^(\s+)(host\.UponSettled\((\w+), [^;]*\);)$"), r"\1{ \2 \2 }"),
    (re.compile(r"ReactionKind::kWrite,"), "ReactionKind::kClose,"),
    (re.compile(r"ReactionKind::kClose,"), "ReactionKind::kWrite,"),
    (re.compile(r"host\.Reject\(writeRequest, storedError\)"), "host.Reject(writeRequest, kUndefined)"),
    (re.compile(r"for \(const PromiseSlot (\w+) : stream\.writeRequests\) \{$"), r"for (const PromiseSlot \1 : {stream.writeRequests.back()}) {"),
    (re.compile(r"queue\.front\(\)"), "queue.back()"),
    (re.compile(r"writeRequests\.front\(\)"), "writeRequests.back()"),
    # Values
    (re.compile(r"stream\.storedError\)"), "kUndefined)"),
    (re.compile(r"= stream\.backpressure"), "= !stream.backpressure"),
    (re.compile(r"strategyHWM = highWaterMark"), "strategyHWM = 1"),
    (re.compile(r"abortRequest\.reason\)"), "stream.storedError)"),
]


@dataclass(frozen=True)
class Mutant:
    file: str
    line: int  # from 1
    what: str
    text: str  # of the whole file, with as many lines as before

    @property
    def label(self) -> str:
        return f"{self.file}: {self.what}"


def _without_comment(line: str) -> str:
    return line.split("//")[0].rstrip()


def _next_code(lines: list[str], index: int) -> int:
    index += 1
    while index < len(lines) and (not lines[index].strip() or lines[index].strip().startswith("//")):
        index += 1
    return index


def mutants_of(file: str, text: str) -> Iterator[Mutant]:
    lines = text.split("\n")

    def replaced(index: int, line: str) -> str:
        return "\n".join(lines[:index] + [line] + lines[index + 1:])

    for index, line in enumerate(lines):
        code = _without_comment(line)
        if not code.startswith(" ") or "SLUICE_ASSERT" in code or "SLUICE_CHECK" in code:
            continue
        if STATEMENT.match(code):
            yield Mutant(file, index + 1, f"dropped `{code.strip()}`", replaced(index, ""))
            after = _next_code(lines, index)
            if after < len(lines) and STATEMENT.match(_without_comment(lines[after])):
                swapped = list(lines)
                swapped[index], swapped[after] = swapped[after], swapped[index]
                yield Mutant(file, index + 1, f"swapped `{code.strip()}` and `{lines[after].strip()}`", "\n".join(swapped))
        if condition := CONDITION.match(code):
            yield Mutant(file, index + 1, f"negated `{code.strip()}`", replaced(index, f"{condition[1]}!({condition[2]}){condition[3]}"))
        if "<<" in code or "#include" in code:
            continue
        for old, new in OPERATORS:
            if old in code:
                what = f"`{old.strip()}` became `{new.strip()}` in `{code.strip()}`"
                yield Mutant(file, index + 1, what, replaced(index, code.replace(old, new, 1)))
        for pattern, replacement in PATTERNS:
            changed = pattern.sub(replacement, code, count=1)
            if changed != code:
                yield Mutant(file, index + 1, f"`{code.strip()}` became `{changed.strip()}`", replaced(index, changed))
