"""The steps of the standard that src/core cites, and whether the statements of each were reached.

tests/spec/check_citations.py knows the citations. The statement of a citation is the code that follows it, up to the next one.
"""

import dataclasses
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sluice_dev.common.paths import ROOT
from sluice_dev.coverage.data import File

sys.path.insert(0, str(ROOT / "tests/spec"))

import check_citations  # noqa: E402  pylint: disable=wrong-import-position


@dataclasses.dataclass
class Citation:
    operation: str
    anchor: str
    steps: list[str]
    path: str
    line: int  # of the citation
    first: int = 0  # of its statement; 0: it has none
    last: int = 0
    shared: bool = False  # the statement is the next citation's, too
    unreached: list[int] = dataclasses.field(default_factory=list)  # lines of the statement
    reached: bool = False  # its first line

    @property
    def name(self) -> str:
        return f"{self.operation} {', '.join(self.steps)}"


class _Citations(check_citations.Checker):
    def __init__(self, operations: list[check_citations.Operation], anchors: set[str]) -> None:
        super().__init__(operations, anchors)
        self.citations: list[Citation] = []

    def check_citation(self, found: re.Match[str], where: str, operation: check_citations.Operation | None,
                       last: check_citations.Steps) -> None:
        super().check_citation(found, where, operation, last)
        name, items = found.groups()
        operation = self.by_name.get(name) if name else operation
        if operation is None:
            return
        steps = [step for item in items.split(", ") for step in operation.expand(item) or []]
        path, line = str(where).rsplit(":", 1)
        self.citations.append(Citation(operation.name, operation.anchor, steps, path, int(line)))


def citations(root: str | Path) -> list[Citation]:
    """All of them, with their statements, in the order of the files."""
    folder = ROOT / "tests/spec"
    operations = [check_citations.Operation(row) for row in check_citations.rows(folder / "operations.txt")]
    checker = _Citations(operations, set(check_citations.rows(folder / "anchors.txt")))
    for path in sorted((Path(root) / "src/core").glob("*.cc")):
        before = len(checker.citations)
        checker.check_source(path, path.relative_to(root))
        _find_statements(checker.citations[before:], path.read_text().split("\n"))
    return checker.citations


def _find_statements(cited: Sequence[Citation], text: Sequence[str]) -> None:
    lines_of_citations = {citation.line for citation in cited}

    def is_code(line: int) -> bool:
        return bool(text[line - 1].strip()) and not text[line - 1].lstrip().startswith("//")

    for citation in cited:
        line = citation.line + 1
        while line < len(text) and not is_code(line) and not text[line - 1].startswith("}"):
            citation.shared |= line in lines_of_citations
            line += 1
        if line >= len(text) or text[line - 1].startswith("}"):
            continue
        citation.first = line
        while line < len(text) and line not in lines_of_citations and not text[line - 1].startswith("}"):
            line += 1
        while not is_code(line - 1):
            line -= 1
        citation.last = line - 1


def judge(cited: Iterable[Citation], files: Mapping[str, File]) -> None:
    """Fills in which lines of each statement were not reached. A statement is reached whole if all regions that begin in it
    are: of `a ? b : c` both, of `a || b` the second too."""
    for citation in cited:
        file = files.get(citation.path)
        if file is None or citation.first == 0:
            continue
        lines = range(citation.first, citation.last + 1)
        measured = [line for line in lines if line in file.lines]
        citation.reached = bool(measured) and file.lines[measured[0]] > 0
        if not citation.shared:
            citation.unreached = [line for line in file.unreached() if line in lines]
