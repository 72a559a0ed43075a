"""The work of scripts/wpt, which builds `sluice` before it starts this where that is needed."""

import argparse
import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from sluice_dev.common import builds
from sluice_dev.common.arguments import Parser
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import run_async
from sluice_dev.common.result import tell
from sluice_dev.conformance import shell as wpt_shell
from sluice_dev.conformance import suite as wpt_suite
from sluice_dev.conformance.expectations import Expectations, Judgement, Unreadable
from sluice_dev.conformance.shell import Outcome
from sluice_dev.conformance.suite import Test

# The suite's own limits, 10 and 60 seconds, are meant for a quick machine that does nothing else. No result depends on them.
TIMES_AS_LONG = 6


def say(text: str = "") -> None:
    try:
        print(text, flush=True)
    except OSError:  # nobody reads it any more
        sys.stdout = open(os.devnull, "w", encoding="utf-8")


def fail(message: str) -> NoReturn:
    raise CannotRun(message)


def parse(words: list[str]) -> argparse.Namespace:
    parser = Parser("scripts/wpt")
    parser.add_argument("--runner")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--print", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--fetch", action="store_true")
    parser.add_argument("--no-fetch", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--suite", type=Path)
    parser.add_argument("--expectations", type=Path, default=ROOT / "tests/wpt/expectations.json")
    parser.add_argument("--timeout-multiplier", type=float, default=TIMES_AS_LONG)
    options: argparse.Namespace = parser.parse(words)
    options.filters = options.words
    if options.jobs < 1:
        parser.error(f"--jobs {options.jobs}: must be 1 or more")
    if not options.timeout_multiplier > 0:
        parser.error(f"--timeout-multiplier {options.timeout_multiplier:g}: must be more than 0")
    return options


def build(options: argparse.Namespace) -> None:
    """The shell of our own, where no other one is named and tests are run."""
    if options.runner is not None:
        return
    options.runner = f"{shlex.quote(str(ROOT / 'build/asan/sluice'))} run --expose-gc"
    if not (options.list or options.check or options.fetch):
        builds.prepare()
        builds.build("asan", "sluice")
        builds.export_sanitizer_options()


def suite_for(options: argparse.Namespace) -> Path:
    if options.suite is not None:
        if not (options.suite / "resources/testharness.js").is_file():
            fail(f"--suite {options.suite}: it has no resources/testharness.js")
        return Path(options.suite).resolve()
    if options.no_fetch and not wpt_suite.SUITE.is_dir():
        fail("the web platform tests are not there; scripts/wpt --fetch gets them")
    try:
        return wpt_suite.fetch(say)
    except wpt_suite.Unavailable as reason:
        fail(str(reason))
    except OSError as error:
        fail(f"the web platform tests cannot be unpacked in {wpt_suite.WORK}: {error}")


def chosen(suite: Path, tests: list[Test], filters: Sequence[str]) -> list[Test]:
    """A filter is the name of a test, or a part of it; or a file of one's own."""
    if not filters:
        return tests
    own = [Path(text).resolve() for text in filters if text.endswith(".any.js") and Path(text).is_file()]
    if own:
        if len(own) != len(filters):
            fail("files of your own and names of the suite's tests do not go together")
        return [test for file in own for test in wpt_suite.tests_of(suite, str(file))]
    ids = {test.id for test in tests}
    result = []
    for test in tests:
        if any(test.id == text if text in ids else text in test.id for text in filters):
            result.append(test)
    for text in filters:
        if not any(text in test.id for test in tests):
            fail(f"no test has {text!r} in its name; scripts/wpt --list names them")
    return result


class Display:
    """A line for each test in the suite's order, below it what is wrong, and at a terminal how far it is."""

    def __init__(self, tests: Sequence[Test], suite: Path) -> None:
        self._live = sys.stdout.isatty()
        self._colours = self._live and "NO_COLOR" not in os.environ
        self._tests = tests
        self._suite = str(suite) + "/"
        self._width = max(len(test.id) for test in tests)
        self._results: dict[str, tuple[Outcome, Judgement]] = {}
        self._shown = 0
        self._running: list[str] = []

    def _coloured(self, code: int | str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colours else text

    def started(self, test: Test) -> None:
        self._running.append(test.id)
        self._progress()

    def ended(self, test: Test, outcome: Outcome, judgement: Judgement) -> None:
        self._running.remove(test.id)
        self._results[test.id] = (outcome, judgement)
        self._clear()
        while self._shown < len(self._tests) and self._tests[self._shown].id in self._results:
            shown = self._tests[self._shown]
            self._tell(shown, *self._results[shown.id])
            self._shown += 1
        self._progress()

    def _clear(self) -> None:
        if self._live:
            sys.stdout.write("\r\033[K")

    def _progress(self) -> None:
        if not self._live or not self._running:
            return
        text = f"{len(self._results)} of {len(self._tests)}, running {', '.join(self._running)}"
        self._clear()
        sys.stdout.write(text[:shutil.get_terminal_size().columns - 1])
        sys.stdout.flush()

    def _tell(self, test: Test, outcome: Outcome, judgement: Judgement) -> None:
        mark = self._coloured(32, "ok  ") if judgement.as_expected else self._coloured("1;31", "FAIL")
        counts = [f"{judgement.passed} passed"]
        counts += [f"{len(judgement.failures)} failed"] if judgement.failures else []
        counts += [f"{judgement.known} failed as listed"] if judgement.known else []
        say(f"{mark}  {test.id:{self._width}}  {', '.join(counts)}")
        for problem in judgement.problems:
            say(f"      {self._coloured(31, 'wrong:')} {problem}")
        for subtest in judgement.failures:
            say(f"      {self._coloured(31, subtest.status + ':')} {subtest.name}")
            for line in [*str(subtest.message or "").splitlines(), *self._frames(str(subtest.stack or ""))]:
                say(f"          {line.strip().replace(self._suite, '')}")
        if outcome.broken and outcome.errors:
            say("      The end of what the shell wrote to standard error:")
            for line in outcome.errors.replace(self._suite, "").splitlines()[-30:]:
                say(f"          {line}")

    def _frames(self, stack: str) -> list[str]:
        """Those of the test: neither testharness.js's nor those of the shell's own scripts."""
        lines = stack.splitlines()
        ours = [line for line in lines if self._suite in line and "/resources/testharness.js" not in line]
        return ours or lines


async def run_all(tests: Sequence[Test], command: Sequence[str], commands: Mapping[str, Sequence[Path]], expectations: Expectations,
                  options: argparse.Namespace, display: Display) -> list[tuple[Outcome, Judgement]]:
    """[(outcome, judgement)] in the order of the tests. OSError if the shell cannot be started."""
    # SIGTERM too must not leave a shell behind.
    free = asyncio.Semaphore(options.jobs)

    async def run_one(test: Test) -> tuple[Outcome, Judgement]:
        async with free:
            display.started(test)
            outcome = await wpt_shell.run(command, commands[test.id], test.seconds * options.timeout_multiplier)
            judgement = expectations.judge(test, outcome)
            display.ended(test, outcome, judgement)
            return outcome, judgement

    tasks = [asyncio.create_task(run_one(test)) for test in tests]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def summary(results: Sequence[tuple[Outcome, Judgement]], problems: Sequence[str]) -> int:
    """The last lines, and the exit code."""
    for problem in problems:
        say(f"FAIL  {problem}")
    judgements = [judgement for _, judgement in results]
    passed, known = sum(j.passed for j in judgements), sum(j.known for j in judgements)
    failed = sum(len(j.failures) for j in judgements)
    files = sum(not j.as_expected for j in judgements)
    tell(test_files=len(results), passed=passed, failed=failed, failed_as_listed=known, not_as_expected=files, about_expectations=list(problems))
    say()
    as_listed = f", {known} failed as listed" if known else ""
    say(f"{counted(len(results), 'test file')}: {counted(passed, 'subtest')} passed, {failed} failed{as_listed}")
    if not files and not problems:
        say("Everything is as expected.")
        return 0
    if results and not any(outcome.begun for outcome, _ in results):
        say("The shell ran none of the scripts that come before the tests: is it one? It has to run classic scripts in order, "
            "in one\nglobal, and print with console.log. tests/wpt/README.md says what else it must offer.")
        return 2
    wrong = [counted(files, "test file")] if files else []
    wrong += [counted(len(problems), "line") + " about the expectations"] if problems else []
    say(f"Not as expected: {' and '.join(wrong)}.")
    return 1


def main(words: list[str]) -> int:
    options = parse(words)
    build(options)
    suite = suite_for(options)
    if options.fetch:
        return 0
    try:
        expectations = Expectations(options.expectations)
        tests, problems = expectations.tests(suite)
    except Unreadable as error:
        fail(str(error))
    if options.check:
        for problem in problems:
            say(problem)
        return 1 if problems else 0
    tests = chosen(suite, tests, options.filters)
    if options.list:
        for test in tests:
            say(test.id)
        return 0
    if not tests:
        fail("there is no test in the scope")
    command = shlex.split(options.runner)
    if not command:
        fail("--runner has no command in it")
    commands = {test.id: wpt_shell.scripts_of(test, suite, expectations.include.get(test.path), expectations.page.get(test.path))
                for test in tests}
    if options.print:
        for test in tests:
            say(shlex.join([*command, *map(str, commands[test.id])]))
        return 0
    display = Display(tests, suite)
    try:
        results = run_async(run_all(tests, command, commands, expectations, options, display))
    except OSError as error:
        fail(f"the shell cannot be started: {command[0]}: {error.strerror}")
    return summary(results, [] if options.filters else problems)
