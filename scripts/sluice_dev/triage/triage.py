"""From the input of a finding to its report: reproduced, shrunk, reported and grouped.

Triage.investigate handles one finding and may be interrupted anywhere: files that exist stay, and the files that were stored when it was
found never change. Then grouping.py merges the findings of one fault.
"""

import collections
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from sluice_dev.common import provenance
from sluice_dev.common import sanitizer_options
from sluice_dev.common.paths import PACKAGE
from sluice_dev.common.processes import Children
from sluice_dev.engines.libfuzzer import rerun_flags, run_flags
from sluice_dev.triage import findings
from sluice_dev.triage.findings import Finding
from sluice_dev.triage.report import Report, parsed

# The tools take far less; a program that hangs ends here.
_TOOL_SECONDS = 60
# Bounds of work, so that the same finding gets the same result on every machine. The clock only ends what hangs.
SHRINK_EXECUTIONS = 4000
SEQUENCE_RUNS = 150
_SHRINK_SECONDS = 1800
_REPRO_SECONDS = 5

# What AddressSanitizer says of every run in V8, whose microtasks have a stack of their own: not part of the report.
_FIBERS = re.compile(r"^==\d+==WARNING: ASan doesn't fully support makecontext.*\n", re.MULTILINE)
_MOST_NEIGHBOURS = 200  # of one input

_SAME_FINDING = (str(PACKAGE), "same-finding")


class Triage:
    def __init__(self, children: Children, sluice: str, fuzzers: str, env: Mapping[str, str], root: str, preset: str) -> None:
        self._children = children
        self._sluice = sluice
        self._fuzzers = fuzzers
        self._env = env
        self._root = root
        self.build = provenance.build(root, preset)
        self.stopped = False
        # Behind what the environment says already.
        more = sorted(sanitizer_options.read("asan.options", "sluice in triage").items() - sanitizer_options.read("asan.options").items())
        self._asan_options = ":".join(filter(None, (env.get("ASAN_OPTIONS"), *map("=".join, more))))

    async def _run(self, command: Sequence[str], folder: str, seconds: float = _TOOL_SECONDS, **more: str) -> tuple[int | None, str]:
        return await self._children.output(command, env={**self._env, **more}, folder=folder, seconds=seconds)

    async def _ask(self, arguments: Sequence[str], folder: str, seconds: float = _TOOL_SECONDS, **more: str) -> tuple[int | None, str]:
        """`sluice`, about programs that may have leaks besides."""
        return await self._run([self._sluice, *arguments], folder, seconds, ASAN_OPTIONS=self._asan_options, **more)

    def _target(self, finding: Finding) -> str:
        return os.path.join(self._fuzzers, finding.target)

    async def _record(self, finding_or_key: str, judged: Sequence[str], path: str, folder: str) -> dict[str, Any] | None:
        """The record of what `sluice-fuzz repro` finds in a file; None if that is nothing, or the tool was ended."""
        flags = ["--json", "--finding", finding_or_key, "--seconds", str(_REPRO_SECONDS), *judged]
        _, text = await self._ask(["repro", *flags, "--", path], folder)
        return next((record for line in text.splitlines() if line.startswith("{") and (record := parsed(line))), None)

    async def identity_without_fault(self, target: str, suppressed: Sequence[str], input_path: str, folder: str) -> str | None:
        """What `target`, which is the canary's without its fault, finds in an input of the canary's; None if it passes. It is built before
        the canary is, and `sluice-fuzz` is not."""
        code, text = await self._run([os.path.join(self._fuzzers, target), *rerun_flags(), input_path], folder,
                                     SLUICE_IGNORE_FINDINGS=",".join(suppressed))
        if code == 0:
            return None
        return Report.of(self._root, text).identity(target)

    async def investigate(self, finding: Finding) -> None:
        try:
            for step in (self._reproduce, self._write_program, self._write_record, self._write_traces, self._write_report,
                         self._look_at_neighbours, self._write_javascript):
                if self.stopped:
                    break
                await step(finding)
        except OSError as error:
            finding.trouble = f"{error.filename or finding.folder}: {error.strerror or error}"
        finally:
            self.tell(finding)

    def tell(self, finding: Finding) -> None:
        """Writes README.md and finding.json anew."""
        try:
            findings.write(os.path.join(finding.folder, "README.md"), findings.readme(finding, self.build, self._root, self._fuzzers))
            findings.write_data(finding, self.build)
        except OSError as error:
            finding.trouble = finding.trouble or f"{error.filename or finding.folder}: {error.strerror or error}"

    # --- Does it happen again? ---

    async def _die(self, finding: Finding, files: Sequence[str], **env: str) -> Report | None:
        """The report of one process of the finding's target that runs `files`; None if it ended well."""
        code, text = await self._run([self._target(finding), *rerun_flags(), *files], finding.folder, seconds=_TOOL_SECONDS * 2,
                                     **_passing_over(finding), **env)
        if code == 0:
            return None
        return Report.of(self._root, text)

    @staticmethod
    def _is_same(finding: Finding, report: Report) -> bool:
        if finding.kind == "timeout" or finding.identity.startswith("unreproduced/"):
            return report.kind == finding.kind
        return report.identity(finding.target) == finding.identity

    async def _reproduce(self, finding: Finding) -> None:
        reports = []
        for _ in range(findings.TRIES):
            report = await self._die(finding, ["input"])
            if self.stopped:
                return
            finding.tries += 1
            if report is None:
                continue
            if self._is_same(finding, report):
                finding.reproduced += 1
                reports.append(report)
            else:
                other = report.identity(finding.target)
                finding.others[other] = finding.others.get(other, 0) + 1
        finding.reproduces = finding.reproduced == finding.tries
        if reports and not finding.from_oracle:
            findings.write(os.path.join(finding.folder, "stack.txt"), reports[0].stack + "\n")
            if finding.kind == "timeout":
                finding.identity = f"timeout/{_where_it_hangs(reports) or finding.target}"
        if finding.reproduces:
            shutil.rmtree(os.path.join(finding.folder, "before"), ignore_errors=True)
            finding.before = 0
        elif finding.before:
            await self._reproduce_behind_others(finding)

    async def _reproduce_behind_others(self, finding: Finding) -> None:
        """Whether it needs what ran before it, and how little of that."""
        before = [f"before/{number:03}" for number in range(1, finding.before + 1)]
        for name in before:
            code, text = await self._ask(["show", name], finding.folder)
            if code == 0:
                findings.write(os.path.join(finding.folder, name + ".ops"), text)
        runs = 0

        async def happens_behind(files: Sequence[str]) -> bool:
            nonlocal runs
            runs += 1
            report = await self._die(finding, [*files, "input"])
            return report is not None and self._is_same(finding, report)

        if self.stopped or finding.reproduced or not await happens_behind(before):
            return
        step = len(before)
        while step > 0 and runs < SEQUENCE_RUNS and not self.stopped:
            end = len(before)
            while end > 0 and runs < SEQUENCE_RUNS:
                begin = max(0, end - step)
                fewer = before[:begin] + before[end:]
                if await happens_behind(fewer):
                    before = fewer
                end = begin
            step //= 2
        folder = os.path.join(finding.folder, "sequence")
        os.makedirs(folder, exist_ok=True)
        for number, name in enumerate(before, 1):
            shutil.copyfile(os.path.join(finding.folder, name), os.path.join(folder, f"{number:03}"))
        finding.sequence = before

    # --- The program ---

    async def _write_program(self, finding: Finding) -> None:
        program = os.path.join(finding.folder, "program.ops")
        unshrunk = os.path.join(finding.folder, "unshrunk.ops")
        code: int | None = 1
        text = ""
        if finding.reads_programs:
            code, text = await self._ask(["show", "input"], finding.folder)
        if code == 0:
            finding.program = f"# {finding.identity}\n{text}"
            if not finding.is_codec:
                findings.write(unshrunk, finding.program)
        # What happens sometimes cannot be shrunk: a candidate that passes may be a smaller one that was lucky.
        if finding.reproduces and not self.stopped:
            await self._shrink(finding, program, is_program=code == 0)
        if finding.shrunk and os.path.exists(program):  # bytes that are no program are shrunk to `shrunk`
            with open(program, encoding="utf-8", errors="replace") as file:
                finding.program = file.read()
        elif code == 0 and not finding.is_codec and not finding.shrunk:
            shutil.copyfile(unshrunk, program)

    async def _shrink(self, finding: Finding, program: str, is_program: bool) -> None:
        command = ["shrink", "--finding", finding.identity, "-o", program]
        if finding.is_codec or not is_program:
            program = os.path.join(finding.folder, "shrunk")
            command = ["shrink", "--bytes", "-o", program]
        asking = ["--command", shlex.join([sys.executable, "-B", *_SAME_FINDING, "--root", self._root, "--identity", finding.identity,
                                           self._target(finding), *run_flags(), "--"]), "--executions", str(SHRINK_EXECUTIONS)]
        with tempfile.TemporaryDirectory(prefix="shrink-", dir=finding.folder) as scratch:
            code = None
            by_judge = finding.from_oracle and finding.reads_programs
            if by_judge:
                code, _ = await self._ask([*command, *finding.judged, "input"], finding.folder, seconds=_SHRINK_SECONDS, TMPDIR=scratch)
            # In V8, which has no children, a candidate may have ended the process by another fault.
            if not self.stopped and (not by_judge or (code != 0 and "--v8" in finding.judged)):
                code, _ = await self._run([self._sluice, *command, *asking, *finding.judged, "input"], finding.folder, seconds=_SHRINK_SECONDS,
                                          TMPDIR=scratch, **_passing_over(finding))
        if self.stopped:
            return  # what it has so far is there, and fails in the same way
        report = await self._die(finding, [os.path.basename(program)]) if code == 0 and os.path.exists(program) else None
        finding.shrunk = report is not None and self._is_same(finding, report)
        if not finding.shrunk and os.path.exists(program):
            os.remove(program)
        if finding.shrunk and finding.suppressed:
            suppressed, finding.suppressed = finding.suppressed, []
            report = await self._die(finding, [os.path.basename(program)])
            if report is None or not self._is_same(finding, report):
                finding.suppressed = suppressed

    # --- What it shows ---

    async def _write_record(self, finding: Finding) -> None:
        """The record of the shrunk input. Of a crash, the sanitizer has the kind and the stack, and the tool what the core did until then."""
        if not finding.reproduced:
            return
        name = os.path.basename(finding.file_for_repro)
        report = await self._die(finding, [name])
        if report is None:
            return
        finding.record = dict(report.record(finding.target, finding.kind))
        if finding.from_oracle or not finding.reads_programs:
            return
        died = await self._record(finding.identity, finding.judged, name, finding.folder)
        if died is not None:
            finding.record |= {key: died[key] for key in ("operation", "after", "expected", "actual", "also", "trace")}
            if finding.record["trace"]:  # as far as it got
                findings.write(os.path.join(finding.folder, "core.trace"), "".join(line + "\n" for line in finding.record["trace"]))

    async def _write_report(self, finding: Finding) -> None:
        if finding.reads_programs:
            flags = ["--finding", finding.identity, "--seconds", str(_REPRO_SECONDS), *finding.judged]
            question = ["repro", *flags, "--", os.path.basename(finding.file_for_repro)]
            leaks = finding.kind == "leak"
            _, text = await (self._run([self._sluice, *question], finding.folder) if leaks else self._ask(question, finding.folder))
            text = _FIBERS.sub("", text)
        else:  # What the target itself prints is the report.
            _, text = await self._run([self._target(finding), *rerun_flags(), "input"], finding.folder)
        findings.write(os.path.join(finding.folder, "report.txt"), text)

    async def _look_at_neighbours(self, finding: Finding) -> None:
        """What breaks in inputs that are nearly this one. (Of programs, the place where the core diverges says more.)"""
        path = os.path.join(finding.folder, "shrunk")
        if finding.reads_programs or finding.kind != "crash" or not finding.shrunk:
            return
        with open(path, "rb") as file:
            inputs = _neighbours(file.read())
        inputs = inputs[::-(-len(inputs) // _MOST_NEIGHBOURS)]
        broken: collections.Counter[str] = collections.Counter()
        with tempfile.TemporaryDirectory(prefix="neighbours-", dir=finding.folder) as scratch:
            for data in inputs:
                if self.stopped:
                    return
                with open(os.path.join(scratch, "input"), "wb") as file:
                    file.write(data)
                report = await self._die(finding, [os.path.join(scratch, "input")])
                if report is not None:
                    broken[report.identity(finding.target)] += 1
        finding.neighbours = dict(sorted(broken.items()))

    async def _write_traces(self, finding: Finding) -> None:
        if finding.is_codec or not os.path.exists(os.path.join(finding.folder, "program.ops")):
            return
        sides = [("model.trace", ["--model"])]
        if finding.from_oracle and "--v8" not in finding.judged:
            sides.append(("core.trace", finding.judged))
        for name, flags in sides:
            code, text = await self._ask(["trace", *flags, "program.ops"], finding.folder)
            if code == 0:
                findings.write(os.path.join(finding.folder, name), text)

    async def _write_javascript(self, finding: Finding) -> None:
        if finding.is_codec or not os.path.exists(os.path.join(finding.folder, "program.ops")):
            finding.portable = "it is about the program's text or bytes, not about a stream"
            return
        code, text = await self._ask(["emit", "program.ops", "--format", "interpreter"], finding.folder)
        if code == 0:
            finding.portable = ""
            findings.write(os.path.join(finding.folder, "program.js"), text)
        else:
            finding.portable = text.strip()


def _neighbours(data: bytes) -> list[bytes]:
    """Without one of its bytes, or with another one there or before it."""
    near = []
    for i in range(len(data)):
        near += [data[:i] + data[i + 1:], data[:i] + b"a" + data[i + 1:], data[:i] + b"a" + data[i:]]
    near.append(data + b"a")
    return [other for other in dict.fromkeys(near) if other not in (data, b"")]


def _passing_over(finding: Finding) -> dict[str, str]:
    """So that a program that has other findings besides ends by this one, as it did when it was found."""
    return {"SLUICE_IGNORE_FINDINGS": ",".join(finding.suppressed)} if finding.suppressed else {}


def _where_it_hangs(reports: Sequence[Report]) -> str | None:
    """The innermost function of the core that it was in each time it was stopped: the one that does not end, and not one that it
    calls."""
    stacks = [[frame.function for frame in reversed(report.frames) if frame.file.startswith("src/core/")] for report in reports]
    common = os.path.commonprefix(stacks)
    return common[-1] if common else None
