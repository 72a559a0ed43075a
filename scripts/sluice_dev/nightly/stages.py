"""The stages of a night: what each runs, and what its exit codes mean."""

from dataclasses import dataclass
from typing import Callable

from sluice_dev.common.paths import ROOT

SCRIPTS = ROOT / "scripts"
CAMPAIGNS = ("address", "undefined")
# A campaign needs ten seconds to find its canary.
SMALLEST_SECONDS = 20 * len(CAMPAIGNS)
PRESETS = ("asan", "ubsan", "libfuzzer-asan", "libfuzzer-ubsan", "afl-asan", "afl-ubsan", "afl-cmplog")


def _judge(codes: list, _options) -> tuple:
    """As everywhere: 0 passed, 1 found something, all else could not run."""
    worst = max((code if code >= 0 else 128 - code) for code in codes)
    if worst == 0:
        return "passed", ""
    if worst == 1:
        return "failed", ""
    return "unable", f"exit code {worst}"


@dataclass(frozen=True)
class Stage:
    name: str
    title: str
    commands: Callable  # (options, record) -> commands, one after the other; none: there is nothing to do
    judge: Callable = _judge
    is_needed: bool = False  # without it the others cannot run


def _build(options, _record) -> list:
    setup = f'source "{SCRIPTS}/lib/setup.sh"; install_packages'
    presets = "; ".join(f"build {preset}" for preset in PRESETS)
    # As scripts/nightly, so that messages name it.
    return [["bash", "-c", f"set -euo pipefail; {setup}; {presets}", SCRIPTS / "nightly"]]


def _restore(options, _record) -> list:
    if options.archive is None or not options.archive.exists():
        return []
    return [[SCRIPTS / "corpus", "restore", options.archive, "--corpus", options.corpus]]


def campaign_seconds(options) -> int:
    return options.seconds // len(CAMPAIGNS)


def _campaign(sanitizer: str) -> Callable:
    def commands(options, record) -> list:
        left = campaign_seconds(options) - int(record["seconds"])
        if record["parts"] > 1 and left < 10:  # it was killed at its end
            return []
        # A part of its own, so that what an interrupted one found stays.
        out = options.out / "campaigns" / f"{sanitizer}-{record['parts']}"
        return [[SCRIPTS / "fuzz", "--engine", "both", "--sanitizer", sanitizer, "--time", max(10, left), "--jobs", options.jobs,
                 "--out", out, "--corpus", options.corpus]]
    return commands


def _valgrind(options, _record) -> list:
    build = "install_packages; build valgrind"
    seconds = max(60, min(options.seconds // 8, 1800))
    return [["bash", "-c", f'set -euo pipefail; source "{SCRIPTS}/lib/setup.sh"; {build}', SCRIPTS / "nightly"],
            ["python3", "-B", SCRIPTS / "sluice_dev", "valgrind-replay", "--build", ROOT / "build/valgrind", "--corpus", options.corpus,
             "--out", options.out / "valgrind", "--seconds", seconds, "--jobs", options.jobs]]


STAGES = (
    Stage("build", "everything that the others need", _build, is_needed=True),
    Stage("tests", "scripts/test", lambda *_: [[SCRIPTS / "test"]]),
    Stage("restore", "the corpus of earlier nights", _restore),
    *(Stage(f"fuzz-{name}", f"a campaign of both engines under the sanitizer `{name}`", _campaign(name)) for name in CAMPAIGNS),
    Stage("valgrind", "the corpus under memcheck", _valgrind),
    Stage("coverage", "what the corpus reaches", lambda options, _: [
        [SCRIPTS / "coverage", "--out", options.out / "coverage", *(["--corpus", options.corpus] if options.corpus.is_dir() else [])]]),
    Stage("minimize", "the corpus without what adds nothing", lambda options, _: [
        [SCRIPTS / "minimize", "--corpus", options.corpus]]),
    Stage("check-ossfuzz", "what a fleet would check", lambda options, _: [[SCRIPTS / "check-ossfuzz", "--jobs", options.jobs]]),
    Stage("pack", "the corpus as one file", lambda options, _: [] if options.archive is None else [
        [SCRIPTS / "corpus", "pack", options.archive, "--corpus", options.corpus]]),
)
