"""Which mutants tests in the style of the web platform tests notice: those of writable streams themselves, and tests/suite.

All files run in one process of `sluice run` for each mutant. A subtest with another result than without the mutant has noticed it; so has the
one that runs when the process ends before the tests are complete, as a promise that never settles makes it.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice_dev.common import builds, sanitizer_options
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import run_async
from sluice_dev.conformance import suite as wpt_suite
from sluice_dev.mutation import stamp

_FOLDER = ROOT / "build/mutants-v8"
_TESTS = "streams/writable-streams"
LIST = ROOT / "tests/wpt/unnoticed.txt"
_PREFIX = b"SLUICE-WPT "
# Of the wall's time, for a process that neither prints nor ends.
_SECONDS = 300
# Of the processor's, for one that runs for ever.
_PROCESSOR_SECONDS = 30
_META = re.compile(r"^// META: script=(.*)$", re.MULTILINE)


Result = tuple[str, int]  # of a subtest: its name, and testharness.js's number
OnFound = Callable[[int, "list[Noticed]"], None]


def scripts(suite: Path, files: list[Path]) -> list[Path]:
    """All test files in one: each is a function, so that their names do not meet."""
    helpers = sorted({(file.parent / name.strip()).resolve() for file in files for name in _META.findall(file.read_text())})
    out = _FOLDER / "wpt"
    out.mkdir(parents=True, exist_ok=True)
    parameters = out / "parameters.js"
    parameters.write_text('var sluiceWpt = {"search": "", "impatient": true};\n')
    tests = out / "tests.js"
    tests.write_text("".join(f"// {file.name}\n(() => {{\n{file.read_text()}\n}})();\n" for file in files))
    ours = ROOT / "tests/wpt"
    return [parameters, ours / "prelude.js", suite / "resources/testharness.js", ours / "report.js", *helpers, tests, ours / "done.js"]


def _event(line: bytes) -> dict[str, Any]:
    """A line of report.js; one that a crash cut off is none."""
    if line.startswith(_PREFIX):
        with suppress(ValueError):
            event: dict[str, Any] = json.loads(line[len(_PREFIX):])
            return event
    return {"kind": ""}


@dataclass(frozen=True)
class Noticed:
    test: str
    how: str  # "failed", or how the process ended in it: "ended", "died", "hung"

    def __str__(self) -> str:
        return self.test if self.how == "failed" else f"{self.how} in: {self.test}"


async def _run(command: list[str], number: int, expected: list[Result] | None, to_the_end: bool) -> tuple[list[Result], list[Noticed]]:
    """The results of subtests, and those that noticed the mutant: the first, or all of them."""
    limited = ["prlimit", f"--cpu={_PROCESSOR_SECONDS}", *command]
    process = await asyncio.create_subprocess_exec(*limited, env=os.environ | {"SLUICE_MUTANT": str(number)}, stdin=asyncio.subprocess.DEVNULL,
                                                   stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=1 << 24)
    assert process.stdout is not None
    seen: list[Result] = []
    noticed: list[Noticed] = []
    running = "the start"
    complete = False
    try:
        while line := await asyncio.wait_for(process.stdout.readline(), _SECONDS):
            event = _event(line)
            complete |= event["kind"] == "complete"
            running = str(event["name"]) if event["kind"] == "start" else running
            if event["kind"] != "result":
                continue
            seen.append((str(event["name"]), int(event["status"])))
            if expected is not None and seen[-1] not in expected:
                noticed.append(Noticed(seen[-1][0], "failed"))
                if not to_the_end:
                    break
        else:
            # A promise that never settles ends it, as nothing is left to do.
            code = await process.wait()
            if code != 0 or not complete:
                noticed.append(Noticed(running, "ended" if code == 0 else "died"))
    except asyncio.TimeoutError:
        noticed.append(Noticed(running, "hung"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return seen, noticed


async def _all(numbers: list[int], command: list[str], jobs: int, on_found: OnFound) -> dict[int, list[Noticed]]:
    expected, wrong = await _run(command, 0, None, False)
    again, _ = await _run(command, 0, None, False)
    if wrong or not expected or again != expected:
        reason = ", ".join(map(str, wrong)) or "they have other results each time"
        raise CannotRun(f"the tests do not run as they should without a mutant: {reason}")
    return await _each(numbers, command, expected, jobs, False, on_found)


async def _each(numbers: list[int], command: list[str], expected: list[Result], jobs: int, to_the_end: bool,
                on_found: OnFound = lambda number, noticed: None) -> dict[int, list[Noticed]]:
    free = asyncio.Semaphore(jobs)
    found: dict[int, list[Noticed]] = {}

    async def one(number: int) -> None:
        async with free:
            found[number] = (await _run(command, number, expected, to_the_end))[1]
            on_found(number, found[number])
            if len(found) % 20 == 0:
                print(f"{len(found)} of {len(numbers)} mutants", file=sys.stderr, flush=True)

    await asyncio.gather(*(one(number) for number in numbers))
    return found


def _command(suite: Path, tests: list[Path]) -> list[str]:
    builds.build("mutants-v8", "sluice")
    builds.export_sanitizer_options()
    os.environ["ASAN_OPTIONS"] = sanitizer_options.joined("asan.options", "tests with V8", "mutants")
    return [str(_FOLDER / "sluice"), "run", "--expose-gc", *map(str, scripts(suite, tests))]


def _suite() -> Path:
    folder: Path = wpt_suite.fetch(lambda text: print(text, file=sys.stderr))
    return folder


def may_be_noticed(one: dict[str, Any]) -> bool:
    """Whether an author may tell the mutant. Nothing notices one that leaves, on every edge, what the original leaves."""
    return bool(one["fate"] == "killed" and one.get("sight") != "none")


def score(results: list[dict[str, Any]], jobs: int, resume: bool) -> None:
    """Each result gets "wpt": the subtest that noticed the mutant, or an empty string. What is known stays in a file, with which a run resumes."""
    suite = _suite()
    command = _command(suite, sorted((suite / _TESTS).glob("*.any.js")))
    names = {one["number"]: one["name"] for one in results}
    path = _FOLDER / f"wpt-{stamp.of_core()}.jsonl"
    if not resume:
        path.unlink(missing_ok=True)
    known = _known(path)
    with path.open("a") as file:
        def on_found(number: int, noticed: list[Noticed]) -> None:
            known[names[number]] = str(next(iter(noticed), ""))
            print(json.dumps({"name": names[number], "wpt": known[names[number]]}), file=file, flush=True)

        run_async(_all([one["number"] for one in results if may_be_noticed(one) and one["name"] not in known], command, jobs, on_found))
    for one in results:
        one["wpt"] = known.get(one["name"], "")


def _known(path: Path) -> dict[str, str]:
    """What an interrupted run found. A line that was cut off is left out."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        with suppress(ValueError):
            one = json.loads(line)
            found[str(one["name"])] = str(one["wpt"])
    return found


def compare(results: list[dict[str, Any]], update: bool) -> list[str]:
    """Which mutants that an author can tell are missed, other than the list has it. With `update`, writes the list instead."""
    visible = [one for one in results if one.get("visible")]
    missed = [one["name"] for one in visible if not one["wpt"]]
    if update:
        head = ("# Mutants that an author can tell from the original, and no web platform test of writable streams notices (scripts/mutants --wpt).\n"
                f"{stamp.line()}# {len(visible) - len(missed)} of {len(visible)} are noticed.\n")
        LIST.write_text(head + "".join(f"{name}\n" for name in missed))
    known = [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")] if LIST.exists() else []
    return ([f"no web platform test notices, and {LIST.name} does not have: {name}" for name in missed if name not in known]
            + [f"in {LIST.name}, and a web platform test notices it, or no author can tell it: {name}" for name in known if name not in missed])


def noticed_by(text: str, titles: list[str], numbers: list[int], jobs: int) -> dict[int, list[str]]:
    """By mutant: the tests of a file with this text that do not pass on it."""
    suite = _suite()
    file = _FOLDER / "suite.any.js"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    passed = [(title, 0) for title in titles]
    found: dict[int, list[Noticed]] = run_async(_each(numbers, _command(suite, [file]), passed, jobs, True))
    return {number: [one.test for one in tests] for number, tests in found.items()}
