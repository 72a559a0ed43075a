"""From a survey to classes: what differs is shrunk for that runtime, sorted by cause, and kept as data.

    findings = find(result, class_table, sluice, most=40)
    findings.classes                       # each with its cases, the smallest first, and its hits
    save(findings)                         # tests/runtimes/RUNTIME-VERSION.json
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice_dev.runtimes import host
from sluice_dev.runtimes import programs
from sluice_dev.runtimes import shrinking
from sluice_dev.runtimes import table
from sluice_dev.runtimes.classes import Class, ClassTable
from sluice_dev.runtimes.survey import Case, Result, judge
from sluice_dev.runtimes.traces import Kind

FOLDER = table.FOLDER / "data"
SHRUNK = table.STORE / "shrunk"


@dataclass
class Findings:
    result: Result
    version: str
    classes: list[Class]
    checked: dict[str, Case]  # every known class's own program, run here
    how: dict[str, str]  # "differs", "agrees", "otherwise"
    order: list[Case] = field(default_factory=list)  # some that differ in nothing but order, shrunk
    not_shrunk: int = 0  # differing programs of which no like was shrunk


def representatives(cases: list[Case], most: int, each: int = 1) -> list[Case]:
    """The shortest of each signature, those at rest first; frequent signatures first."""
    by_signature: dict[str, list[Case]] = {}
    for case in cases:
        by_signature.setdefault(case.signature, []).append(case)
    chosen = []
    for alike in sorted(by_signature.values(), key=lambda one: -len(one)):
        alike.sort(key=lambda case: ("\ntick " in case.example["text"], len(case.example["text"]), case.example["name"]))
        chosen += alike[:each]
    return chosen[:most]


def check_classes(session: host.Session, sluice: Path, known: ClassTable, model: str) -> dict[str, Case]:
    """The minimal program of every known class in this runtime."""
    examples = programs.examples_of_texts(sluice, [one.program for one in known.classes], [one.id for one in known.classes])
    by_name = {example["name"]: example for example in examples}
    return {answer.name: judge(by_name[answer.name], answer.lines, answer.failure, model, session.offers)
            for answer in session.run(examples) if not answer.missing}


def shows(case: Case) -> bool:
    """Whether a program's outcome is another one than the standard's."""
    return bool(case.failure) or case.difference.kind == Kind.OUTCOME


def how(one: Class, case: Case) -> str:
    """What a runtime does with a class's own program: "agrees", "differs", or "otherwise", which is no evidence for this class."""
    return "agrees" if not shows(case) else "differs" if one.matches(case) else "otherwise"


def classes_here(known: ClassTable, checked: dict[str, Case]) -> ClassTable:
    return ClassTable([one for one in known.classes if one.id in checked and how(one, checked[one.id]) == "differs"])


def _shrunk(session: host.Session, sluice: Path, cases: list[Case], model: str, progress: Callable[[int, int], None]) -> list[Case]:
    """As shrinking.shrink(); what was shrunk before is only run again."""
    file = SHRUNK / f"{session.runtime.name}@{session.runtime.version()}.json".replace("/", "+").replace(" ", "_")
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    keys = [json.dumps([model, case.signature, case.example["text"]]) for case in cases]
    again = shrinking.run_texts(session, sluice, [kept.get(key, "") for key in keys], [case.example["name"] for case in cases], model)
    left = [number for number, (case, old) in enumerate(zip(cases, again)) if old is None or old.signature != case.signature]
    found = list(again)
    for number, case in zip(left, shrinking.shrink(session, sluice, [cases[number] for number in left], model, progress)):
        found[number] = case
        kept[keys[number]] = case.example["text"]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept))
    return [case for case in found if case is not None]


def find(result: Result, known: ClassTable, sluice: Path, most: int = 40, each: int = 1,
         progress: Callable[[int, int], None] = lambda left, all_of_them: None) -> Findings:
    session = host.Session(result.runtime, result.offers)
    resting = shrinking.at_rest(session, sluice, result.failed + result.outcome, result.model)
    ticking = [case for case in resting if not case.failure and "\ntick " in case.example["text"]]
    different = [case for case in resting if case.failure or "\ntick " not in case.example["text"]]
    raw = representatives(different, most, each)
    shrunk = _shrunk(session, sluice, raw, result.model, progress)
    # Of a cause that is not here, nothing can be a case, whatever it looks like.
    checked = check_classes(session, sluice, known, result.model)
    here = classes_here(known, checked)
    # What is gone once a program waits for all microtasks is a matter of order, unless it is a class that is known.
    raw_ticking = representatives(ticking, most // 4)
    timed = [(before, after) for before, after in zip(raw_ticking, _shrunk(session, sluice, raw_ticking, result.model, progress))
             if here.class_of(after)]
    signatures = {before.signature for before, _ in timed}
    different += [case for case in ticking if case.signature in signatures]
    result.order += [case for case in ticking if case.signature not in signatures]
    result.outcome = [case for case in different if not case.failure]
    result.failed = [case for case in different if case.failure]
    raw += [before for before, _ in timed]
    shrunk += [after for _, after in timed]
    classes = here.sort(shrunk)
    class_of_signature: dict[str, Class] = {}
    for before, after in zip(raw, shrunk):
        found = next(one for one in classes if any(case is after for case in one.cases))
        class_of_signature.setdefault(before.signature, found)
    not_shrunk = 0
    for case in different:
        if case.signature in class_of_signature:
            class_of_signature[case.signature].hits += 1
        else:
            not_shrunk += 1
    classes.sort(key=lambda one: -one.hits)
    order = _shrunk(session, sluice, representatives(result.order, 2), result.model, progress)
    return Findings(result, result.runtime.version(), classes, checked, {name: how(known.find(name), case) for name, case in checked.items()}, order,
                    not_shrunk)


def _case_data(case: Case, model: str) -> dict[str, Any]:
    return {"program": case.example["text"], "expected": programs.expected(case.example, model), "found": case.lines, "failure": case.failure,
            "signature": case.signature}


def data_of(findings: Findings) -> dict[str, Any]:
    result = findings.result
    return {
        "runtime": result.runtime.name, "title": result.runtime.title, "version": findings.version, "model": result.model,
        "offers": vars(result.offers),
        "programs": result.programs, "agree": result.agree, "outcome": len(result.outcome), "order": len(result.order),
        "failed": len(result.failed), "not_shrunk": findings.not_shrunk,
        "classes": [{"class": one.id, "hits": one.hits, "judged": one.judged, **_case_data(one.cases[0], result.model)}
                    for one in findings.classes],
        "checked": {name: {"how": findings.how[name], **(_case_data(case, result.model) if shows(case) else {})}
                    for name, case in sorted(findings.checked.items())},
        "order_only": [_case_data(case, result.model) for case in findings.order],
    }


def file_of(runtime: str, version: str) -> Path:
    return FOLDER / f"{runtime}-{version.replace(' on ', '-on-').replace('/', '+').replace(' ', '-')}.json"


def save(findings: Findings) -> Path:
    file = file_of(findings.result.runtime.name, findings.version)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(data_of(findings), indent=1, ensure_ascii=False) + "\n")
    return file


def load_all() -> list[dict[str, Any]]:
    """What is recorded, in the table's order of runtimes."""
    order = {runtime.name: number for number, runtime in enumerate(table.ALL)}
    found = [json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))]
    return sorted(found, key=lambda data: (order.get(data["runtime"], len(order)), data["version"]))
