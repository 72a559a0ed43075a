"""tests/suite: the fewest tests in the style of the web platform tests that notice every mutant that JavaScript can tell (scripts/mutants --suite).

`sluice-fuzz mutant-tests` writes programs that show mutants. Few are chosen that show all of them, run in V8 on each mutant, and left out
where the others notice as much. Each test that stays has a witness: a mutant that the suite without the test does not notice.

tests.json has the programs, titles and steps; writable-streams.any.js is made of it. unnoticed.txt has the mutants that no test notices.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.mutation import stamp, suite_text, wpt_score

FOLDER = ROOT / "tests/suite"
SUITE = FOLDER / "writable-streams.any.js"
TESTS = FOLDER / "tests.json"
UNNOTICED = FOLDER / "unnoticed.txt"
MOST = 150

Results = list[dict[str, Any]]


@dataclass
class Candidate:
    program: str
    script: str
    shows: set[int]
    expected: list[str] = field(default_factory=list)
    others: dict[int, list[str] | str] = field(default_factory=dict)  # what the test would log of a mutant
    any_ticks: bool = True  # it does not depend on how many microtasks a returned promise takes
    only: set[int] = field(default_factory=set)
    title: str = ""

    @property
    def cost(self) -> tuple[bool, int, str]:
        return (not self.any_ticks, len(self.script), self.program)


def greedy(candidates: list[Candidate]) -> list[Candidate]:
    """The fewest that show all that any shows, as far as taking the best each time gives them; then none that the others replace."""
    left: set[int] = set().union(*(candidate.shows for candidate in candidates))
    # Those that depend on ticks last: they are for mutants that nothing else shows.
    rest = sorted(candidates, key=lambda candidate: candidate.cost)
    chosen: list[Candidate] = []
    for any_ticks in (True, False):
        of_kind = [candidate for candidate in rest if candidate.any_ticks == any_ticks]
        while of_kind:
            best = max(of_kind, key=lambda candidate: len(candidate.shows & left))
            if not best.shows & left:
                break
            chosen.append(best)
            left -= best.shows
    return without_redundant(chosen)


def without_redundant(chosen: list[Candidate]) -> list[Candidate]:
    """The longest go first."""
    kept = list(chosen)
    for candidate in sorted(chosen, key=lambda one: one.cost, reverse=True):
        others: set[int] = set().union(*(one.shows for one in kept if one is not candidate))
        if candidate.shows <= others:
            kept.remove(candidate)
    for candidate in kept:
        candidate.only = candidate.shows - set().union(*(one.shows for one in kept if one is not candidate))
    return kept


# --- Candidates ---

def candidates_of(binary: Path, killed: Results) -> list[Candidate]:
    """From small explorations, the seeds, and the programs that killed mutants."""
    programs = [text for one in killed for text in {one.get("program"), one.get("visible")} if text]
    numbers = ",".join(str(one["number"]) for one in killed)
    fatal = ",".join(str(one["number"]) for one in killed if one.get("died"))
    with tempfile.TemporaryDirectory(prefix="sluice-suite-") as name:
        folder = Path(name)
        for index, text in enumerate(programs):
            (folder / f"{index}.ops").write_text(text)
        files = [*sorted(folder.glob("*.ops")), *sorted((ROOT / "corpus").glob("*/*.ops"))]
        out = folder / "tests.jsonl"
        command: list[str | Path] = [binary, "mutant-tests", "--only", numbers, "--out", out, "--programs", *files]
        command += ["--fatal", fatal] if fatal else []
        if subprocess.run(command, check=False).returncode != 0:
            raise CannotRun("the programs of the suite cannot be found")
        return [candidate_of(json.loads(line)) for line in out.read_text().splitlines()]


def candidate_of(line: dict[str, Any]) -> Candidate:
    others = {int(number): other for number, other in line["shows"].items()}
    return Candidate(line["program"], line["script"], set(others), line["expected"], others, line["any_ticks"])


def tests_of(chosen: list[Candidate], mutants: dict[int, dict[str, Any]]) -> list[suite_text.Test]:
    """In the order of the steps that they guard; each is named for what it alone notices."""
    tests = []
    for candidate in chosen:
        numbers = sorted(candidate.only or candidate.shows, key=lambda number: (mutants[number]["file"], mutants[number]["line"], number))
        steps = suite_text.steps_at((mutants[number]["file"], mutants[number]["line"]) for number in numbers)
        known = [candidate.others[number] for number in numbers if number in candidate.others]
        known.sort(key=lambda other: isinstance(other, str))  # how a mutant dies comes last
        happens = suite_text.difference(candidate.expected, known[0] if known else [])
        tests.append((mutants[numbers[0]]["file"], mutants[numbers[0]]["line"], candidate, steps, happens))
    tests.sort(key=lambda one: (one[0], one[1], one[2].program))
    titles = suite_text.titled(f"{suite_text.situation(candidate.program)}: {happens}" for _, _, candidate, _, happens in tests)
    made = []
    for (_, _, candidate, steps, _), title in zip(tests, titles, strict=True):
        candidate.title = title
        made.append(suite_text.Test(candidate.program, candidate.script, title, steps))
    return made


# --- What V8 says ---

# By mutant: the titles of the tests that notice it.
Noticed = dict[int, list[str]]
Ask = Callable[[list[suite_text.Test], Iterable[int]], Noticed]
_WITNESSES = 3  # mutants that are tried for one test
_ROUNDS = 5     # in which tests are looked for that notice what others do not, though they should


def noticing(candidates: list[Candidate], mutants: dict[int, dict[str, Any]], ask: Ask) -> tuple[list[Candidate], set[int]]:
    """Candidates, each with the mutants that it notices in V8, and all of these mutants."""
    noticed: set[int] = set()
    missing = set(mutants)
    rest, tried = list(candidates), list[Candidate]()
    for number in range(_ROUNDS):
        for candidate in rest:
            candidate.shows &= missing
        chosen = greedy(rest)
        if not chosen:
            break
        rest = [candidate for candidate in rest if all(candidate is not one for one in chosen)]
        chosen = passing(chosen, mutants, ask)
        # At first all: V8 may notice what no candidate is known to show.
        claimed: set[int] = set().union(*(candidate.shows for candidate in chosen))
        answer = ask(tests_of(chosen, mutants), missing if number == 0 else claimed)
        for candidate in chosen:
            candidate.shows = {number for number, titles in answer.items() if candidate.title in titles}
        noticed |= {number for number, titles in answer.items() if titles}
        missing -= noticed
        tried += [candidate for candidate in chosen if candidate.shows]
    return tried, noticed


def passing(chosen: list[Candidate], mutants: dict[int, dict[str, Any]], ask: Ask) -> list[Candidate]:
    """Those that pass without a mutant. One that does not is a fault of the binding, or of the way from programs to JavaScript."""
    while wrong := ask(tests_of(chosen, mutants), [0])[0]:
        for candidate in chosen:
            if candidate.title in wrong:
                print(f"fails without a mutant, and is left out:\n{candidate.program}", file=sys.stderr)
        chosen = [candidate for candidate in chosen if candidate.title not in wrong]
    return chosen


def confirmed(candidates: list[Candidate], mutants: dict[int, dict[str, Any]], ask: Ask) -> tuple[list[Candidate], set[int]]:
    """Of the candidates, those that the suite needs in V8, and all mutants that they notice there."""
    tried, noticed = noticing(candidates, mutants, ask)
    kept = without_redundant(tried)
    # A mutant that ends the process is seen by the first test that runs into it. Whether a later one would notice it is seen without the first.
    for candidate in sorted(kept, key=lambda one: one.cost, reverse=True):
        if all(candidate is not one for one in kept):
            continue
        rest = [one for one in kept if one is not candidate]
        witness = None
        for number in sorted(candidate.only)[:_WITNESSES]:
            titles = ask(tests_of(rest, mutants), [number])[number]
            if not titles:
                witness = number
                break
            for other in rest:
                if other.title in titles:
                    other.shows.add(number)
        if witness is None:
            kept = without_redundant(rest)
    return kept, noticed


# --- What no test notices ---

def why_unnoticed(one: dict[str, Any], shown: set[int]) -> str:
    """Why JavaScript cannot tell the mutant; empty if it can, for all that is known. `shown`: those that programs show in the simulated host."""
    program = one.get("visible") or ""
    if one["number"] in shown:
        return "an author can tell in the simulated host; the binding for V8 does not come to this code, or keeps the value itself"
    if "byteLimit" in program:
        return "of the byte limit, which the standard does not have"
    if "closeWithErrorPropagation" in program or "errorStream" in program:
        return "of an operation for other specifications, which no script can call"
    oracles = ", ".join(one["oracles"])
    if one.get("sight") == "none":
        return f"no author can tell: on every edge that was explored it leaves what the original leaves; in the testbed: {oracles}"
    if re.search(r"^run \d", program, re.MULTILINE):
        return f"an author can tell between two microtasks; no script that runs them all shows it; in the testbed: {oracles}"
    return "" if program else f"no program that was tried shows it to an author; in the testbed: {oracles}"


def unnoticed_text(results: Results, noticed: set[int], shown: set[int]) -> str:
    text = ("# Mutants that oracles of the testbed kill and no test of the suite notices, each with the reason. Made by scripts/mutants --suite.\n"
            f"{stamp.line()}# NAME  # REASON\n")
    for one in results:
        if one["fate"] == "killed" and one["number"] not in noticed:
            text += f"{one['name']}  # {why_unnoticed(one, shown) or 'a script could tell, and no program of the suite does'}\n"
    return text


# --- The files ---

def write(tests: list[suite_text.Test]) -> None:
    FOLDER.mkdir(exist_ok=True)
    SUITE.write_text(suite_text.text_of(tests))
    listed = [{"title": test.title, "steps": test.steps, "program": test.program} for test in tests]
    TESTS.write_text(json.dumps({"made_of": stamp.of_core(), "tests": listed}, indent=1) + "\n")


def emitted(binary: Path) -> str:
    """The suite as the programs in tests.json give it now."""
    tests = []
    for one in json.loads(TESTS.read_text())["tests"]:
        with tempfile.NamedTemporaryFile("w", suffix=".ops") as file:
            file.write(one["program"])
            file.flush()
            run = subprocess.run([binary, "emit", "--format", "suite", "--title", "TITLE", file.name], check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if run.returncode != 0:
            raise CannotRun(f"{one['title']}: {run.stderr}")
        tests.append(suite_text.Test(one["program"], run.stdout, one["title"], one["steps"]))
    return suite_text.text_of(tests)


def make(binary: Path, results: Results, jobs: int) -> str:
    """Writes the suite. The line that says what it notices."""
    killed = [one for one in results if one["fate"] == "killed"]
    mutants = {one["number"]: one for one in killed}

    def ask(tests: list[suite_text.Test], numbers: Iterable[int]) -> Noticed:
        return wpt_score.noticed_by(suite_text.text_of(tests), [test.title for test in tests], list(numbers), jobs)

    candidates = candidates_of(binary, killed)
    shown: set[int] = set().union(*(candidate.shows for candidate in candidates))
    chosen, noticed = confirmed(candidates, mutants, ask)
    if wrong := ask(tests_of(chosen, mutants), [0])[0]:
        raise CannotRun("these tests fail without a mutant:\n" + "\n".join(wrong))
    if len(chosen) > MOST:
        raise CannotRun(f"{len(chosen)} tests are more than {MOST}")
    write(tests_of(chosen, mutants))
    UNNOTICED.write_text(unnoticed_text(results, noticed, shown))
    missed = [one for one in killed if one["number"] not in noticed and not why_unnoticed(one, shown)]
    for one in missed:
        print(f"not noticed, and a script could: {one['name']}", file=sys.stderr)
    return (f"The suite's {len(chosen)} tests notice {len(noticed)} of {len(mutants)} mutants that oracles kill; no script can tell "
            f"{len(mutants) - len(noticed) - len(missed)}; {len(missed)} are missed.\n")
