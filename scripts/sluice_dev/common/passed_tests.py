"""Which tests need not run again, because nothing that they depend on has changed since they passed:

    passed-tests select FOLDER [--all]   writes FOLDER/selection: flags of ctest, one a line; "none" if no test is left
    passed-tests record FOLDER           after ctest: those that passed, from FOLDER/results.xml

A test is known again by the content of all that it can depend on, never by times: of a GoogleTest program, the program and all files of the
checkout that are not compiled into it or documentation; of everything else, all files of the checkout and every program that was built. Both
with V8, the packages that are installed, and the options in the environment. FOLDER/passed.json remembers one passing state a test.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sluice_dev.common import files
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT

_COMPILED_OR_PROSE = (".cc", ".h", ".py", ".md")  # what GoogleTest programs do not read
_OPTIONS = ("ASAN_", "LSAN_", "UBSAN_", "SLUICE_", "PATH")


def _output(command: list[str]) -> bytes:
    try:
        return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotRun(f"what tests depend on cannot be listed: {error}") from error


def _digest(path: Path) -> str:
    try:
        if path.is_symlink():
            return f"-> {os.readlink(path)}"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"error {error.errno}"


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


class Fingerprints:
    """What each test depends on, as it is now."""

    def __init__(self, builds: list[Path]) -> None:
        names = sorted(os.fsdecode(name) for name in _output(["git", "ls-files", "-coz", "--exclude-standard"]).split(b"\0") if name)
        digests = {name: _digest(ROOT / name) for name in names}
        # What is linked. The objects are in it.
        self._programs = {path: _digest(path) for build in builds for path in sorted(build.rglob("*"))
                          if path.is_file() and os.access(path, os.X_OK) and "CMakeFiles" not in path.parts}
        around = [os.fsdecode(_output(["dpkg-query", "-W"])), _digest(ROOT / "build/v8/.complete"),
                  *(f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(_OPTIONS))]
        self._read = _hash([*around, *(f"{name} {digest}" for name, digest in digests.items() if not name.endswith(_COMPILED_OR_PROSE))])
        self._all = _hash([*around, *(f"{name} {digest}" for name, digest in digests.items()),
                           *(f"{path} {digest}" for path, digest in self._programs.items())])

    def of(self, test: dict[str, Any]) -> str:
        """Of an entry of `ctest --show-only=json-v1`."""
        command = test.get("command", [])
        program = self._programs.get(Path(command[0])) if command and any(word.startswith("--gtest_filter=") for word in command) else None
        # Where it is in a CMakeLists.txt says nothing.
        what = json.dumps([command, test.get("properties", [])], sort_keys=True)
        return _hash([what, self._all if program is None else f"{program} {self._read}"])


def select(folder: Path, every: bool) -> None:
    listed = json.loads(_output(["ctest", "--test-dir", str(folder), "--show-only=json-v1"]))
    builds = re.findall(r'subdirs\("(.+)"\)', (folder / "CTestTestfile.cmake").read_text())
    fingerprints = Fingerprints([(folder / build).resolve() for build in builds])
    tests = [(test["name"], fingerprints.of(test)) for test in listed["tests"]]
    twice = [name for name, count in Counter(name for name, _ in tests).items() if count > 1]
    tests = [(name, "" if name in twice else fingerprint) for name, fingerprint in tests]  # results do not say which of them passed
    files.write_json(folder / "selected.json", dict(tests))
    passed = {} if every else files.read_json(folder / "passed.json") or {}
    unchanged = {number: passed[name]["passed"] for number, (name, fingerprint) in enumerate(tests, 1)
                 if name in passed and passed[name]["fingerprint"] == fingerprint}
    left = [number for number in range(1, len(tests) + 1) if number not in unchanged]
    same = len(unchanged)
    if same:
        sys.stderr.write(f"{same:,} of {len(tests):,} tests are not run: they passed (the last of them at {max(unchanged.values())}), and nothing "
                         "that they depend on has changed since. scripts/test --all runs them, too.\n")
    # ctest's way to name tests by number: no range, then each.
    flags = ["none"] if not left else [] if not same else ["-I", ",".join(map(str, [0, 0, 0, *left]))]
    files.write_whole(folder / "selection", "".join(f"{flag}\n" for flag in flags))


def record(folder: Path) -> None:
    try:
        cases = list(ElementTree.parse(folder / "results.xml").iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        raise CannotRun(f"{folder / 'results.xml'}: no results of ctest: {error}") from error
    # As all was before they ran: who edits a file meanwhile has them run again.
    selected = files.read_json(folder / "selected.json") or {}
    passed = files.read_json(folder / "passed.json") or {}
    now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    for case in cases:
        name = case.get("name", "")
        passed.pop(name, None)
        if case.get("status") == "run" and case.find("failure") is None and selected.get(name):
            passed[name] = {"fingerprint": selected[name], "passed": now}
    files.write_json(folder / "passed.json", passed)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["select", folder]:
            select(Path(folder), every=False)
        case ["select", folder, "--all"]:
            select(Path(folder), every=True)
        case ["record", folder]:
            record(Path(folder))
        case _:
            raise CannotRun("passed-tests takes `select` or `record`, and a folder")
    return 0
