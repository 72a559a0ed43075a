"""Runs the programs in a runtime and keeps where it differs; goes on where an earlier run was interrupted.

    survey = Survey(runtime, programs)
    survey.run_chunk(0)
    survey.result()                    # a Result: the best tick model, agreements, differences of outcome and of order, failures

Each runtime is compared in the tick model in which most programs agree to the microtask.
"""

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sluice_dev.runtimes import host
from sluice_dev.runtimes import table
from sluice_dev.runtimes import traces
from sluice_dev.runtimes.programs import MODELS, Programs, expected
from sluice_dev.runtimes.traces import Difference, Kind

FOLDER = table.STORE / "surveys"


@dataclass
class Case:
    """A program that does not do here what it should."""

    example: dict[str, Any]
    lines: list[str]
    failure: str = ""  # it crashed, hung, or flooded
    difference: Difference = field(default_factory=lambda: Difference(Kind.NONE))

    @property
    def signature(self) -> str:
        if self.failure:
            return "failure: " + failure_kind(self.failure)
        return self.difference.signature


def failure_kind(why: str) -> str:
    """Without what differs between programs: the first words, and a signal's name."""
    return why.split(":", 1)[0] if not why.startswith("the driver failed") else why[:80]


@dataclass
class Result:
    runtime: table.Runtime
    model: str
    offers: host.Offers
    programs: int
    agree: int
    outcome: list[Case]
    order: list[Case]
    failed: list[Case]
    by_model: dict[str, int]


def judge(example: dict[str, Any], answer_lines: list[str], failure: str, model: str, offers: host.Offers) -> Case:
    difference = Difference(Kind.NONE) if failure else traces.compare(expected(example, model), traces.plain(answer_lines), offers)
    return Case(example, traces.plain(answer_lines), failure, difference)


class Survey:
    def __init__(self, runtime: table.Runtime, programs: Programs, version: str, cancelled: Callable[[], bool] = lambda: False) -> None:
        self.runtime = runtime
        self._programs = programs
        self._session = host.Session(runtime, cancelled=cancelled)
        self._cancelled = cancelled
        scripts = (host.DRIVER.read_bytes() + host.RUNNER.read_bytes()).hex()
        key = f"{programs.key}-{hash_of(scripts)}"
        self._file = FOLDER / key / f"{runtime.name}@{version.replace('/', '+').replace(' ', '_')}.jsonl"
        self._lock = threading.Lock()
        self._done: dict[int, dict[str, Any]] = {}
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                try:
                    chunk = json.loads(line)
                except json.JSONDecodeError:
                    continue  # it was interrupted here
                self._done[chunk["chunk"]] = chunk

    def missing_chunks(self) -> list[int]:
        sizes = {number: min(400, self._programs.count - number * 400) for number in range(self._programs.chunks)}
        return [number for number, size in sizes.items()
                if number not in self._done or (self._programs.count and self._done[number]["size"] != size)]

    def run_chunk(self, number: int) -> None:
        examples = self._programs.chunk(number)
        by_name = {example["name"]: example for example in examples}
        session = host.Session(self.runtime, cancelled=self._cancelled)
        differing = []
        agree: Counter[str] = Counter()
        skipped = 0
        for answer in session.run(examples):
            if answer.missing:
                skipped += 1
                continue
            lines = traces.plain(answer.lines)
            models = [] if answer.failure else [
                model for model in MODELS
                if traces.visible(expected(by_name[answer.name], model), session.offers) == traces.visible(lines, session.offers)]
            agree.update(models)
            if len(models) < len(MODELS):
                differing.append({"name": answer.name, "models": models, "lines": answer.lines, "failure": answer.failure})
        if self._cancelled():
            return
        chunk = {"chunk": number, "size": min(400, self._programs.count - number * 400), "programs": len(examples) - skipped, "agree": agree,
                 "differing": differing, "offers": vars(session.offers)}
        with self._lock:
            self._done[number] = chunk
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as out:
                out.write(json.dumps(chunk) + "\n")

    def result(self) -> Result:
        chunks = [self._done[number] for number in range(self._programs.chunks)]
        agree: dict[str, int] = {model: sum(chunk["agree"].get(model, 0) for chunk in chunks) for model in MODELS}
        model = max(MODELS, key=lambda name: agree[name])
        offers = host.Offers(**chunks[0]["offers"])
        result = Result(self.runtime, model, offers, sum(chunk["programs"] for chunk in chunks), agree[model], [], [], [], agree)
        for chunk in chunks:
            examples = {example["name"]: example for example in self._programs.chunk(chunk["chunk"])} if chunk["differing"] else {}
            for one in chunk["differing"]:
                if model in one["models"]:
                    continue
                case = judge(examples[one["name"]], one["lines"], one["failure"], model, offers)
                (result.failed if case.failure else result.order if case.difference.kind == Kind.ORDER else result.outcome).append(case)
        return result


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
