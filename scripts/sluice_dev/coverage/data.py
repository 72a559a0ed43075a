"""The results of llvm-cov, as scripts/coverage needs them: the lines, regions and branches of a file that were reached.

    data = CoverageData(json.loads(export), lcov, root)
    data.files["src/core/check.cc"].lines    # {line: how often}

The other side of an assert of the standard (SLUICE_ASSERT) is not counted: no right program gets there. llvm-cov's own
HTML shows it all the same.
"""

import dataclasses
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Place = tuple[int, int, int, int]  # line, column, last line, last column

_CODE = 0  # of the kinds of regions
_ASSERT = re.compile(r"\bSLUICE_(?:ASSERT|CHECK_INVARIANTS)\(")


@dataclasses.dataclass
class Function:
    name: str  # without namespaces, classes, templates and parameters
    first: int
    last: int


class File:
    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text.split("\n")  # line n is text[n - 1]
        self.asserts = _lines_of_asserts(self.text)
        self.lines: dict[int, int] = {}
        self.regions: dict[Place, int] = {}  # how often
        self.branches: dict[Place, tuple[int, int]] = {}  # (times true, times false)
        self.functions: list[Function] = []

    def function_at(self, line: int) -> str:
        """The innermost function that the line is in; empty outside of any."""
        around = [f for f in self.functions if f.first <= line <= f.last]
        return min(around, key=lambda f: f.last - f.first).name if around else ""

    def unreached(self) -> list[int]:
        """The lines that were not reached, or not whole: a region that begins there, the right side of a `&&` say, was not."""
        lines = {line for line, count in self.lines.items() if count == 0}
        lines |= {place[0] for place, count in self.regions.items() if count == 0}
        return sorted(lines - self.asserts)

    def one_sided(self) -> list[tuple[int, str, str]]:
        """(line, the condition, what it never was) for each condition that was evaluated and had one outcome only."""
        found = []
        for (line, column, last, last_column), (true, false) in sorted(self.branches.items()):
            text = self.text[line - 1]
            # Of a switch, what is missing is a case that there is none for; of an operator that is defaulted, there is no text.
            if (true == 0) != (false == 0) and "switch (" not in text and "= default;" not in text:
                end = last_column - 1 if line == last else None
                found.append((line, text[column - 1:end].strip(), "true" if true == 0 else "false"))
        return found

    def totals(self) -> dict[str, dict[str, int]]:
        sides = [side for pair in self.branches.values() for side in pair]
        return {"lines": _reached(self.lines.values()), "branches": _reached(sides), "regions": _reached(self.regions.values())}


class CoverageData:
    def __init__(self, export: Mapping[str, Any], lcov: str, root: str | os.PathLike[str]) -> None:
        """`export` and `lcov`: what `llvm-cov export` prints as JSON and with -format=lcov, which alone has its counts of lines."""
        self.files: dict[str, File] = {}
        self._root = os.path.realpath(root)
        (data,) = export["data"]
        for name, lines in _line_counts(lcov).items():
            file = self._file(name)
            if file is not None:
                file.lines = lines
        names = _short_names({function["name"] for function in data["functions"]})
        for function in data["functions"]:
            self._add_function(function, names[function["name"]])
        for file in self.files.values():
            _drop_discarded(file.regions, file.text)

    def _file(self, name: str) -> File | None:
        path = os.path.relpath(os.path.realpath(name), self._root)
        if path.startswith(("..", "build/")):
            return None
        if path not in self.files:
            with open(os.path.join(self._root, path), encoding="utf-8") as source:
                self.files[path] = File(path, source.read())
        return self.files[path]

    def _add_function(self, function: Mapping[str, Any], name: str) -> None:
        files = [self._file(filename) for filename in function["filenames"]]
        if files[0] is not None and function["regions"]:
            first, _, last, *_ = function["regions"][0]
            files[0].functions.append(Function(name, first, last))
        for line, column, last, last_column, count, file_id, _, kind in function["regions"]:
            file = files[file_id]
            if kind == _CODE and file is not None and line not in file.asserts:
                place = (line, column, last, last_column)
                file.regions[place] = file.regions.get(place, 0) + count
        for line, column, last, last_column, true, false, file_id, *_ in function["branches"]:
            file = files[file_id]
            if file is not None and line not in file.asserts:
                place = (line, column, last, last_column)
                before = file.branches.get(place, (0, 0))
                file.branches[place] = (before[0] + true, before[1] + false)


def _drop_discarded(regions: dict[Place, int], text: Sequence[str]) -> None:
    """What an `if constexpr` leaves out of an instantiation has a region, too, with the begin of what another one has."""
    reached = {place[:2] for place, count in regions.items() if count > 0}
    for place, count in list(regions.items()):
        if count == 0 and place[:2] in reached and "if constexpr" in text[place[0] - 1]:
            del regions[place]


def _reached(counts: Iterable[int]) -> dict[str, int]:
    counts = list(counts)
    return {"count": len(counts), "reached": sum(count > 0 for count in counts)}


def _line_counts(lcov: str) -> dict[str, dict[int, int]]:
    """By file: {line: how often}."""
    counts: dict[str, dict[int, int]] = {}
    for line in lcov.split("\n"):
        if line.startswith("SF:"):
            lines = counts.setdefault(line[3:], {})
        elif line.startswith("DA:"):
            number, count, *_ = line[3:].split(",")
            lines[int(number)] = int(count)
    return counts


def _short_names(mangled: Iterable[str]) -> dict[str, str]:
    """Functions by their last name: Take for sluice::core::(anonymous namespace)::Reader::Take<double>(...)."""
    # Functions of one file have the file before their names: src.cc:_ZN...
    ordered = sorted(mangled)
    plain = [name.rsplit(":", 1)[-1] for name in ordered]
    done = subprocess.run(["c++filt"], input="\n".join(plain), capture_output=True, text=True, check=True)
    return {name: short_name(text) for name, text in zip(ordered, done.stdout.split("\n"))}


def short_name(demangled: str) -> str:
    text = re.sub(r"\(anonymous namespace\)::|\[abi:\w+\]", "", demangled)
    operator = re.search(r"\boperator([^\w\s(]+)\(", text)
    if operator:
        return "operator" + operator[1]
    previous = ""
    while previous != text:
        previous, text = text, re.sub(r"<[^<>]*>", "", text)
    # A lambda is part of the function that it is in.
    text = re.split(r"::\$_\d+|::'lambda", text)[0]
    return text.split("(", 1)[0].rsplit("::", 1)[-1].split(" ")[-1]


def _lines_of_asserts(text: Sequence[str]) -> set[int]:
    """Of their uses and their definitions."""
    lines: set[int] = set()
    depth, defining = 0, False
    for number, line in enumerate(text, 1):
        code = line.split("//")[0]
        if defining or code.startswith("#define"):
            if defining or _ASSERT.search(code):
                lines.add(number)
                defining = code.endswith("\\")
            continue
        if depth == 0:
            found = _ASSERT.search(code)
            if found is None:
                continue
            code = code[found.start():]
        lines.add(number)
        code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', code)
        depth += code.count("(") - code.count(")")
    return lines
