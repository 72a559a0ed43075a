"""Which mutants the web platform tests of writable streams notice.

All files run in one process of `sluice run` for each mutant: one that was noticed is known after the first subtest with another result than
without a mutant. A process that ends before the tests are complete, as a promise that never settles makes it, has noticed the mutant, too.
"""

import asyncio
import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from sluice_dev.common import builds, sanitizer_options
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import run_async
from sluice_dev.conformance import suite as wpt_suite

_FOLDER = ROOT / "build/mutants-v8"
_TESTS = "streams/writable-streams"
_PREFIX = b"SLUICE-WPT "
# Of the wall's time, for a process that neither prints nor ends.
_SECONDS = 300
_META = re.compile(r"^// META: script=(.*)$", re.MULTILINE)


Result = tuple[str, int]  # of a subtest: its name, and testharness.js's number


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


async def _run(command: list[str], number: int, expected: list[Result] | None) -> tuple[list[Result], str]:
    """The results of subtests up to the one that noticed the mutant, and its name."""
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | {"SLUICE_MUTANT": str(number)}, stdin=asyncio.subprocess.DEVNULL,
                                                   stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=1 << 24)
    assert process.stdout is not None
    seen: list[Result] = []
    noticed = ""
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
                noticed = seen[-1][0]
                break
        else:
            # A promise that never settles ends it, as nothing is left to do.
            code = await process.wait()
            if code != 0 or not complete:
                noticed = f"{'ended' if code == 0 else 'died'} in: {running}"
    except asyncio.TimeoutError:
        noticed = f"hung in: {running}"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return seen, noticed


async def _all(numbers: list[int], command: list[str], jobs: int) -> dict[int, str]:
    expected, wrong = await _run(command, 0, None)
    again, _ = await _run(command, 0, None)
    if wrong or not expected or again != expected:
        raise CannotRun(f"the tests do not run as they should without a mutant: {wrong or 'they have other results each time'}")
    free = asyncio.Semaphore(jobs)
    found: dict[int, str] = {}

    async def one(number: int) -> None:
        async with free:
            found[number] = (await _run(command, number, expected))[1]
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


def score(results: list[dict[str, Any]], jobs: int) -> None:
    """Each result gets "wpt": the subtest that noticed the mutant, or an empty string."""
    suite = _suite()
    command = _command(suite, sorted((suite / _TESTS).glob("*.any.js")))
    found: dict[int, str] = run_async(_all([one["number"] for one in results], command, jobs))
    for one in results:
        one["wpt"] = found[one["number"]]

