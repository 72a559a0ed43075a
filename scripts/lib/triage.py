"""From the input of a finding to what a person reads: the shrunk program and its story."""

import dataclasses
import hashlib
import os
import re
import shutil

from libfuzzer import run_flags

# The tools take far less; a program that hangs ends here.
_TOOL_SECONDS = 60


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

    @property
    def file_for_repro(self):
        program = os.path.join(self.folder, "program.ops")
        return program if os.path.exists(program) else os.path.join(self.folder, "input")


def folder_name(identity):
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", identity).strip("-.")
    if name == identity.replace("/", "-") and len(name) <= 70:
        return name
    return f"{name[:70].rstrip('-')}-{hashlib.sha1(identity.encode()).hexdigest()[:6]}"


def keep(finding, artifact, log):
    """Writes what is known at once, so that nothing is lost if the campaign is killed."""
    os.makedirs(finding.folder, exist_ok=True)
    for name in ("program.ops", "story.txt"):  # of an earlier campaign into the same folder
        if os.path.exists(os.path.join(finding.folder, name)):
            os.remove(os.path.join(finding.folder, name))
    shutil.move(artifact, os.path.join(finding.folder, "input"))
    with open(os.path.join(finding.folder, "log.txt"), "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in log)


class Triage:
    def __init__(self, children, sluice, fuzzers, env):
        self._children = children
        self._sluice = sluice
        self._fuzzers = fuzzers
        self._env = env
        self.stopped = False

    async def _run(self, command, folder):
        return await self._children.output(command, env=self._env, folder=folder, seconds=_TOOL_SECONDS)

    async def identity_without_fault(self, identity, input_path, folder):
        """`identity`, if this input has it on the core without the canary's fault too; else another one, or None if it passes."""
        _, text = await self._run([self._sluice, "repro", "--finding", identity, "--", input_path], folder)
        match = re.search(r"^SLUICE-FINDING (.+)$", text, re.MULTILINE)
        return match[1] if match else None

    async def investigate(self, finding):
        for step in (self._reproduce, self._write_program, self._write_story):
            if self.stopped:
                return
            await step(finding)

    async def _reproduce(self, finding):
        command = [os.path.join(self._fuzzers, finding.target), *run_flags(), "input"]
        code, _ = await self._run(command, finding.folder)
        if not self.stopped:
            finding.reproduces = code != 0

    async def _write_program(self, finding):
        program = os.path.join(finding.folder, "program.ops")
        # A codec finding is about the text itself, which would be gone in one that was printed anew.
        is_codec = finding.identity.startswith("codec/")
        if finding.from_oracle and not is_codec:
            flags = ["--finding", finding.identity, *(["--canary"] if finding.canary else [])]
            await self._run([self._sluice, "shrink", *flags, "-o", program, "input"], finding.folder)
        if os.path.exists(program):
            with open(program, encoding="utf-8") as file:
                finding.program = file.read()
            return
        code, text = await self._run([self._sluice, "show", "input"], finding.folder)
        if code == 0:
            finding.program = f"# {finding.identity}\n{text}"
            if not is_codec:
                with open(program, "w", encoding="utf-8") as file:
                    file.write(finding.program)

    async def _write_story(self, finding):
        if finding.kind == "timeout":
            text = f"It did not end in time. The program:\n\n{finding.program}"
        else:
            flags = ["--finding", finding.identity, *(["--canary"] if finding.canary else [])]
            _, text = await self._run([self._sluice, "repro", *flags, "--", finding.file_for_repro], finding.folder)
        with open(os.path.join(finding.folder, "story.txt"), "w", encoding="utf-8") as file:
            file.write(text)
