"""The work of scripts/observable: one build walks every edge, the other runs its programs."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice_dev.common import builds
from sluice_dev.common.arguments import Parser
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.mutation import campaigns

_DEFAULT = ["--family", "sinks"]


def _checked_out() -> tuple[Path, dict[str, str]]:
    builds.build("explore", "sluice-fuzz")
    return ROOT / "build/explore/sluice-fuzz", {}


def _patched(patch: Path, work: Path) -> Path:
    """A sluice-fuzz of a copy of this checkout with the patch in it."""
    campaigns.copy_tree(ROOT, work)
    run = subprocess.run(["git", "apply", str(patch.resolve())], cwd=work, check=False, stderr=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise CannotRun(f"{patch} is no patch for this checkout:\n{run.stderr}")
    # What is the same in another folder need not be compiled again.
    environment = os.environ | {"CCACHE_BASEDIR": str(work), "CCACHE_NOHASHDIR": "1"}
    command = [str(work / "scripts/explore"), "--seconds", "1", "--no-judge", "--sink", "none"]
    run = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                         check=False)
    built = work / "build/explore/sluice-fuzz"
    if not built.exists():
        raise CannotRun(f"{patch}: the build with it failed:\n{run.stderr}")
    return built


@contextmanager
def version(name: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """A sluice-fuzz, and what its environment has besides."""
    if match := re.fullmatch(r"mutant:([1-9]\d*)", name):
        builds.build("mutants", "sluice-fuzz")
        yield ROOT / "build/mutants/sluice-fuzz", {"SLUICE_MUTANT": match[1]}
    elif (path := Path(name)).is_dir():
        if not (path / "sluice-fuzz").is_file():
            raise CannotRun(f"{name} has no sluice-fuzz")
        yield path / "sluice-fuzz", {}
    elif path.is_file():
        with tempfile.TemporaryDirectory(prefix="sluice-observable-") as work:
            yield _patched(path, Path(work)), {}
    else:
        raise CannotRun(f"{name}: expected a folder with a sluice-fuzz, a patch, or mutant:N")


def compare(ours: tuple[Path, dict[str, str]], theirs: tuple[Path, dict[str, str]], flags: list[str]) -> int:
    """The exit code. `ours` walks."""
    walk = [str(ours[0]), "explore", "--no-judge", "--traces", "-", *(flags or _DEFAULT)]
    with subprocess.Popen(walk, env=os.environ | ours[1], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as walker:
        run = subprocess.run([str(theirs[0]), "compare-traces"], env=os.environ | theirs[1], stdin=walker.stdout, check=False)
        assert walker.stdout is not None
        walker.stdout.close()  # so that it ends where nobody reads any more
        walker.wait()
    if run.returncode < 0:
        print(f"An author can tell them apart: one is ended by signal {-run.returncode} in a program, which scripts/explore finds in it.")
        return 1
    return run.returncode


def main(words: list[str]) -> int:
    flags = words[words.index("--") + 1:] if "--" in words else []
    parser = Parser("scripts/observable")
    options = parser.parse(words[:words.index("--")] if "--" in words else words)
    if len(options.words) not in (1, 2):
        parser.error("expected one or two builds of the core")
    for name in options.words:
        if not re.fullmatch(r"mutant:[1-9]\d*", name) and not Path(name).exists():
            parser.error(f"{name}: expected a folder with a sluice-fuzz, a patch, or mutant:N")
    builds.prepare()
    with version(options.words[0]) as theirs:
        if len(options.words) == 1:
            code = compare(_checked_out(), theirs, flags)
        else:
            with version(options.words[1]) as ours:
                code = compare(ours, theirs, flags)
    tell(can_be_told_apart=code == 1)
    return code
