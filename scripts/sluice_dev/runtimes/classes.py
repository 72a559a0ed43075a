"""The classes of differences: one a cause. Known ones have a verdict, in tests/runtimes/classes.json; what matches none is new.

    table = ClassTable.load()
    found = table.sort(shrunk_cases)       # Class objects with the cases that belong to them
    table.find("write-while-closing")      # a known one

A shrunk case belongs to the first known class of which a pattern matches: on its signature (the operation in which it first differs, and
what is missing or extra there), and where that is not enough on its program, which is what remains after shrinking. Cases that match
none are grouped by both.
"""

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from sluice_dev.common.errors import CannotRun
from sluice_dev.runtimes import table
from sluice_dev.runtimes.survey import Case

FILE = table.FOLDER / "classes.json"
VERDICTS = ("runtime wrong", "standard silent", "standard wrong", "documented choice")
STANDARD = "https://streams.spec.whatwg.org/"


@dataclass
class Class:
    id: str
    title: str  # what happens, in a sentence
    program: str  # the minimal one
    verdict: str = ""  # one of VERDICTS; empty: nobody has judged it yet
    reason: str = ""  # the verdict in a sentence or two
    step: str = ""  # the operation and step of the standard that decides
    anchor: str = ""  # of that operation, in the standard
    matters: str = ""  # why it matters to an author
    reported: list[str] = field(default_factory=list)  # issues that exist
    match: list[dict[str, str]] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    hits: int = 0

    @property
    def judged(self) -> bool:
        return bool(self.verdict)

    def matches(self, case: Case) -> bool:
        return any(re.search(pattern.get("signature", ""), case.signature) and re.search(pattern.get("program", ""), case.example["text"], re.S)
                   and not (pattern.get("without") and re.search(pattern["without"], case.example["text"], re.S))
                   for pattern in self.match)


@dataclass
class ClassTable:
    classes: list[Class]

    @staticmethod
    def load(file: Path = FILE) -> "ClassTable":
        try:
            entries = json.loads(file.read_text())
            classes = [Class(**entry) for entry in entries]
        except (json.JSONDecodeError, TypeError) as error:
            raise CannotRun(f"{file}: {error}") from error
        for one in classes:
            if one.verdict not in VERDICTS:
                raise CannotRun(f"{file}: {one.id}: the verdict {one.verdict!r} is none of {', '.join(VERDICTS)}")
        return ClassTable(classes)

    def find(self, name: str) -> Class:
        known = next((one for one in self.classes if one.id == name), None)
        if known is None:
            raise CannotRun(f"no class has the name {name}; there are {', '.join(one.id for one in self.classes)}")
        return known

    def class_of(self, case: Case) -> Class | None:
        return next((one for one in self.classes if one.matches(case)), None)

    def sort(self, cases: list[Case]) -> list[Class]:
        """Copies of the classes that occur, with their cases; the smallest case of each is first."""
        found: dict[str, Class] = {}
        for case in sorted(cases, key=lambda one: (one.example["text"].count("\n"), len(one.example["text"]), one.example["text"])):
            known = self.class_of(case)
            key = known.id if known else f"new: {case.signature} {skeleton(case.example['text'])}"
            if key not in found:
                found[key] = replace(known, cases=[], hits=0) if known else \
                    Class(f"new-{sum(not one.judged for one in found.values()) + 1}", case.signature, case.example["text"])
            found[key].cases.append(case)
        return list(found.values())


def skeleton(text: str) -> str:
    """What a program does, without names, chunks, numbers, and how its scripts end."""
    lines = []
    for line in text.splitlines():
        line = re.sub(r"\bw\d\b", "w", re.sub(r"\br\d\b", "r", line.strip()))
        line = re.sub(r"(write\().*(\))", r"\1\2", re.sub(r" unobserved$", "", line))
        if not re.match(r"(s\d )?(methods|highWaterMark)|#", line):
            lines.append(line)
    return "; ".join(lines)
