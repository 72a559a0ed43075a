"""Runs one test file in one process of a shell, and parses its result."""

import asyncio
import hashlib
import json
import os
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice_dev.common.paths import ROOT
from sluice_dev.conformance import suite as wpt_suite
from sluice_dev.conformance.suite import Test

SCRIPTS = ROOT / "tests/wpt"
PREFIX = "SLUICE-WPT "  # tests/wpt/report.js defines what follows

# testharness.js's numbers.
_STATUS = ("PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED")
_HARNESS_STATUS = ("OK", "ERROR", "TIMEOUT", "PRECONDITION_FAILED")

_MOST_OUTPUT = 32 << 20  # a shell that prints without end must not fill the memory until its time is over
_KEPT_ERRORS = 8 << 10


@dataclass
class Subtest:
    name: str
    status: str
    message: str | None
    stack: str | None

    @property
    def passed(self) -> bool:
        return self.status == "PASS"


@dataclass
class Outcome:
    subtests: list[Subtest] = field(default_factory=list)
    begun: bool = False  # whether testharness.js was there
    broken: str | None = None  # what is wrong with the file as a whole
    errors: str = ""  # the end of standard error


def scripts_of(test: Test, suite: Path, include: str | None, page: Mapping[str, Any] | None = None) -> list[Path]:
    """The scripts of a test in order. `include`, a regular expression, is the part of an idlharness file that applies, or None;
    `page`, what it expects of a page, as expectations.py has it."""
    search = test.variant
    scripts = list(test.scripts)
    if include is not None:
        scripts.insert(0, suite / "common/subset-tests-by-key.js")
        search += ("&" if search else "?") + "include=" + include
    files = _fetched(test, suite, scripts)
    given: dict[str, Any] = {"search": search, **({"files": files} if files else {}), **(page or {})}
    parameters = _written(test.id, f"var sluiceWpt = {json.dumps(given)};\n")
    return [parameters, SCRIPTS / "prelude.js", suite / "resources/testharness.js", SCRIPTS / "report.js", *scripts,
            suite / test.path, SCRIPTS / "done.js"]


_DATA = re.compile(r"""\bfetch\(["']((?:\.\./)*[\w-]+(?:/[\w-]+)*\.json)["']\)""")


def _fetched(test: Test, suite: Path, scripts: Sequence[Path]) -> dict[str, str]:
    """What the test fetches from the suite's server: {address: text}."""
    files = {}
    if any(script.name == "idlharness.js" for script in scripts):
        for path in sorted((suite / "interfaces").glob("*.idl")):
            files[f"/interfaces/{path.name}"] = path.read_text(encoding="utf-8")
    file = suite / test.path
    for name in _DATA.findall(file.read_text(encoding="utf-8")):
        if (file.parent / name).is_file():
            files[name] = (file.parent / name).read_text(encoding="utf-8")
    return files


def _written(test_id: str, text: str) -> Path:
    """A script with that text. It stays, so that a command can be run again by hand; others may be reading it now."""
    name = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in test_id)
    path = wpt_suite.WORK / "parameters" / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.js"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    return path


class _Reader:
    """Reads what the shell prints."""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self.complete: Mapping[str, Any] | None = None
        self.open: dict[str, bool] = {}  # the subtests that have begun and not ended, in order
        self.unreadable: str | None = None
        self.size = 0

    async def read(self, stream: asyncio.StreamReader) -> None:
        """Returns when the output ends, or is too long."""
        rest = b""
        while data := await stream.read(1 << 16):
            self.size += len(data)
            if self.size > _MOST_OUTPUT:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._line(line.decode(errors="replace"))
        if rest:
            self._line(rest.decode(errors="replace"))

    def _line(self, line: str) -> None:
        if PREFIX not in line:
            return
        try:
            if not line.startswith(PREFIX):
                raise ValueError
            self._told(json.loads(line[len(PREFIX):]))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            self.unreadable = self.unreadable or line

    def _told(self, event: Mapping[str, Any]) -> None:
        if self.complete is not None:
            raise ValueError
        match event["kind"]:
            case "ready":
                self.outcome.begun = True
            case "start":
                self.open[event["name"]] = True
            case "result":
                self.open.pop(event["name"], None)
                subtest = Subtest(str(event["name"]), _STATUS[event["status"]], event["message"], event["stack"])
                self.outcome.subtests.append(subtest)
            case "complete":
                _HARNESS_STATUS[event["status"]], event["message"], event["count"]  # all are there
                self.complete = event
            case _:
                raise ValueError

    def how_far(self) -> str:
        number = len(self.outcome.subtests)
        text = f"{number} {'subtest' if number == 1 else 'subtests'} had ended"
        if self.open:
            names = list(self.open)
            text += f"; had not: {', '.join(map(repr, names[:3]))}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
        return text


def _what_is_wrong(reader: _Reader, code: int | None, seconds: float) -> str | None:
    """`code` is None for a process that had to be killed."""
    if reader.size > _MOST_OUTPUT:
        return f"it printed more than {_MOST_OUTPUT >> 20} MB"
    if reader.unreadable is not None:
        return f"it printed a line that should be a result, but cannot be read: {reader.unreadable[:200]!r}"
    if code is None:
        ended = "; it was complete, but the shell did not end" if reader.complete else ""
        return f"it hangs: not over after {seconds:g} seconds, and killed{ended}; {reader.how_far()}"
    if code != 0:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        when = "after the tests were complete" if reader.complete else f"before the tests were complete; {reader.how_far()}"
        return f"the shell {how} {when}"
    if reader.complete is None:
        return f"the shell had nothing left to do before the tests were complete; {reader.how_far()}"
    if reader.complete["status"] != 0:
        return f"testharness.js reports {_HARNESS_STATUS[reader.complete['status']]}: {reader.complete['message']}"
    if reader.complete["count"] != len(reader.outcome.subtests):
        return f"subtests were lost: {reader.complete['count']} ended, {len(reader.outcome.subtests)} were reported"
    if not reader.outcome.subtests:
        return "it has no subtest"
    return None


class _LastWords:
    """The end of standard error."""

    def __init__(self) -> None:
        self._kept = b""

    async def read(self, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(1 << 16):
            self._kept = (self._kept + data)[-_KEPT_ERRORS:]

    def text(self) -> str:
        return self._kept.decode(errors="replace").strip()


def _kill(process: asyncio.subprocess.Process) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own: what it started goes too
    except ProcessLookupError:
        pass


async def _over(process: asyncio.subprocess.Process, output: asyncio.StreamReader, errors: asyncio.Task[None]) -> None:
    """After a kill: both pipes are closed, or held by what has left the session of the shell, which is not waited for."""
    async def drain() -> None:
        while await output.read(1 << 16):
            pass
        await errors
        await process.wait()

    try:
        await asyncio.wait_for(drain(), 10)
    except asyncio.TimeoutError:
        pass


async def run(command: Sequence[str], scripts: Sequence[Path], seconds: float) -> Outcome:
    """Runs the shell. OSError if it cannot be started."""
    process = await asyncio.create_subprocess_exec(
        *command, *map(str, scripts), start_new_session=True, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    reader = _Reader()
    last_words = _LastWords()
    assert process.stdout is not None and process.stderr is not None
    output = process.stdout
    errors = asyncio.create_task(last_words.read(process.stderr))
    ended = False

    async def end() -> None:
        await reader.read(output)
        if reader.size > _MOST_OUTPUT:
            return
        await asyncio.shield(errors)
        await process.wait()

    try:
        await asyncio.wait_for(end(), seconds)
        ended = reader.size <= _MOST_OUTPUT
    except asyncio.TimeoutError:
        pass
    finally:
        if not ended:
            _kill(process)
            await _over(process, output, errors)
    reader.outcome.errors = last_words.text()
    reader.outcome.broken = _what_is_wrong(reader, process.returncode if ended else None, seconds)
    return reader.outcome
