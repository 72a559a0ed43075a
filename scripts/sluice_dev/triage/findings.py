"""A finding and its folder: the files that are stored when it is found, and the reports for people and tools."""

import dataclasses
import hashlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from sluice_dev.common import targets as fuzz_targets
from sluice_dev.engines import recent_inputs

TRIES = 10  # reproductions, each in a fresh process


def target_flag(target: str) -> str:
    """What scripts/repro must be told of it, with a blank before it; empty if nothing."""
    facts = fuzz_targets.of(target)
    return f" --target {target}" if facts.judge_flags or not facts.has_programs else ""


@dataclasses.dataclass
class Finding:
    identity: str
    target: str
    kind: str
    rule: str
    from_oracle: bool
    after_seconds: float
    folder: str
    canary: bool = False
    reproduces: bool | None = None  # None: not tried, because the campaign was stopped
    program: str = ""
    engine: str = "libfuzzer"
    seed: str = ""  # the engine's
    command: list[str] = dataclasses.field(default_factory=list)  # that found it, as it was run
    tries: int = 0
    reproduced: int = 0
    others: dict[str, int] = dataclasses.field(default_factory=dict)  # identities that it had instead: how often
    before: int = 0  # inputs that ran before it, in before/
    sequence: list[str] = dataclasses.field(default_factory=list)  # of these, with which it reproduces in one process
    shrunk: bool = False
    portable: str | None = None  # why it cannot be said in JavaScript; "" if it can, None if that was not tried
    suppressed: list[str] = dataclasses.field(default_factory=list)  # keys of which its programs must not die first, as of leaks
    record: dict[str, Any] = dataclasses.field(default_factory=dict)  # of the shrunk input (fuzz/oracle/finding.schema.json); "finding" in the file
    # Of an input that is bytes: what breaks in those that differ in one byte, as identity: how many of them.
    neighbours: dict[str, int] = dataclasses.field(default_factory=dict)
    also_seen_as: list[str] = dataclasses.field(default_factory=list)  # other findings of the same fault
    trouble: str = ""  # why it could not be investigated to the end

    @property
    def file_for_repro(self) -> str:
        program = os.path.join(self.folder, "program.ops")
        return program if os.path.exists(program) else os.path.join(self.folder, "input")

    @property
    def judged(self) -> list[str]:
        """Flags of `sluice-fuzz`. What the canary's target finds besides the planted fault is the core's own."""
        facts = fuzz_targets.of(self.target)
        return ["--canary"] if self.canary else [] if facts.is_canary else facts.judge_flags

    @property
    def by_engine(self) -> str:
        """To be said behind the target; empty if no engine told of it."""
        return f" ({self.engine})" if self.engine else ""

    @property
    def is_codec(self) -> bool:
        """About the text itself, which would be gone in one that was printed anew, or about one that is no program."""
        return self.identity.startswith("codec/") or not self.reads_programs

    @property
    def reads_programs(self) -> bool:
        return fuzz_targets.of(self.target).has_programs

    @property
    def frames(self) -> list[str]:
        frames: list[str] = self.record.get("frames", [])
        return frames

    @property
    def diverges(self) -> str:
        """Where the core does otherwise first, and what, in a sentence; empty if that is not known."""
        record = self.record
        if not record.get("operation"):
            return ""
        after = f", after {record['after']}" if record.get("after") else ""
        return (f"The core diverges from the standard in {record['operation']}{after}: the standard {record['expected']}; "
                f"the core {record['actual']}.")

    @property
    def never_again(self) -> bool:
        return self.tries > 0 and self.reproduced == 0 and not self.sequence

    def how_often(self) -> str:
        if self.tries == 0:
            return "was not tried again, because the campaign was stopped"
        if self.reproduced == self.tries:
            return f"reproduces, {self.reproduced} of {self.tries} times in a fresh process"
        if self.sequence:
            others = f"{len(self.sequence)} other input{'s' if len(self.sequence) > 1 else ''}"
            return f"reproduces only behind {others}; alone {self.reproduced} of {self.tries} times"
        if self.reproduced:
            return f"flaky: reproduces {self.reproduced} of {self.tries} times in a fresh process"
        return f"does not reproduce: 0 of {self.tries} times in a fresh process"


def folder_name(identity: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._@-]+", "-", identity).strip("-.")
    if name == identity.replace("/", "-", 1) and len(name) <= 70:
        return name
    return f"{name[:70].rstrip('-')}-{hashlib.sha1(identity.encode()).hexdigest()[:6]}"


def write(path: str, text: str) -> None:
    """Whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.replace(path + ".new", path)


def keep(finding: Finding, artifact: str, log: Sequence[str], recent: str | None = None) -> None:
    """Writes what is known at once, so that nothing is lost if the campaign is killed. `recent`: where the process that found it
    kept its last inputs."""
    shutil.rmtree(finding.folder, ignore_errors=True)  # of an earlier campaign into the same folder
    os.makedirs(finding.folder)
    kept = os.path.join(finding.folder, "input")
    shutil.copyfile(artifact, kept + ".new")
    os.replace(kept + ".new", kept)
    os.remove(artifact)
    write(os.path.join(finding.folder, "log.txt"), "".join(line + "\n" for line in log))
    if recent:
        with open(kept, "rb") as file:
            finding.before = recent_inputs.save(recent, file.read(), os.path.join(finding.folder, "before"))
    seeds = [match[1] for line in log if (match := re.match(r"INFO: Seed: (\d+)", line))]  # libFuzzer's words
    finding.seed = finding.seed or (seeds[-1] if seeds else "")
    write_data(finding, {})


def write_data(finding: Finding, build: Mapping[str, str | bool]) -> None:
    """finding.json, for tools."""
    data = dataclasses.asdict(finding)
    del data["folder"], data["program"], data["trouble"], data["canary"]
    record = data.pop("record")
    data = {"version": 2} | data | {"finding": record, "frames": finding.frames, "how_often": finding.how_often(), "trouble": finding.trouble,
                                    "build": build, "files": sorted(os.listdir(finding.folder))}
    write(os.path.join(finding.folder, "finding.json"), json.dumps(data, indent=2) + "\n")


def load(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The data of finding.json. Raises ValueError with what is wrong."""
    path = os.path.join(folder, "finding.json")
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}. Is {folder} the folder of a finding?") from error
    if not isinstance(data, dict) or data.get("version") != 2 or not all(
            isinstance(data.get(key), str) for key in ("identity", "target", "rule", "kind")):
        raise ValueError(f"{path}: is not a finding of this version of Sluice")
    return data


def restore(folder: str | os.PathLike[str]) -> Finding:
    """The Finding whose folder this is. Raises ValueError with what is wrong."""
    data = load(folder)
    known = {field.name for field in dataclasses.fields(Finding)} - {"folder", "program"}
    finding = Finding(**{key: value for key, value in data.items() if key in known}, record=data.get("finding") or {}, folder=str(folder))
    finding.program = _read(finding, "program.ops")
    return finding


# --- For a person ---

_KINDS = {"crash": "It crashed", "timeout": "It did not end", "oom": "It ran out of memory", "leak": "It leaked memory"}


def _read(finding: Finding, name: str) -> str:
    try:
        with open(os.path.join(finding.folder, name), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def readme(finding: Finding, build: Mapping[str, str | bool], root: str, fuzzers: str) -> str:
    """README.md: what broke, how to see it, what is in the folder."""
    def has(name: str) -> bool:
        return os.path.exists(os.path.join(finding.folder, name))

    inside = not os.path.relpath(finding.folder, root).startswith("..")
    place = shlex.quote(os.path.relpath(finding.folder, root) if inside else finding.folder)
    name = os.path.basename(finding.file_for_repro)
    lines = [f"# {finding.identity}", "", finding.rule, ""]
    how = "A rule was broken" if finding.from_oracle and finding.kind == "crash" else _KINDS.get(finding.kind, "It crashed")
    lines += [f"{how}; found by `{finding.target}`{finding.by_engine} after {finding.after_seconds:.1f} s. It "
              f"{finding.how_often()}.", ""]
    if finding.diverges:
        lines += [finding.diverges, ""]
    if finding.others:
        lines += ["It had other identities instead: " + ", ".join(f"`{other}` ({count} times)" for other, count in finding.others.items()), ""]
    if finding.also_seen_as:
        lines += ["The same fault was also seen as " + ", ".join(f"`{other}`" for other in finding.also_seen_as) + " (folder `also/`).", ""]
    if finding.program:
        what = "The smallest program that shows it" if finding.shrunk else "The program, as it was found"
        lines += ["## The program", "", f"{what} (`{name}`):", "", _indented(finding.program)]
    if report := _read(finding, "report.txt"):
        lines += ["## What happens", "", _indented(report)]
    stack = _read(finding, "stack.txt")
    if stack and "    #0 " not in report:
        lines += ["## The stack", "", _indented("\n".join(stack.splitlines()[:40])), "All of it is in `stack.txt`.", ""]
    over = f"SLUICE_IGNORE_FINDINGS={shlex.quote(','.join(finding.suppressed))} " if finding.suppressed else ""
    lines += ["## See it again", "", f"In the folder of Sluice, `{root}` when this was found; `{place}` is this folder:", "",
              "    scripts/repro" + ("" if build.get("sanitizer") != "undefined" else " --sanitizer undefined")
              + f"{target_flag(finding.target)} {place}/{name}", "",
              "With the fuzz target itself, built as it was:", "",
              f"    {over}{os.path.relpath(fuzzers, root)}/{finding.target} {place}/input", ""]
    if finding.sequence:
        sequence = " ".join(f"{place}/sequence/{number:03}" for number in range(1, len(finding.sequence) + 1))
        lines += ["Alone it passes; it needs these inputs before it, in one process:", "",
                  f"    {os.path.relpath(fuzzers, root)}/{finding.target} {sequence} {place}/input", ""]
    if has("program.js"):
        lines += ["On any implementation (Node, Deno, Bun, a browser), which prints a trace to compare with `model.trace`:", "",
                  f"    node {place}/program.js", ""]
    elif finding.portable:
        lines += [f"There is no `program.js`: {finding.portable}", ""]
    if finding.reproduced == finding.tries and finding.tries:
        lines += ["Once it is fixed, make it a regression test:", "", f"    scripts/promote {place}", ""]
    lines += ["## How it was found", ""]
    lines += ["Inputs that ran before it are in `before/`, the oldest first." if has("before") else "",
              f"Seed of the engine: {finding.seed or 'unknown'}. Its command:", "", "    " + " ".join(shlex.quote(word) for word in finding.command),
              ""]
    lines += ["The build:", ""]
    lines += [f"    {key}: {value}" for key, value in build.items()]
    return "\n".join(lines) + "\n"
