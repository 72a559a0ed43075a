"""One HTML page of everything that is recorded: a matrix of implementations and classes, and behind each cell programs, traces, verdicts.

    page.write(Path("differences.html"))

It needs no network and no other file.
"""

import re
from pathlib import Path
from typing import Any

from sluice_dev.common.errors import CannotRun
from sluice_dev.runtimes import findings
from sluice_dev.runtimes import history
from sluice_dev.runtimes import table
from sluice_dev.runtimes.classes import STANDARD, Class, ClassTable
from sluice_dev.runtimes.traces import aligned

TEMPLATE = Path(__file__).with_name("page.html.j2")


def spans_in(data: dict[str, Any], one: Class) -> list[history.Span]:
    try:
        runtime = table.find(data["runtime"])
    except CannotRun:
        return []  # no longer in the table
    package = runtime.versioned_package[0]
    kept = history.kept(package + ("+" + "+".join(runtime.flags) if runtime.flags else "")) if package else {}
    if re.fullmatch(r"node\d+", data["runtime"]):
        kept = {release: result for release, result in kept.items() if release.split(".")[0] == data["runtime"][4:]}
    return history.spans_of(history.results_of(kept, one))


def cell_of(data: dict[str, Any], column: int, one: Class) -> dict[str, Any]:
    checked = data["checked"].get(one.id)
    own = next((found for found in data["classes"] if found["class"] == one.id and found["judged"] == one.judged), None)
    case = checked if checked and checked["how"] == "differs" else own
    spans = spans_in(data, one)
    last = spans[-1] if spans else None
    since = "" if last is None else (f"since {last.first_bad}" if last.good_before else f"seen from {last.first_bad}") + \
        (f" to {last.last_bad}" if last.good_after else "")
    return {"column": column, "title": f"{data['title']} {data['version']}", "known": checked is not None or own is not None,
            "otherwise": checked is not None and checked["how"] == "otherwise", "differs": case is not None, "hits": own["hits"] if own else 0,
            "failure": case["failure"] if case else "",
            "traces": aligned(case["expected"], case["found"]) if case else [],
            "since": since, "spans": [span.text() for span in spans]}


def rows_of(recorded: list[dict[str, Any]], known: ClassTable) -> list[dict[str, Any]]:
    classes = list(known.classes)
    for data in recorded:
        classes += [Class(f"{data['runtime']}-{found['class']}", found["signature"], found["program"]) for found in data["classes"]
                    if not found["judged"]]
    rows = []
    for one in classes:
        cells = []
        for column, data in enumerate(recorded):
            prefix = f"{data['runtime']}-"
            here = one if one.judged else Class(one.id.removeprefix(prefix) if one.id.startswith(prefix + "new-") else "", "", "")
            cells.append(cell_of(data, column, here))
        rows.append({**vars(one), "anchor_id": f"class-{re.sub('[^a-z0-9-]', '-', one.id)}", "cells": cells})
    # What differs in most implementations first.
    return sorted(rows, key=lambda row: (not row["verdict"], -sum(cell["differs"] for cell in row["cells"])))


def html() -> str:
    try:
        import jinja2  # pylint: disable=import-outside-toplevel
    except ImportError as missing:
        raise CannotRun("the page needs Jinja (Debian: apt-get install python3-jinja2)") from missing
    recorded = findings.load_all()
    if not recorded:
        raise CannotRun("nothing is recorded yet; scripts/diff --record does that")
    template = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined).from_string(TEMPLATE.read_text())
    return template.render(implementations=recorded, classes=rows_of(recorded, ClassTable.load()), standard=STANDARD)


def write(file: Path) -> Path:
    text = html()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file
