"""The flags of scripts/fuzz, and what is built before it fuzzes."""

import argparse
import dataclasses
import os
import shutil
import time

from sluice_dev.common import builds
from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.arguments import Parser, whole_number
from sluice_dev.common.display import shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.engines.engine_run import AFL, LIBFUZZER

CANARY = "canary_fuzzer"
ENGINES = {LIBFUZZER: "libFuzzer", AFL: "AFL++"}
SANITIZERS = {"asan": "AddressSanitizer", "ubsan": "UndefinedBehaviorSanitizer"}


@dataclasses.dataclass(frozen=True)
class Options:
    root: str  # the tree with the builds
    seconds: int
    jobs: int
    out: str
    corpus: str
    preset: str  # asan or ubsan
    engines: tuple[str, ...]
    targets: tuple[str, ...]  # that are named; none: the default ones
    is_built: bool  # nothing is built there
    unfinished: tuple[str, ...] = ()  # folders of campaigns that were killed
    first: tuple[str, ...] = ()  # targets that are built before anything is fuzzed; none: nothing is to be built

    def build_of(self, engine: str) -> str:
        return f"{'afl' if engine == AFL else 'libfuzzer'}-{self.preset}"

    def fuzzers(self, engine: str) -> str:
        return os.path.join(self.root, "build", self.build_of(engine), "fuzzers")

    @property
    def engine_names(self) -> str:
        return " and ".join(ENGINES[engine] for engine in self.engines)

    def chosen_targets(self) -> list[str]:
        """Those that are named, or the default ones of the build."""
        try:
            with open(os.path.join(self.fuzzers(self.engines[-1]), "targets.txt"), encoding="utf-8") as file:
                built = file.read().split()
        except OSError as error:
            raise CannotRun(f"{shown(error.filename)}: {error.strerror}") from error
        for name in self.targets:
            if name not in built:
                raise CannotRun(f"unknown target {name}; there are: {' '.join(built)}")
        return list(dict.fromkeys(self.targets)) or fuzz_targets.default(built)


def parse(arguments: list[str]) -> Options:
    parser = Parser("scripts/fuzz")
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--time", default="60")
    parser.add_argument("--sanitizer", default="address", choices=list(builds.PRESETS))
    parser.add_argument("--jobs", default=str(len(os.sched_getaffinity(0))))
    parser.add_argument("--engine", default=LIBFUZZER, choices=[LIBFUZZER, AFL, "both"])
    parser.add_argument("--out")
    parser.add_argument("--corpus", default=os.environ.get("SLUICE_CORPUS"))
    parser.add_argument("--unfinished", action="append", default=[])
    parser.add_argument("--built")  # a tree, for tests: nothing is built there
    given = parser.parse(arguments)
    if given.words:
        parser.error(f"unknown argument {given.words[0]} (a target is named with --target)")
    seconds = whole_number(parser, "--time", given.time, " of seconds")
    jobs = whole_number(parser, "--jobs", given.jobs)
    for name in [] if given.built else given.target:
        builds.require_target(name)
    out, corpus = _folders(given)
    return Options(root=given.built or str(ROOT), seconds=seconds, jobs=jobs, out=out, corpus=corpus,
                   preset=builds.PRESETS[given.sanitizer], engines=(LIBFUZZER, AFL) if given.engine == "both" else (given.engine,),
                   targets=tuple(given.target), is_built=bool(given.built),
                   unfinished=tuple(map(os.path.realpath, given.unfinished)))


def _folders(given: argparse.Namespace) -> tuple[str, str]:
    """Of the results and of the corpus."""
    if given.out is None:
        # The process id distinguishes campaigns that begin in the same second.
        name = f"{given.engine}-{builds.PRESETS[given.sanitizer]}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
        out = os.path.join(ROOT, "build/campaigns", name)
        return out, os.path.realpath(given.corpus or ROOT / "build/corpus")
    out = os.path.realpath(given.out)
    return out, os.path.realpath(given.corpus or os.path.join(out, "corpus"))


def build(options: Options) -> Options:
    """Builds one target and the canary, which are fuzzed while the others are built (background.py)."""
    builds.prepare()
    first = [(options.targets or fuzz_targets.default(list(fuzz_targets.ALL)))[0]]
    if not options.targets or CANARY in options.targets[1:]:
        first.append(CANARY)
    # What AFL++ finds is run again under libFuzzer's build.
    builds.build(options.build_of(LIBFUZZER), *first)
    if AFL in options.engines:
        if shutil.which("afl-fuzz") is None:
            raise CannotRun("--engine: afl-fuzz is missing; install AFL++ (Debian: afl++)")
        builds.build(options.build_of(AFL), *first, "sluice_afl_mutator")
    return dataclasses.replace(options, first=tuple(first))
