"""The work of scripts/coverage: runs programs and tests in the instrumented build, and prints their coverage."""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sluice_dev.common import builds
from sluice_dev.common.arguments import Parser
from sluice_dev.common.display import say, shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.coverage import script as coverage_script
from sluice_dev.coverage import steps as coverage_steps
from sluice_dev.coverage import unreached
from sluice_dev.coverage.data import CoverageData
from sluice_dev.coverage.script import ScriptCoverage
from sluice_dev.coverage.steps import Citation
from sluice_dev.coverage.unreached import Reasons

ROOMS = ("src/core", "src/sim", "src/v8", "fuzz/driver", "fuzz/model", "fuzz/oracle", "fuzz/program", "fuzz/v8")
METRICS = ("lines", "branches", "regions")
# What replays programs: as programs, as text, and in V8.
REPLAYERS = ("fuzzers/writable_stream_fuzzer", "fuzzers/program_codec_fuzzer", "fuzzers/v8_binding_fuzzer")
TESTS = ("tests/core/core_tests", "tests/sim/sim_tests", "tests/fuzz/program_tests", "tests/fuzz/oracle_tests",
         "tests/v8/v8_tests", "tests/v8/v8_conformance_tests")
# Not ours, not measured, or made by the build. Paths are as the compiler got them.
NOT_SHOWN = r"\.\./\.\./(tests|src/runtime|src/shell|fuzz/harness|fuzz/lab|fuzz/targets|fuzz/state_coverage)/|/generated/|^/usr/|/build/v8/"


Measured = dict[str, CoverageData]  # by what ran: corpus, grown, tests; each with all before it


class CannotMeasure(CannotRun):
    pass


@dataclasses.dataclass(frozen=True)
class Judgement:
    problems: list[str]
    reasons: Reasons
    cited: list[Citation]
    missed: list[Citation]  # that no program of corpus/ performs, or not whole


class Runs:
    """Programs that ran in the instrumented build, and where their counts are."""

    def __init__(self, build: Path, work: Path, jobs: int) -> None:
        self._build = build
        self._work = work
        self._pool = concurrent.futures.ThreadPoolExecutor(jobs)
        # The core's tests always: what only they instantiate is code of the core, too.
        self.objects = [*REPLAYERS, TESTS[0]]

    def run(self, commands: Iterable[Sequence[str]]) -> list[Path]:
        """Runs all at once, and gives the files of their counts."""
        return [path for paths in self._pool.map(self._run, commands) for path in paths]

    def _run(self, command: Sequence[str]) -> list[Path]:
        program, *arguments = command
        if program not in self.objects:
            self.objects.append(program)
        folder = Path(tempfile.mkdtemp(dir=self._work))
        # %m: by the program and its libraries; processes of the same one add up in one file.
        env = dict(os.environ, LLVM_PROFILE_FILE=str(folder / "%m.profraw"))
        done = subprocess.run([self._build / program, *arguments], cwd=self._build.parent.parent, env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            tail = "\n".join("  " + line for line in done.stdout.split("\n")[-30:])
            raise CannotMeasure(f"{program} failed (exit code {done.returncode}). Its last lines:\n{tail}")
        return list(folder.glob("*.profraw"))


def _tool(name: str) -> str:
    for candidate in (name, f"{name}-14"):
        if path := shutil.which(candidate):
            return path
    raise CannotMeasure(f"{name} is missing; it is in Debian's package llvm")


def _call(*command: str | Path) -> bytes:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise CannotMeasure(f"{command[0]} failed:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def _objects(build: Path, objects: Sequence[str]) -> list[str | Path]:
    first, *others = objects
    return [build / first, *(f"-object={build / other}" for other in others)]


class Coverage:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.root = Path(arguments.root)
        self.out = Path(arguments.out)
        self.build = self.root / "build/coverage"
        self.corpora = [Path(folder) for folder in arguments.corpus]
        self.tests = arguments.tests
        self.html = not arguments.no_html

    def measure(self, work: Path) -> Measured:
        """What was reached by the readable programs, then also by the grown corpora, then also by the tests."""
        runs = Runs(self.build, work, os.cpu_count() or 1)
        say("Running the programs of corpus/")
        counts = {"corpus": runs.run([(replayer, "corpus") for replayer in REPLAYERS])}
        if self.corpora:
            say(f"Running the grown corpus: {', '.join(shown(str(folder)) for folder in self.corpora)}")
            counts["grown"] = runs.run([(replayer, str(folder)) for replayer in REPLAYERS for folder in self.corpora])
        if self.tests:
            say("Running the unit tests")
            counts["tests"] = runs.run([(test, "--gtest_brief=1") for test in TESTS])
        data: Measured = {}
        merged: Path | None = None
        before: list[Path] = []
        for name, files in counts.items():
            before += files
            merged = work / f"{name}.profdata"
            _call(_tool("llvm-profdata"), "merge", "-sparse", *before, "-o", merged)
            what = (f"-instr-profile={merged}", f"-ignore-filename-regex={NOT_SHOWN}", *_objects(self.build, runs.objects))
            export = _call(_tool("llvm-cov"), "export", "-format=text", *what)
            lcov = _call(_tool("llvm-cov"), "export", "-format=lcov", *what).decode()
            data[name] = CoverageData(json.loads(export), lcov, self.root)
        if self.html:
            say("Writing the annotated sources")
            shutil.rmtree(self.out / "html", ignore_errors=True)
            _call(_tool("llvm-cov"), "show", "-format=html", f"-output-dir={self.out / 'html'}", "-show-branches=count",
                  "-show-line-counts-or-regions", f"-instr-profile={merged}", f"-ignore-filename-regex={NOT_SHOWN}",
                  f"-Xdemangler={_tool('c++filt')}", *_objects(self.build, runs.objects))
        return data

    def measure_script(self) -> ScriptCoverage:
        """The script of the stream classes, by the readable programs and the grown corpora."""
        say(f"Running them once more, for {coverage_script.SOURCE}")
        return coverage_script.measure(self.root, self.build, ["corpus", *map(str, self.corpora)])

    def judge(self, data: Measured) -> Judgement:
        """Compares what was reached with the list of unreached lines and the steps that are cited."""
        path = self.root / "tests/coverage/unreached.txt"
        entries, problems = unreached.read(path, path.relative_to(self.root))
        core = {p: file for p, file in data["corpus"].files.items() if p.startswith("src/core/")}
        wrong, reasons = unreached.check(entries, core, data["tests"].files if self.tests else None)
        problems += wrong
        cited = coverage_steps.citations(self.root)
        coverage_steps.judge(cited, core)
        missed = [citation for citation in cited if citation.first and (citation.unreached or not citation.reached)]
        for citation in missed:
            lines = citation.unreached or [citation.first]
            if not any((citation.path, line) in reasons for line in lines):
                problems.append(f"{citation.path}:{lines[0]}: no program of corpus/ performs {citation.name}"
                                f"{' whole' if citation.reached else ''}")
        if "grown" in data:
            for name, file in core.items():
                for line in sorted(set(file.unreached()) - set(data["grown"].files[name].unreached())):
                    say(f"Note: the grown corpus reaches {name}:{line} `{file.text[line - 1].strip()}`; a readable program could, too")
        return Judgement(problems, reasons, cited, missed)

    def write(self, data: Measured, judgement: Judgement, script: ScriptCoverage) -> dict[str, Any]:
        self.out.mkdir(parents=True, exist_ok=True)
        reasons, missed = judgement.reasons, judgement.missed
        files = {path: {name: data[name].files[path].totals() for name in data if path in data[name].files}
                 for path in sorted(data["corpus"].files) if _room(path)}
        steps = [{"operation": c.operation, "anchor": c.anchor, "steps": c.steps, "file": c.path, "line": c.line,
                  "partly": c.reached, "reason": _reason(c, reasons)} for c in missed]
        summary: dict[str, Any] = {"sets": list(data), "rooms": _rooms(data), "files": files, "problems": judgement.problems,
                   "steps": {"cited": sum(len(c.steps) for c in judgement.cited), "not_performed": steps},
                   "unreached": [{"file": path, "line": line, "reason": reason} for (path, line), reason in sorted(reasons.items())]}
        sided = [{"file": path, "line": line, "condition": text, "never": never}
                 for path, file in sorted(data["corpus"].files.items()) if path.startswith("src/core/")
                 for line, text, never in file.one_sided()]
        summary["one_sided"] = sided
        summary["script"] = {"file": coverage_script.SOURCE, **dataclasses.asdict(script)}
        (self.out / "script.txt").write_text(
            f"# Functions and blocks of {coverage_script.SOURCE} that no program reaches, as V8 counts them.\n" +
            "".join(f"{each}\n" for each in script.unreached), encoding="utf-8")
        (self.out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        (self.out / "branches.txt").write_text(
            "# Conditions of src/core that had one outcome only in all programs of corpus/.\n" +
            "".join(f"{s['file']}:{s['line']}: `{s['condition']}` was never {s['never']}\n" for s in sided), encoding="utf-8")
        lines = [f"{c.name}  {c.path}:{c.line}{'  partly' if c.reached else ''}  # {_reason(c, reasons)}" for c in missed]
        (self.out / "steps.txt").write_text(
            "# Steps of the standard that no program of corpus/ performs.\n" + "".join(line + "\n" for line in lines),
            encoding="utf-8")
        return summary


def _room(path: str) -> str | None:
    return next((room for room in ROOMS if path.startswith(room + "/")), None)


def _reason(citation: Citation, reasons: Reasons) -> str:
    return next((reasons[citation.path, line] for line in citation.unreached or [citation.first]
                 if (citation.path, line) in reasons), "")


def _rooms(data: Measured) -> dict[str, Any]:
    rooms: dict[str, Any] = {room: {name: {metric: {"count": 0, "reached": 0} for metric in METRICS} for name in data} for room in ROOMS}
    for name, measured in data.items():
        for path, file in measured.files.items():
            if room := _room(path):
                for metric, total in file.totals().items():
                    for key, value in total.items():
                        rooms[room][name][metric][key] += value
    return rooms


def _percent(total: Mapping[str, int]) -> str:
    if total["count"] == 0:
        return "-"
    # Not 100.0 unless it is.
    return f"{int(1000 * total['reached'] / total['count']) / 10:.1f}%"


def print_tables(summary: Mapping[str, Any]) -> None:
    sets = summary["sets"]
    titles = {"corpus": "corpus", "grown": "+ grown", "tests": "+ tests"}
    rows = [("", *(f"{metric if name == sets[0] else ''}" for metric in METRICS for name in sets)),
            ("", *(titles[name] for _ in METRICS for name in sets))]
    rows += [(room, *(_percent(totals[name][metric]) for metric in METRICS for name in sets))
             for room, totals in summary["rooms"].items()]
    rows.append(("",) * len(rows[0]))
    for path, totals in summary["files"].items():
        if path.startswith("src/core/"):
            rows.append((path, *(_percent(totals[name][metric]) for metric in METRICS for name in sets)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        say("  ".join(f"{cell:{'<' if i == 0 else '>'}{widths[i]}}" for i, cell in enumerate(row)).rstrip())


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/coverage")
    parser.add_argument("--out", default=str(ROOT / "build/coverage/report"))
    parser.add_argument("--corpus", action="append", default=[])
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--no-html", action="store_true")
    options = parser.parse(arguments)
    if options.words:
        parser.error(f"unknown argument {options.words[0]}")
    for folder in options.corpus:
        if not os.path.isdir(folder) or not os.access(folder, os.R_OK):
            raise CannotRun(f"{shown(folder)}: no such folder, or it cannot be read")
    if not options.corpus and (grown := ROOT / "build/corpus").is_dir():
        options.corpus = [str(grown)]
    options.corpus = [os.path.realpath(folder) for folder in options.corpus]
    options.out = os.path.realpath(options.out)
    options.root = str(ROOT)
    builds.prepare()
    builds.build("coverage", coverage_script.PROGRAM, *(os.path.basename(path) for path in (*REPLAYERS, *(TESTS if options.tests else TESTS[:1]))))
    coverage = Coverage(options)
    coverage.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="counts-", dir=coverage.out) as work:
        data = coverage.measure(Path(work))
    script = coverage.measure_script()
    judgement = coverage.judge(data)
    problems, reasons, missed = judgement.problems, judgement.reasons, judgement.missed
    summary = coverage.write(data, judgement, script)
    tell(**summary, problems=problems)
    say()
    print_tables(summary)
    say(f"\nOf {summary['steps']['cited']} steps of the standard that src/core cites, no program of corpus/ performs "
        f"{sum(len(c.steps) for c in missed)}:" if missed else
        f"\nThe programs of corpus/ perform all {summary['steps']['cited']} steps of the standard that src/core cites.")
    for citation in missed:
        say(f"  {citation.name}{' (partly)' if citation.reached else ''}: {_reason(citation, reasons) or 'no reason is given'}")
    if reasons:
        say(f"\n{len(reasons)} lines of src/core that no program of corpus/ reaches have their reason in tests/coverage/unreached.txt.")
    say(f"\n{len(summary['one_sided'])} conditions of src/core had one outcome only; they are in {shown(str(coverage.out / 'branches.txt'))}.")
    say(f"\n{script.reached} of {script.lines} lines of {coverage_script.SOURCE} are reached. {len(script.unreached)} functions and blocks "
        f"are not; they are in {shown(str(coverage.out / 'script.txt'))}.")
    say(f"\n{'Annotated sources: ' + shown(str(coverage.out / 'html/index.html')) + ', the numbers: ' if coverage.html else 'The numbers: '}"
        f"{shown(str(coverage.out / 'summary.json'))}")
    if problems:
        say("\n" + "\n".join(problems))
        say(f"\n{len(problems)} problem{'s' if len(problems) > 1 else ''}.")
        return 1
    return 0
