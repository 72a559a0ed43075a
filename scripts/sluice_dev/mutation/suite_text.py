"""The text of tests/suite/writable-streams.any.js: a sentence for each test, the step of the standard that it guards, and its code.

    text_of([Test(program, script, expected, title, steps), ...])
"""

import itertools
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from sluice_dev.common.paths import ROOT

HEAD = """// META: global=window,worker,shadowrealm
'use strict';

// Made by `scripts/mutants --suite`; tests/suite/README.md describes it. Above each test are the steps of the standard that no other test
// here checks: without the test, an implementation that has one of them wrong would pass.

// What happens in a test, in order. `report` calls a method, and records how the promise that it returns is settled. `nameOf` gives a promise
// the first name that it is called by, so that two reads of one promise give the same name.
function record() {
  const events = [];
  const names = new Map();
  const nameOf = (name, promise) => names.get(promise) ?? (names.set(promise, name), name);
  const text = (value) => `${value?.name ?? value}`;
  const report = (name, method) => {
    try {
      const promise = method();
      nameOf(name, promise);
      promise.then(() => events.push(`${name} fulfilled`), (error) => events.push(`${name} rejected: ${text(error)}`));
    } catch (error) { events.push(`${name} threw ${text(error)}`); }
  };
  return { events, report, nameOf, text };
}

// Until all microtasks have run.
const turn = () => new Promise((resolve) => step_timeout(resolve, 0));
"""
_SPEC = "https://streams.spec.whatwg.org/"
_STEPS_SHOWN = 3
_TITLE_WIDTH = 120


@dataclass
class Test:
    program: str
    script: str  # `sluice-fuzz emit --format suite --title TITLE`
    title: str = ""
    steps: list[str] = field(default_factory=list)  # "#writable-stream-abort, step 3: If ..."


# --- Sentences ---

_OPERATION = re.compile(r"^(?:w\d = )?(?:new )?(?:(stream|controller|w\d)\.)?(\w+)\(")
_SCRIPT = re.compile(r"^on (\w+)(?: (\{))?(.*)$")
_ENDS = {"pending": "stays pending", "resolved": "returns a promise", "thenable": "returns a thenable"}


def _operation(line: str) -> str:
    """What the author does in a statement of the program; nothing if it only looks."""
    if match := re.match(r"^(resolve|reject) (\w+)", line):
        name = "the thenable" if match[2] == "then" else f"the promise of {match[2]}()"
        return f"{'fulfilling' if match[1] == 'resolve' else 'rejecting'} {name}"
    if match := _OPERATION.match(line):
        on_stream = match[1] in ("stream", "controller") and match[2] != "getWriter"
        return f"{match[1]}.{match[2]}()" if on_stream else f"{'new ' if 'new ' in line else ''}{match[2]}()"
    return ""


def _end(text: str) -> str:
    kind, _, value = text.strip().partition(" ")
    if kind == "throw":
        return "throws"
    if kind == "return" and value.startswith("rejected"):
        return "rejects"
    return _ENDS.get(value, f"returns {value}") if kind == "return" and value else ""


def situation(program: str) -> str:
    """What the author does, in one sentence without its end: "write(), then a turn later abort(), where write() stays pending"."""
    steps: list[str] = []
    scripts: list[str] = []
    later = False
    inside: tuple[str, list[str]] | None = None
    for line in (line.split("  #")[0].strip() for line in program.splitlines()):
        if inside is not None and line.startswith("}"):
            ends = ([f"calls {_listed(inside[1])}"] if inside[1] else []) + list(filter(None, [_end(line[1:])]))
            scripts += [f"{inside[0]}() {' and '.join(ends)}"] if ends else []
            inside = None
        elif inside is not None:
            inside[1].extend(filter(None, [_operation(line)]))
        elif match := _SCRIPT.match(line):
            if match[2]:
                inside = (match[1], [])
            elif end := _end(match[3]):
                scripts.append(f"{match[1]}() {end}")
        elif line == "run":
            later = bool(steps)
        elif operation := _operation(line):
            steps.append(f"a turn later {operation}" if later else operation)
            later = False
    if len(steps) > 1 and steps[0] == "getWriter()":
        steps = [steps[1].removeprefix("a turn later "), *steps[2:]]
    text = ", then ".join(steps) or "a new stream"
    return text + (f", where {_listed(list(dict.fromkeys(scripts)))}" if scripts else "")


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def _promise(label: str) -> str:
    name, _, number = label.partition(" ")
    return label if name in ("ready", "closed") else f"the promise of {name}(){f' {number}' if number else ''}"


def happens(event: str) -> str:
    """An entry of a test's log as a sentence."""
    fixed = {"size": "size() is called", "signal aborted": "the signal's listener runs", "get then": "the getter of then runs",
             "then": "then() is called"}
    if event in fixed:
        return fixed[event]
    if match := re.match(r"^sink\.(\w+) ?(.*)$", event):
        return f"the sink's {match[1]}() is called" + (f" with {match[2]}" if match[2] else "")
    if match := re.match(r"^(.+) fulfilled$", event):
        return f"{_promise(match[1])} is fulfilled"
    if match := re.match(r"^(.+) rejected: (.*)$", event):
        return f"{_promise(match[1])} is rejected with {match[2]}"
    if match := re.match(r"^(.+) threw (.*)$", event):
        return f"{match[1]} throws {match[2]}"
    if match := re.match(r"^(.+) returned (.*)$", event):
        return f"{match[1]} returns {'a new promise' if match[2] == 'a new promise' else 'the promise of ' + match[2]}"
    if match := re.match(r"^(ready|closed) is the \1 of (read.*)$", event):
        return f"{match[1]} is the promise of {match[2]}"
    if match := re.match(r"^locked (true|false)$", event):
        return "the stream is locked" if match[1] == "true" else "the stream is not locked"
    if match := re.match(r"^signal (true|false) (.*)$", event):
        return f"the signal is aborted with {match[2]}" if match[1] == "true" else "the signal is not aborted"
    return re.sub(r"^desiredSize ", "desiredSize is ", event)


def difference(expected: list[str], other: list[str] | str) -> str:
    """What must happen that does not happen with `other`, which another implementation logs, or the way in which it ends."""
    if isinstance(other, str):
        return "the process lives on"
    for index, event in enumerate(expected):
        if index < len(other) and other[index] == event:
            continue
        later = expected[index + 1:]
        if index < len(other) and other[index] in later and event in other[index + 1:]:
            return f"{happens(event)} before {happens(other[index])}"
        if index < len(other) and other[index] not in later and other.count(event) >= expected.count(event):
            return f"{happens(event)}, and not before it: {happens(other[index])}"
        return happens(event)
    return "nothing else happens" if len(other) > len(expected) else "the calls throw or return as they should"


# --- Steps ---

_STEP = re.compile(r"^\s*// (?:(?P<operation>\w+), )?(?P<step>\d[\d., ]*\d|\d+)(?: to (?P<last>\d+))?\. ?(?P<words>.*)$")
_ANCHOR = re.compile(r"^\s*// https://streams\.spec\.whatwg\.org/(#\S+)")
_FUNCTION = re.compile(r"^\S.*?\b(\w+)\(", re.MULTILINE)


@cache
def _anchors() -> dict[str, str]:
    """The anchor of each operation of the core."""
    found = {}
    for file in sorted((ROOT / "src/core").glob("*.cc")):
        lines = file.read_text().split("\n")
        for line, after in itertools.pairwise(lines):
            if (anchor := _ANCHOR.match(line)) and (function := _FUNCTION.match(after)):
                found[function[1]] = anchor[1]
    return found


def step_of(file: str, line: int) -> str:
    """The step of the standard at a line of the core, as the comments there have it: "#writable-stream-abort, step 3: If ..."."""
    lines = (ROOT / file).read_text().split("\n")
    step = ""
    for index in range(line - 1, -1, -1):
        if not step and (match := _STEP.match(lines[index])):
            step = f", step {match['step']}" + (f" to {match['last']}" if match["last"] else "")
            step += f": {match['words'].rstrip('.')}" if match["words"] else ""
            if match["operation"]:
                return _anchors().get(match["operation"], "") and _anchors()[match["operation"]] + step
        if match := _ANCHOR.match(lines[index]):
            return match[1] + step
        if index < line - 1 and lines[index].startswith("}"):
            break
    return ""


# --- The file ---

def titled(titles: Iterable[str]) -> list[str]:
    """The same titles, each once."""
    used: dict[str, int] = {}
    result = []
    for title in titles:
        used[title] = used.get(title, 0) + 1
        result.append(title if used[title] == 1 else f"{title} ({used[title]})")
    return result


def test_of(test: Test) -> str:
    comments = [f"// {_SPEC if step.startswith('#') else ''}{step}" for step in test.steps[:_STEPS_SHOWN]]
    more = len(test.steps) - _STEPS_SHOWN
    if more > 0:
        comments.append(f"// and {more} other {'steps' if more > 1 else 'step'}")
    return "\n".join([*comments, test.script.replace("'TITLE'", _quoted(test.title), 1)])


def _quoted(title: str) -> str:
    """As a string literal, over several lines where it is long."""
    parts = textwrap.wrap(title, _TITLE_WIDTH, break_long_words=False, break_on_hyphens=False)
    literals = [part.replace("\\", "\\\\").replace("'", "\\'") for part in parts]
    return "'" + " ' +\n   '".join(literals) + "'"


def text_of(tests: Iterable[Test]) -> str:
    return HEAD + "".join("\n" + test_of(test) for test in tests)


# Files of the core that are no part of the standard.
_OWN = {"src/core/fifo.h": "No step: how the queue is stored", "src/core/byte_limit.h": "No step: how bytes are counted",
        "src/core/byte_limit.cc": "No step: how bytes are counted"}


def steps_at(places: Iterable[tuple[str, int]]) -> list[str]:
    """The steps of some lines of the core, each once, in the order of files and lines. A line without one has that of its operation."""
    steps = dict.fromkeys(_OWN.get(file) or step_of(file, line) or "No step: shared by several" for file, line in sorted(places))
    return sorted(steps, key=lambda step: step.startswith("No step"))
