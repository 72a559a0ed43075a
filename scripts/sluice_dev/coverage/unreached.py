"""tests/coverage/unreached.txt: the lines of src/core that no program of corpus/ reaches whole, each with the reason.

    tests src/core/check.cc AssertFailed: a reason, on one line
      the text of a line in that function, as often as it is there and not reached
    nothing src/core/check.cc PrintAndAbort: without such lines, the whole function is meant

"tests": a unit test reaches it. "nothing": no measurable run does. Keys are function and text, so an entry survives changes elsewhere in
the file. An entry that is reached or matches nothing is an error, and so is an unreached line without an entry.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from sluice_dev.coverage.data import File

Reasons = dict[tuple[str, int], str]  # by file and line

_HEADER = re.compile(r"^(tests|nothing) (src/core/\S+) (\S+): (\S.*)$")


@dataclasses.dataclass
class Entry:
    kind: str
    path: str
    function: str
    reason: str
    where: str  # of the entry
    texts: list[str] = dataclasses.field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.path}, {self.function}"


def read(path: Path, shown: str | Path) -> tuple[list[Entry], list[str]]:
    """Returns the entries and the lines that are none."""
    entries: list[Entry] = []
    problems: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("  ") and entries:
            entries[-1].texts.append(line.strip())
        elif found := _HEADER.match(line):
            entries.append(Entry(found[1], found[2], found[3], found[4], where=f"{shown}:{number}"))
        else:
            problems.append(f"{shown}:{number}: is not of the form 'tests|nothing src/core/FILE FUNCTION: REASON'")
    return entries, problems


def _lines_of(entry: Entry, file: File) -> tuple[list[int], list[str]]:
    """Its lines, and what is wrong with it itself."""
    in_function = [line for line in file.lines if file.function_at(line) == entry.function]
    if not in_function:
        return [], [f"{entry.where}: {entry.path} has no function {entry.function}"]
    if not entry.texts:
        return in_function, []
    problems: list[str] = []
    lines: list[int] = []
    for text in entry.texts:
        found = [line for line in in_function if file.text[line - 1].strip() == text]
        lines += found
        if not found:
            problems.append(f"{entry.where}: {entry.function} has no line `{text}`")
    return lines, problems


def check(entries: Iterable[Entry], by_programs: Mapping[str, File], by_all: Mapping[str, File] | None) -> tuple[list[str], Reasons]:
    """Compares the list with what was measured. `by_all` is None if no unit tests ran.

    Returns the problems, and the reason for each line that has one: {(path, line): reason}."""
    problems: list[str] = []
    reasons: Reasons = {}
    for entry in entries:
        file = by_programs.get(entry.path)
        if file is None:
            problems.append(f"{entry.where}: there is no {entry.path}, or it has no code")
            continue
        lines, wrong = _lines_of(entry, file)
        problems += wrong
        unreached = set(file.unreached()) | {line for line in file.asserts if file.lines.get(line) == 0}
        # Of lines that are alike, those that are reached need no reason.
        for text in entry.texts or [""]:
            mine = [line for line in lines if not text or file.text[line - 1].strip() == text]
            reached = [line for line in mine if line not in unreached]
            if mine and (len(reached) == len(mine) or (not text and reached)):
                what = f"`{text}`" if text else f"line {reached[0]} of it"
                problems.append(f"{entry.where}: a program of corpus/ reaches {entry.name}, {what}: take it out of the list")
            for line in mine:
                if line in unreached:
                    reasons[entry.path, line] = entry.reason
                    problems += _check_kind(entry, line, by_all)
    for path, file in sorted(by_programs.items()):
        for line in file.unreached():
            if (path, line) not in reasons:
                problems.append(f"{path}:{line}: no program of corpus/ reaches `{file.text[line - 1].strip()}` "
                                f"in {file.function_at(line)}")
    return problems, reasons


def _check_kind(entry: Entry, line: int, by_all: Mapping[str, File] | None) -> list[str]:
    if by_all is None:
        return []
    reached = line not in by_all[entry.path].unreached() and by_all[entry.path].lines.get(line, 0) > 0
    text = by_all[entry.path].text[line - 1].strip()
    if reached and entry.kind == "nothing":
        return [f"{entry.where}: a unit test reaches `{text}` in {entry.name}: it is 'tests'"]
    if not reached and entry.kind == "tests":
        return [f"{entry.where}: no unit test reaches `{text}` in {entry.name}"]
    return []
