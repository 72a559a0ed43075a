"""Since when: the minimal programs of all classes, on the releases of a runtime that npm has.

    history = History("node24", class_table, sluice)
    history.run()                          # one download at a time; goes on where it was interrupted
    history.spans("write-while-closing")   # [Span(first_bad, last_bad, good_before, good_after)]

The last release of each minor version is run first (of each month for workerd, which has one a day): a class may come and go again between
the oldest release and the newest. Between two of these that differ, the releases are bisected. What was run is kept in
tests/runtimes/history/PACKAGE.json, and the release is removed again.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice_dev.common.errors import CannotRun
from sluice_dev.runtimes import host
from sluice_dev.runtimes import programs
from sluice_dev.runtimes import table
from sluice_dev.runtimes import traces
from sluice_dev.runtimes.classes import Class, ClassTable
from sluice_dev.runtimes.findings import check_classes, how

FOLDER = table.FOLDER / "history"
# What has no WritableStream to compare, or no package of this shape.
OLDEST = {table.NODE[0]: "20.0.0", table.DENO[0]: "2.0.0", table.BUN[0]: "1.1.0", table.WORKERD[0]: "1.20250101.0"}


@dataclass(frozen=True)
class Span:
    first_bad: str
    last_bad: str
    good_before: str  # empty: none of those that were run
    good_after: str

    def text(self) -> str:
        since = f"since {self.first_bad}" + (f" ({self.good_before} is good)" if self.good_before else ", the oldest that was run")
        return since + (f", until {self.last_bad} (ended by {self.good_after})" if self.good_after else ", and still there")


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def minor_of(package: str, version: str) -> str:
    if package == table.WORKERD[0]:
        return version.split(".")[1][:6]
    return ".".join(version.split(".")[:2])


class History:
    def __init__(self, name: str, known: ClassTable, sluice: Path, since: str = "") -> None:
        self._runtime = table.find(name)
        self._known = known
        self._sluice = sluice
        self._package, pinned = self._runtime.versioned_package
        if not self._package:
            raise CannotRun(f"--history {name}: it does not come from npm, so there are no releases to run")
        oldest = since or OLDEST.get(self._package, "0.0.0")
        releases = sorted((one for one in table.versions_of(self._package) if re.fullmatch(r"\d+\.\d+\.\d+", one)), key=numbers)
        if re.fullmatch(r"node\d+", name):  # a line of releases of its own
            releases = [one for one in releases if numbers(one)[0] == numbers(pinned)[0]]
        self.releases = [one for one in releases if numbers(one) >= numbers(oldest)]
        if not self.releases:
            raise CannotRun(f"--history {name}: no release of {self._package} is as new as {oldest}")
        suffix = "" if not self._runtime.flags else "+" + "+".join(self._runtime.flags)
        self._file = FOLDER / f"{self._package.replace('/', '+')}{suffix}.json"
        self._kept: dict[str, dict[str, Any]] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def run(self) -> None:
        sampled = [self.releases[0]]
        for number, release in enumerate(self.releases):
            last_of_minor = number + 1 == len(self.releases) or \
                minor_of(self._package, self.releases[number + 1]) != minor_of(self._package, release)
            if last_of_minor and release not in sampled:
                sampled.append(release)
        print(f"{self._package}: {len(self.releases)} releases, {self.releases[0]} to {self.releases[-1]}; {len(sampled)} are run first", flush=True)
        for release in sampled:
            self._run_release(release)
        for before, after in zip(sampled, sampled[1:]):
            self._bisect(self.releases.index(before), self.releases.index(after))

    def _bisect(self, low: int, high: int) -> None:
        """Runs what lies between two releases, until each change is between neighbours."""
        if high - low < 2 or self._result(self.releases[low]) == self._result(self.releases[high]):
            return
        middle = (low + high) // 2
        self._run_release(self.releases[middle])
        self._bisect(low, middle)
        self._bisect(middle, high)

    def _result(self, release: str) -> dict[str, str]:
        classes: dict[str, str] = self._kept.get(release, {}).get("classes", {})
        return classes

    def _run_release(self, release: str) -> None:
        now = digests(self._known.classes)
        if self._kept.get(release, {}).get("programs") == now:
            return  # a program that was changed, or is new, has not been run
        runtime = self._runtime.at(release)
        there = (table.STORE / f"{self._package.replace('/', '+')}@{release}").exists()
        missing = table.install([runtime])
        if missing:
            print(f"  {release}: {'; '.join(missing.values()).splitlines()[0]}", flush=True)
            return
        try:
            session = host.Session(runtime)
            model = _fit(session, self._sluice)
            found = check_classes(session, self._sluice, self._known, model)
            classes = {name: how(self._known.find(name), case) for name, case in found.items()}
            self._kept[release] = {"programs": now, "model": model, "classes": classes}
        except CannotRun as failure:
            self._kept[release] = {"programs": now, "failure": str(failure)[:300], "classes": {}}
        finally:
            if not there:
                table.remove_package(self._package, release)
        differing = [name for name, result in self._kept[release]["classes"].items() if result == "differs"]
        print(f"  {release}: {', '.join(differing) or self._kept[release].get('failure') or 'agrees'}", flush=True)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        ordered = dict(sorted(self._kept.items(), key=lambda item: numbers(item[0])))
        self._file.write_text(json.dumps(ordered, indent=1) + "\n")

    def spans(self, one: Class) -> list[Span]:
        return spans_of(results_of({release: self._kept[release] for release in self.releases if release in self._kept}, one))


def results_of(kept_releases: dict[str, dict[str, Any]], one: Class) -> list[tuple[str, str]]:
    """What each release does with the class's program, as the program is now."""
    return [(release, result["classes"].get(one.id, "") if result["programs"].get(one.id) == _digest(one.program) else "")
            for release, result in kept_releases.items()]


def spans_of(results: list[tuple[str, str]]) -> list[Span]:
    """`results` are releases in order, with "differs" where the class is there; those without a result are skipped."""
    found: list[Span] = []
    before = first = last = ""
    for release, result in results:
        if result == "differs":
            first, last = first or release, release
        elif result in ("agrees", "otherwise"):
            if first:
                found.append(Span(first, last, before, release))
            before, first = release, ""
    if first:
        found.append(Span(first, last, before, ""))
    return found


def kept(package: str) -> dict[str, dict[str, Any]]:
    file = FOLDER / f"{package.replace('/', '+')}.json"
    found: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
    return found


def digests(classes: list[Class]) -> dict[str, str]:
    return {one.id: _digest(one.program) for one in classes}


def _digest(program: str) -> str:
    return hashlib.sha256(program.encode()).hexdigest()[:8]


def _fit(session: host.Session, sluice: Path) -> str:
    """The tick model in which most programs of the corpus agree, of those that tell the models apart."""
    examples = [example for example in programs.examples_of(sluice, programs.seeds()) if len(example["traces"]) > 1]
    by_name = {example["name"]: example for example in examples}
    agree = dict.fromkeys(programs.MODELS, 0)
    for answer in session.run(examples):
        for model in programs.MODELS:
            agree[model] += traces.visible(programs.expected(by_name[answer.name], model), session.offers) == \
                traces.visible(traces.plain(answer.lines), session.offers)
    return max(agree, key=lambda model: agree[model])
