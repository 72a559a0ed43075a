"""Makes programs smaller while they still differ in a runtime in the same way.

    for case in shrink(session, cases, model): ...     # each the smallest of its case

All are shrunk at the same time: `sluice-fuzz shrink-dialog` has candidates, one process of the runtime answers for those of every case,
and each dialog goes on from its first candidate that still differs.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice_dev.runtimes import programs
from sluice_dev.runtimes.host import Session
from sluice_dev.runtimes.survey import Case, judge
from sluice_dev.runtimes.traces import Kind


class _Dialog:
    def __init__(self, sluice: Path, text: str) -> None:
        self._process = subprocess.Popen([str(sluice), "shrink-dialog"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._write(json.dumps(text))
        self.candidates: list[dict[str, Any]] = []
        self.shrunk: dict[str, Any] | None = None
        self._read()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"sluice-fuzz shrink-dialog ended with {self._process.wait()}")
        message = json.loads(line)
        if isinstance(message, list):
            self.candidates = message
        else:
            self.candidates, self.shrunk = [], message

    def answer(self, index: int) -> None:
        self._write(str(index))
        self._read()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


@dataclass
class _Shrinking:
    case: Case
    dialog: _Dialog
    best: Case


def _judged(session: Session, examples: list[dict[str, Any]], model: str) -> dict[str, Case]:
    by_name = {example["name"]: example for example in examples}
    return {answer.name: judge(by_name[answer.name], answer.lines, answer.failure, model, session.offers)
            for answer in session.run(examples) if not answer.missing}


def run_texts(session: Session, sluice: Path, texts: list[str], names: list[str], model: str) -> list[Case | None]:
    """Programs as text, judged; none for an empty one."""
    numbers = [number for number, text in enumerate(texts) if text]
    unique = [f"{number} {names[number]}" for number in numbers]
    found = _judged(session, programs.examples_of_texts(sluice, [texts[number] for number in numbers], unique), model)
    cases: list[Case | None] = [None] * len(texts)
    for number, name in zip(numbers, unique):
        cases[number] = found.get(name)
        if name in found:
            found[name].example["name"] = names[number]
    return cases


def at_rest(session: Session, sluice: Path, cases: list[Case], model: str) -> list[Case]:
    """The same cases, with `run` wherever a program waits for some microtasks; where no outcome differs then, as order."""
    ticking = [case for case in cases if "\ntick " in case.example["text"] and not case.failure]
    texts = ["".join("run\n" if line.startswith("tick ") else line for line in case.example["text"].splitlines(True)) for case in ticking]
    names = [case.example["name"] + " at rest" for case in ticking]
    found = _judged(session, programs.examples_of_texts(sluice, texts, names), model)
    kept = []
    for case in cases:
        quiet = found.get(case.example["name"] + " at rest") if any(case is one for one in ticking) else case
        kept.append(quiet if quiet is not None and (quiet.failure or quiet.difference.kind == Kind.OUTCOME) else case)
    return kept


def shrink(session: Session, sluice: Path, cases: list[Case], model: str, progress: Callable[[int, int], None]) -> list[Case]:
    def same(case: Case, candidate: Case) -> bool:
        return candidate.signature == case.signature and candidate.difference.kind == case.difference.kind

    work = [_Shrinking(case, _Dialog(sluice, case.example["text"]), case) for case in cases]
    try:
        while True:
            open_ones = [(number, one) for number, one in enumerate(work) if one.dialog.shrunk is None]
            progress(len(open_ones), len(work))
            if not open_ones:
                break
            examples = []
            for number, one in open_ones:
                for index, candidate in enumerate(one.dialog.candidates):
                    examples.append(candidate | {"name": f"{number}/{index}"})
            found = _judged(session, examples, model)
            if session.cancelled():
                break
            for number, one in open_ones:
                chosen = len(one.dialog.candidates)
                for index in range(len(one.dialog.candidates)):
                    case = found.get(f"{number}/{index}")
                    if case is not None and same(one.case, case):
                        chosen, one.best = index, case
                        break
                one.dialog.answer(chosen)
    finally:
        for one in work:
            one.dialog.close()
    for one in work:
        one.best.example["name"] = one.case.example["name"]
    return [one.best for one in work]
