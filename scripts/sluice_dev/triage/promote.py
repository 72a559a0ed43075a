"""scripts/promote, which builds what this needs: makes a regression test of a finding.

A file in corpus/ is a test: tests/fuzz/corpus_test.cc runs each under every oracle, as a test of its own that is named after the file.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from sluice_dev.common import builds
from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.arguments import Parser
from sluice_dev.common.display import say, shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.triage import findings

class Refused(Exception):
    """It cannot be a regression test; the text says why and what to do."""


def check(folder: str, data: Mapping[str, Any]) -> None:
    if fuzz_targets.of(data["target"]).is_canary:
        raise Refused("the canary's fault is planted: it is to be found, not fixed")
    if data["identity"].startswith("codec/"):
        raise Refused("a finding of the codec is about bytes that may be no program; make it a case in tests/fuzz/text_test.cc or "
                      f"tests/fuzz/bytes_test.cc, from {shown(os.path.join(folder, 'shrunk'))}")
    if data.get("sequence"):
        raise Refused("it reproduces only behind other inputs, so no program alone can be its test; the sequence is in "
                      f"{shown(os.path.join(folder, 'sequence'))}")
    tries, reproduced = data.get("tries", 0), data.get("reproduced", 0)
    if tries == 0:
        raise Refused("it was never tried again, because the campaign was stopped. Run scripts/repro with its input")
    if reproduced < tries:
        raise Refused(f"it does not reproduce: {reproduced} of {tries} times in a fresh process. A test of it would be flaky")
    if not os.path.isfile(os.path.join(folder, "program.ops")):
        raise Refused(f"{shown(folder)} has no program.ops: the input is no program")


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class Sluice:
    def __init__(self, binary: str) -> None:
        self._binary = binary

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self._binary, *arguments], stdin=subprocess.DEVNULL, text=True, errors="replace", capture_output=True,
                              timeout=120, check=False)

    def program(self, path: str) -> str:
        """The program's text without comments: the same for the same program."""
        run = self.run("show", "--", path)
        if run.returncode != 0:
            raise Refused(run.stderr.strip())
        return "".join(line for line in run.stdout.splitlines(True) if not line.startswith("#"))


def existing(sluice: Sluice, folder: str, program: str) -> str | None:
    """The file in `folder` that is the same program."""
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if name.endswith(".ops") and sluice.program(path) == program:
            return path
    return None


def first_line(data: Mapping[str, Any], why: str, room: int) -> str:
    text = why or f"{data['identity']}: {data['rule']} (found by {data['target']})"
    # Programs are UTF-8, and an argument may be anything.
    line = "# " + " ".join(text.split()).encode(errors="surrogateescape").decode(errors="replace")
    return (line if len(line.encode()) < room else line.encode()[:max(room - 4, 2)].decode(errors="ignore") + "...") + "\n"


def write_whole(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # Made anew, never over another: two may promote at once.
    temporary = f"{path}.{os.getpid()}.new"
    try:
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.link(temporary, path)
    except OSError as error:
        error.filename = error.filename or path  # a write that fails names no file
        raise
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def promote(root: str, sluice: Sluice, folder: str, name: str, why: str) -> tuple[str, bool]:
    """The path of the new file, relative to the root, and whether it was there already."""
    data = findings.load(folder)
    check(folder, data)
    target = fuzz_targets.of(data["target"]).promoted_to or data["target"]
    name = "regress-" + slug((name or data["identity"]).removeprefix("regress-").removesuffix(".ops"))
    if name == "regress-":
        raise Refused("--name must have letters or digits")
    program = sluice.program(os.path.join(folder, "program.ops"))
    path = os.path.join(root, "corpus", target, name + ".ops")
    same = existing(sluice, os.path.dirname(path), program)
    if same == path:
        return path, True
    if same:
        raise Refused(f"{shown(same)} is the same program already")
    if os.path.exists(path):
        raise Refused(f"{shown(path)} exists already and is another program; give it another --name")
    most = fuzz_targets.of(target).max_len
    if len(program.encode()) + 4 > most:
        raise Refused(f"the program has {len(program.encode())} bytes, and {target} reads {most}: make it shorter by hand")
    write_whole(path, first_line(data, why, most - len(program.encode())) + program)
    return path, False


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/promote")
    parser.add_argument("--root", default=str(ROOT))  # another tree, for tests
    parser.add_argument("--sluice")  # `sluice-fuzz`, for tests: nothing is built
    parser.add_argument("--name", default="")
    parser.add_argument("--why", default="")
    options = parser.parse(arguments)
    if len(options.words) != 1:
        parser.error("name the folder of one finding")
    options.folder, = options.words
    if not os.path.isdir(options.folder):
        raise CannotRun(f"{shown(options.folder)}: no such folder")
    if not options.sluice:
        builds.prepare()
        builds.build("libfuzzer-asan", "sluice-fuzz")
        options.sluice = str(ROOT / "build/libfuzzer-asan/sluice-fuzz")
    builds.export_sanitizer_options()
    sluice = Sluice(options.sluice)
    try:
        path, was_there = promote(options.root, sluice, options.folder, options.name, options.why)
    except Refused as refusal:
        print(f"scripts/promote: refused: {refusal}", file=sys.stderr)
        return 1
    except ValueError as error:
        raise CannotRun(str(error)) from error
    verdict = sluice.run("repro", "--seconds", "20", "--", path)
    tell(file=path, was_there=was_there, passes=verdict.returncode == 0)
    test = f"{os.path.basename(os.path.dirname(path))}_{re.sub('[^A-Za-z0-9]', '_', os.path.basename(path).removesuffix('.ops'))}"
    say(f"{'It is there already' if was_there else 'Written'}: {shown(path)}")
    now = "passes: the fault is fixed here" if verdict.returncode == 0 else "fails until the fault is fixed"
    say(f"It is a test now: Files/CorpusTest.Passes/{test}, which {now}.")
    say(f"Run it:  cmake --build {shown(os.path.join(options.root, 'build/asan'))} --target corpus_tests && "
        f"ctest --test-dir {shown(os.path.join(options.root, 'build/asan'))} -R {test}")
    say("Look at its first line, which says why it exists, and commit it with the fix.")
    return 0
