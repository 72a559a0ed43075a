"""build/release/sluice, optimised with a profile of what streams are used for."""

import os
import shutil
import subprocess
from pathlib import Path

from sluice_dev.common import builds
from sluice_dev.common.arguments import Parser
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT

_WORKLOADS = (ROOT / "tests/bench/workloads.js", ROOT / "tests/bench/training.js")


def _profdata() -> str:
    """The tool of the compiler's own version: another may not read the counts."""
    named = subprocess.run(["clang++", "-print-prog-name=llvm-profdata"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    return shutil.which(named) or "llvm-profdata"


def _train(sluice: Path, profile: Path) -> None:
    counts = profile.parent / "counts"
    shutil.rmtree(counts, ignore_errors=True)
    builds.say("Training build/release")
    environment = os.environ | {"LLVM_PROFILE_FILE": str(counts / "%m.profraw")}
    if subprocess.run([sluice, "run", *_WORKLOADS], env=environment, check=False).returncode != 0:
        raise CannotRun("the training of build/release failed; its own words are above")
    whole = profile.with_suffix(".new")
    if subprocess.run([_profdata(), "merge", "-o", whole, *counts.glob("*.profraw")], check=False).returncode != 0:
        raise CannotRun("the profile of build/release could not be made")
    whole.replace(profile)
    shutil.rmtree(counts)


def build() -> None:
    """Trains again only when the program or its training has changed."""
    builds.build("release-training", "sluice")
    folder = ROOT / "build/release-training"
    profile = folder / "sluice.profdata"
    trained = profile.stat().st_mtime if profile.exists() else 0
    if any(path.stat().st_mtime > trained for path in (folder / "sluice", *_WORKLOADS)):
        _train(folder / "sluice", profile)
    builds.build("release", "sluice")


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/release")
    options = parser.parse(arguments)
    if options.words:
        parser.error(f"unknown argument {options.words[0]}")
    builds.prepare()
    build()
    builds.say("Built build/release/sluice")
    return 0
