"""tests/wpt/expectations.json: the tests that run, and the subtests that may fail. Every entry has a reason.

    {
      "scope": ["streams/writable-streams", ...],
      "not_run": {"dom/events/*.html": "reason", ...},
      "only": {"streams/idlharness.any.js": {"include": "regular expression", "reason": "..."}},
      "page": {"html/some.any.js": {"stubs": ["Blob"], "closes": true, "reason": "..."}},
      "may_not_pass": {"dom/events/some.any.js": {"name of the subtest": "reason", ...}}
    }

scope         files and folders of the suite; what else is in the suite is of no concern
not_run       files of the scope that cannot run in a shell; * stands for any characters
only          the part of an idlharness test that applies: the names of its interfaces, as the suite's own ?include= has them
page          what a test expects of a page that a shell has not: classes that must be there for the other subtests to run, though
              they can do nothing; that it is closed when the tests are complete, whatever timers are left
may_not_pass  subtests that fail, and are known to; "some words*" are all whose names begin with the words, and
              "*some words" all whose names end with them

An entry that is not true (a missing file, a subtest that passes or no longer exists) is a failure too.
"""

import fnmatch
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice_dev.conformance import suite as wpt_suite
from sluice_dev.conformance.shell import Outcome, Subtest
from sluice_dev.conformance.suite import Test


class Unreadable(Exception):
    """The file of expectations is not as it should be."""


@dataclass
class Judgement:
    """What is unexpected about one test: texts that end nothing, and the subtests that fail without being listed."""
    problems: list[str] = field(default_factory=list)
    failures: list[Subtest] = field(default_factory=list)
    passed: int = 0
    known: int = 0  # failed as listed

    @property
    def as_expected(self) -> bool:
        return not self.problems and not self.failures


class Expectations:
    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_duplicates)
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}") from error
        except ValueError as error:
            raise Unreadable(f"{path}: {error}") from error
        try:
            self._take(data)
        except (TypeError, AttributeError, KeyError, re.error) as error:
            raise Unreadable(f"{path}: not of the form that scripts/sluice_dev/conformance/expectations.py describes ({error!r})") from error

    def _take(self, data: Mapping[str, Any]) -> None:
        unknown = set(data) - {"scope", "not_run", "only", "page", "may_not_pass"}
        if unknown:
            raise KeyError(*unknown)
        self.scope = [_text(place) for place in data["scope"]]
        self.not_run = {place: _text(reason) for place, reason in data.get("not_run", {}).items()}
        self.include: dict[str, str] = {}
        for place, only in data.get("only", {}).items():
            _text(only["reason"])
            re.compile(_text(only["include"]))
            self.include[place] = only["include"]
        self.page: dict[str, dict[str, Any]] = {}
        for place, page in data.get("page", {}).items():
            _text(page["reason"])
            self.page[place] = {"stubs": [_text(name) for name in page.get("stubs", [])], "closes": bool(page.get("closes", False))}
        self.may_not_pass: dict[str, dict[str, str]] = {}
        for place, names in data.get("may_not_pass", {}).items():
            self.may_not_pass[place] = {name: _text(reason) for name, reason in names.items()}

    def tests(self, suite: Path) -> tuple[list[Test], list[str]]:
        """The tests that run, and what is wrong with the lists."""
        problems = [f"scope: {place}: there is no such file or folder in the suite" for place in self.scope
                    if not (suite / place).exists()]
        files = wpt_suite.test_files(suite, self.scope)
        used: set[str] = set()
        tests: list[Test] = []
        for path in files:
            matches = {pattern for pattern in self.not_run if fnmatch.fnmatchcase(path, pattern)}
            used |= matches
            if matches:
                continue
            try:
                tests += wpt_suite.tests_of(suite, path)
            except wpt_suite.BadTest as bad:
                problems.append(f"{path} cannot run: {bad}. If that is right, it belongs in not_run")
        problems += [f"not_run: {pattern}: there is no such file in the scope" for pattern in self.not_run if pattern not in used]
        places = {test.path for test in tests} | {test.id for test in tests}
        for listed in ("include", "page", "may_not_pass"):
            problems += [f"{'only' if listed == 'include' else listed}: {place}: there is no such test"
                         for place in getattr(self, listed) if place not in places]
        return tests, problems

    def judge(self, test: Test, outcome: Outcome) -> Judgement:
        """What of the outcome was not to be expected."""
        listed = {**self.may_not_pass.get(test.path, {}), **self.may_not_pass.get(test.id, {})}
        judgement = Judgement()
        used: set[str | None] = set()
        if outcome.broken is not None:
            judgement.problems.append(outcome.broken)
        for subtest in outcome.subtests:
            line = _line_for(subtest.name, listed)
            used.add(line)
            if subtest.passed:
                judgement.passed += 1
                if line is not None:
                    judgement.problems.append(f"{subtest.name!r} passes, but {self.name} lists it: {listed[line]}. "
                                              "Take it out there")
            elif line is not None:
                judgement.known += 1
            else:
                judgement.failures.append(subtest)
        if outcome.broken is None:
            judgement.problems += [f"there is no subtest {name!r}, which {self.name} lists. Take it out there"
                                   for name in listed if name not in used]
        return judgement


def _line_for(name: str, listed: Mapping[str, str]) -> str | None:
    """The line of may_not_pass that stands for the subtest, or None."""
    if name in listed:
        return name
    return next((line for line in listed if (line.endswith("*") and name.startswith(line[:-1]))
                 or (line.startswith("*") and name.endswith(line[1:]))), None)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"a text must be here, not {value!r}")
    return value


def _without_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it has {next(name for name in names if names.count(name) > 1)!r} twice")
    return result
