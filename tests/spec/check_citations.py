#!/usr/bin/env python3
"""Compares the steps that src/core cites with the standard's (operations.txt, anchors.txt beside this file).

    tests/spec/check_citations.py [ROOT]

A function that performs an operation of the standard has the operation's address above it, alone on its line, and its name:
    // https://streams.spec.whatwg.org/#writable-stream-abort
    PromiseSlot WritableStreamAbort(...) {
and every step is cited in a comment of its own line:
    // 1. Words.                // 2, 2.1. Words.          // 2 to 5. Words: these, and the steps inside them.
The words say what the step is for; a bare number may only stand above another comment.
Steps that run elsewhere (reactions) are cited with the operation's name: // WritableStreamFinishErroring, 13.1, 14.1.

Checked: addresses and steps exist, names match, each step is cited with words, steps ascend, no operation is missing. Each problem is
one line, file:line: what. Exit 1 if there are any.
"""
import pathlib
import re
import sys
from collections.abc import Sequence

HERE = pathlib.Path(__file__).resolve().parent
SITE = "https://streams.spec.whatwg.org/#"

# The class steps are functions of these namespaces, named for the rest of the anchor.
NAMESPACES = {
    "ws-default-controller-": "ws_default_controller",
    "default-writer-": "default_writer",
    "ws-": "ws",
    "writablestream-": "other_specs",
}

# Not in src/core, and why.
ELSEWHERE = {
    "blqs-": "the binding's classes",
    "cqs-": "the binding's classes",
    "byte-length-queuing-strategy-": "the binding's: it may run author code",
    "count-queuing-strategy-": "a constant, kCountQueuingStrategySize",
    "ws-default-controller-signal": "the host's",
    "can-transfer-array-buffer": "readable byte streams",
    "transfer-array-buffer": "readable byte streams",
    "abstract-opdef-": "readable byte streams",
    "writablestream-get-a-writer": "another name of an operation",
    "writablestream-close": "another name of an operation",
    "writablestream-abort": "another name of an operation",
    "writablestreamdefaultwriter-": "another name of an operation",
}

ADDRESS = re.compile(rf"{re.escape(SITE)}([A-Za-z0-9-]+)")
NUMBER = r"\d+(?:\.\d+)*"
CITATION = re.compile(rf"^\s*// (?:([A-Z]\w+), )?({NUMBER}(?: to {NUMBER})?(?:, {NUMBER}(?: to {NUMBER})?)*)\.(?:\s|$)")
NAMESPACE_OPENS = re.compile(r"^namespace (\w+) \{")
NAMESPACE_ENDS = re.compile(r"^\}  // namespace")

Steps = dict[tuple[str, str | None], str]  # by operation, and by branch where branches ascend by themselves: the last one cited


class Operation:
    def __init__(self, row: str) -> None:
        fields = [field.strip() for field in row.split("|")]
        self.anchor, self.kind, self.name = fields[:3]
        self.steps = fields[3].split()
        self.cited: dict[str, str] = {}  # step -> where it was cited first
        self.where: str | None = None  # of its function

    def function(self) -> tuple[str | None, str]:
        """The C++ name that it must have: (namespace or None, name)."""
        if self.kind == "abstract-op":
            return None, self.name
        for prefix, namespace in NAMESPACES.items():
            if self.anchor.startswith(prefix):
                return namespace, "".join(word.capitalize() for word in self.anchor[len(prefix):].split("-"))
        return None, self.name

    def expand(self, item: str) -> list[str] | None:
        """The steps that one item of a citation names. None: it names none."""
        if " to " in item:
            first, last = item.split(" to ")
            if first not in self.steps or last not in self.steps:
                return None
            end = max(i for i, step in enumerate(self.steps) if step == last or step.startswith(last + "."))
            return self.steps[self.steps.index(first):end + 1]
        return [item] if item in self.steps else None


def key(step: str) -> list[int]:
    return [int(number) for number in step.split(".")]


class Checker:
    def __init__(self, operations: Sequence[Operation], anchors: set[str]) -> None:
        self.by_anchor = {operation.anchor: operation for operation in operations}
        self.by_name = {operation.name: operation for operation in operations if operation.kind == "abstract-op"}
        self.anchors = anchors
        self.problems: list[str] = []

    def problem(self, where: object, what: str) -> None:
        self.problems.append(f"{where}: {what}")

    def check_source(self, path: pathlib.Path, shown: object) -> None:
        anchor: str | None = None
        operation: Operation | None = None
        last: Steps = {}
        namespace: str | None = None
        lines = path.read_text().split("\n")
        for number, line in enumerate(lines, 1):
            where = f"{shown}:{number}"
            if found := NAMESPACE_OPENS.match(line):
                namespace = found.group(1)
            elif NAMESPACE_ENDS.match(line):
                namespace = None
            for mentioned in ADDRESS.findall(line):
                if mentioned not in self.anchors:
                    self.problem(where, f"the standard has no anchor #{mentioned}")
            address = ADDRESS.search(line) if line.startswith("// " + SITE) else None
            if address and address.group(1) in self.by_anchor:
                anchor = address.group(1)
            elif line and not line[0].isspace() and not line.startswith(("//", "}", "#", "namespace")):
                operation, last = self.begin_function(line, where, anchor, namespace), {}
                anchor = None
            if found := CITATION.match(line):
                self.check_citation(found, where, operation, last)
                if found.end() >= len(line.rstrip()) and not lines[number].lstrip().startswith("//"):
                    self.problem(where, f"step {found.group(2)} is cited without words: say what it is for")

    def begin_function(self, line: str, where: str, anchor: str | None, namespace: str | None) -> Operation | None:
        if anchor is None:
            return None
        operation = self.by_anchor[anchor]
        name = re.search(r"(\w+)\(", line)
        expected_namespace, expected = operation.function()
        if name is None or name.group(1) != expected:
            self.problem(where, f"#{anchor} is {expected}, not {name.group(1) if name else line}")
        if expected_namespace and namespace != expected_namespace:
            self.problem(where, f"#{anchor} belongs to the namespace {expected_namespace}")
        if operation.where:
            self.problem(where, f"#{anchor} was at {operation.where} already")
        operation.where = where
        return operation

    def check_citation(self, found: re.Match[str], where: str, operation: Operation | None, last: Steps) -> None:
        name, items = found.groups()
        if name is not None:
            operation = self.by_name.get(name)
            if operation is None:
                return self.problem(where, f"the standard has no operation {name}")
        if operation is None:
            return self.problem(where, "steps are cited outside of an operation")
        steps: list[str] = []
        for item in items.split(", "):
            expanded = operation.expand(item)
            if expanded is None:
                self.problem(where, f"{operation.name} has no step {item}")
            steps += expanded or []
        # Reactions cite one step of each branch in a line: "13.1, 14.1." Each branch ascends by itself.
        branches = [step.split(".")[0] for step in steps]
        parallel = len(set(branches)) == len(steps) > 1 and all("." in step for step in steps)
        for step, branch in zip(steps, branches):
            before = last.get((operation.name, branch if parallel else None))
            if before is not None and key(step) <= key(before):
                self.problem(where, f"{operation.name} step {step} is cited after step {before}")
            last[operation.name, branch if parallel else None] = step
            operation.cited.setdefault(step, where)

    def finish(self) -> None:
        for operation in self.by_anchor.values():
            elsewhere = operation.anchor.startswith(tuple(ELSEWHERE))
            if operation.where is None:
                if not elsewhere:
                    self.problem("src/core", f"no function performs {operation.name} (#{operation.anchor})")
                continue
            for step in operation.steps:
                if step not in operation.cited:
                    self.problem(operation.where, f"{operation.name} step {step} is not cited")


def rows(path: pathlib.Path) -> list[str]:
    return [line for line in path.read_text().split("\n") if line and not line.startswith("#")]


def main() -> None:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent)
    checker = Checker([Operation(row) for row in rows(HERE / "operations.txt")], set(rows(HERE / "anchors.txt")))
    sources = sorted((root / "src/core").glob("*.cc"))
    if not sources:
        sys.exit(f"no sources in {root / 'src/core'}")
    for path in sources + sorted((root / "src/core").glob("*.h")):
        checker.check_source(path, path.relative_to(root)) if path.suffix == ".cc" else check_header(checker, path, root)
    checker.finish()
    print("\n".join(checker.problems) if checker.problems else
          f"{sum(len(o.cited) for o in checker.by_anchor.values())} steps of "
          f"{sum(o.where is not None for o in checker.by_anchor.values())} operations are cited.")
    sys.exit(1 if checker.problems else 0)


def check_header(checker: Checker, path: pathlib.Path, root: pathlib.Path) -> None:
    """A header declares; only its addresses are looked at."""
    for number, line in enumerate(path.read_text().split("\n"), 1):
        for mentioned in ADDRESS.findall(line):
            if mentioned not in checker.anchors:
                checker.problem(f"{path.relative_to(root)}:{number}", f"the standard has no anchor #{mentioned}")


if __name__ == "__main__":
    main()
