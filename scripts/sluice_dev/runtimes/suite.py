"""The work of scripts/suite: tests/suite on other implementations of WritableStream.

known.json has, for each runtime, the tests that fail, each with what the runtime does and who is right:

    {"node20": {"write(): size() is called": {"does": "[\\"sink.write a\\"]", "right": "the standard: ..."}}}
"""

import argparse
import json
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from sluice_dev.common import builds
from sluice_dev.common.arguments import Parser
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.runtimes import browsers, scripts, table

FOLDER = ROOT / "tests/suite"
KNOWN = FOLDER / "known.json"
SHELL = ROOT / "build/asan/sluice"  # without a build of its own, as scripts/test has it
_POST = """
let posted = Promise.resolve();
await runTests((line) => { posted = posted.then(() => fetch("/line", { method: "POST", body: line })); });
await posted;
"""

Failures = dict[str, str]  # of a runtime: the name of a test, and what it saw


def parse(words: list[str]) -> argparse.Namespace:
    parser = Parser("scripts/suite")
    parser.add_argument("--runtime", action="append", default=[])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--sluice", type=Path)  # for tests
    options: argparse.Namespace = parser.parse(words)
    return options


def text() -> str:
    return (FOLDER / "harness.js").read_text() + (FOLDER / "writable-streams.any.js").read_text()


def titles() -> list[str]:
    return [str(one["title"]) for one in json.loads((FOLDER / "tests.json").read_text())["tests"]]


def failures(lines: list[str], expected: list[str]) -> Failures:
    """Of the lines that runTests printed. A test without one failed, too."""
    found = {}
    for line in lines:
        if line.startswith('{"name":'):
            answer = json.loads(line)
            found[answer["name"]] = answer["failure"]
    if not found:
        raise CannotRun("no test ran: " + (lines[-1] if lines else "it printed nothing"))
    return {name: str(found.get(name, "it did not come so far")) for name in expected if found.get(name, "") is not None}


def run(runtime: table.Runtime) -> Failures:
    expected = titles()
    if runtime.kind == "webdriver":
        with tempfile.TemporaryDirectory(prefix="sluice-") as name:
            process = browsers.BrowserProcess(runtime.name, text() + _POST, Path(name))
            lines = []
            try:
                for line in process.lines():
                    lines.append(line)
                    if len(lines) == len(expected):
                        break
            finally:
                process.close()
            return failures(lines, expected)
    _, output = scripts.run(runtime, text() + "\nawait runTests((line) => console.log(line));\n")
    return failures(output.splitlines(), expected)


def compare(name: str, failed: Failures, known: dict[str, Any]) -> list[str]:
    """What is not as known.json has it."""
    listed = known.get(name, {})
    complaints = [f"{name} fails: {test}\n    it logs {does}" for test, does in failed.items() if test not in listed]
    complaints += [f"{name} logs something else than known.json has: {test}\n    it logs {does}" for test, does in failed.items()
                   if test in listed and listed[test]["does"] != does]
    complaints += [f"{name} passes, and known.json has it: {test}" for test in listed if test not in failed]
    return complaints + [f"known.json has no verdict: {name}: {test}" for test, one in listed.items() if not one["right"]]


def _available(options: argparse.Namespace) -> tuple[list[table.Runtime], dict[str, str]]:
    wanted = [table.find(name) for name in options.runtime] or list(table.ALL)
    shell = (options.sluice or SHELL).resolve()
    if any(runtime.program == str(table.SLUICE) for runtime in wanted) and options.sluice is None:
        builds.prepare()
        builds.build("asan", "sluice")
        builds.export_sanitizer_options()
    wanted = [replace(runtime, program=str(shell)) if runtime.program == str(table.SLUICE) else runtime for runtime in wanted]
    reasons = table.install(wanted)
    if options.runtime and reasons:
        raise CannotRun("\n".join(f"{name}: {why}" for name, why in reasons.items()))
    return [runtime for runtime in wanted if runtime.name not in reasons], reasons


def main(words: list[str]) -> int:
    options = parse(words)
    known: dict[str, Any] = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    runtimes, reasons = _available(options)
    complaints = []
    passed: dict[str, int] = {}
    count = len(titles())
    for runtime in runtimes:
        try:
            failed = run(runtime)
        except (CannotRun, subprocess.SubprocessError) as error:
            complaints.append(f"{runtime.name} could not run: {error}")
            continue
        print(f"{runtime.name:20} {runtime.version():24} {count - len(failed):4} of {count} pass", flush=True)
        passed[runtime.name] = count - len(failed)
        if options.update:
            old = known.get(runtime.name, {})
            known[runtime.name] = {test: {"does": does, "right": old.get(test, {}).get("right", "")} for test, does in failed.items()}
            KNOWN.write_text(json.dumps({name: tests for name, tests in sorted(known.items()) if tests}, indent=1) + "\n")
        complaints += compare(runtime.name, failed, known)
    for name, why in reasons.items():
        print(f"{name:20} was not run: {why}")
    tell(tests=count, passed=passed, not_run=reasons, complaints=complaints)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0
