"""The stages of a night: what each runs, and what its exit codes mean."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sluice_dev.common.files import read_json
from sluice_dev.common.paths import ROOT
from sluice_dev.nightly.options import Options

SCRIPTS = ROOT / "scripts"
Record = dict[str, Any]  # of a stage, in the state of the night
Command = Sequence[object]
Commands = Callable[[Options, Record], list[Command]]
CAMPAIGNS = ("address", "undefined")
# A campaign needs ten seconds to find its canary.
SMALLEST_SECONDS = 20 * len(CAMPAIGNS)
PRESETS = ("asan", "libfuzzer-asan", "libfuzzer-ubsan", "afl-asan", "afl-ubsan", "afl-cmplog")


def _judge(codes: list[int], _options: Options) -> tuple[str, str]:
    """As everywhere: 0 passed, 1 found something, all else could not run."""
    worst = max((code if code >= 0 else 128 - code) for code in codes)
    if worst == 0:
        return "passed", ""
    if worst == 1:
        return "failed", ""
    return "unable", f"exit code {worst}"


def _warn(codes: list[int], options: Options) -> tuple[str, str]:
    """For what may fail: reported, and the night's exit code stays as it is."""
    status, why = _judge(codes, options)
    return (status, why) if status == "passed" else ("warned", why or "it failed")


class CannotRunHere(Exception):
    """A stage that this machine cannot run. The text says what is missing."""


@dataclass(frozen=True)
class Stage:
    name: str
    title: str
    commands: Commands  # (options, record) -> commands, one after the other; none: there is nothing to do
    judge: Callable[[list[int], Options], tuple[str, str]] = _judge
    is_needed: bool = False  # without it the others cannot run


def _build(options: Options, _record: Record) -> list[Command]:
    return [_build_step(preset) for preset in PRESETS]


def _build_step(*words: str) -> Command:
    """In a shell, as scripts do it; named scripts/nightly, so that messages name it."""
    build = 'source "$1"; install_packages; build "${@:2}"'
    return ["bash", "-euo", "pipefail", "-c", build, SCRIPTS / "nightly", SCRIPTS / "lib/setup.sh", *words]


def _restore(options: Options, _record: Record) -> list[Command]:
    if options.archive is None or not options.archive.exists():
        return []
    return [[SCRIPTS / "corpus", "restore", options.archive, "--corpus", options.corpus]]


def campaign_seconds(options: Options) -> int:
    return options.seconds // len(CAMPAIGNS)


def _campaign(sanitizer: str) -> Commands:
    def commands(options: Options, record: Record) -> list[Command]:
        left = campaign_seconds(options) - int(record["seconds"])
        *earlier, out = (options.out / "campaigns" / f"{sanitizer}-{part}" for part in range(1, record["parts"] + 1))
        # Killed or interrupted, they have not investigated all that they found.
        unfinished = [folder for folder in earlier if folder.is_dir() and (read_json(folder / "summary.json") or {}).get("interrupted", True)]
        if earlier and left < 10 and not unfinished:
            return []
        return [[SCRIPTS / "fuzz", "--engine", "both", "--sanitizer", sanitizer, "--time", max(10, left), "--jobs", options.jobs,
                 "--out", out, "--corpus", options.corpus, *(word for folder in unfinished for word in ("--unfinished", folder))]]
    return commands


def _valgrind(options: Options, _record: Record) -> list[Command]:
    seconds = max(60, min(options.seconds // 8, 1800))
    return [_build_step("valgrind"),
            [sys.executable, "-B", SCRIPTS / "sluice_dev", "valgrind-replay", "--build", ROOT / "build/valgrind", "--corpus", options.corpus,
             "--out", options.out / "valgrind", "--seconds", seconds, "--jobs", options.jobs]]


def _debian(release: str) -> Commands:
    """The README's two commands, on a clone in a fresh Debian."""
    def commands(_options: Options, _record: Record) -> list[Command]:
        if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            raise CannotRunHere("not run: it needs root's rights and mounts of its own")
        return [[SCRIPTS / "in-debian", release, "bash", "-c", "scripts/test && scripts/fuzz"]]
    return commands


def _tsan(options: Options, _record: Record) -> list[Command]:
    """The server's threads: those that speak HTTP and look after the apps' processes."""
    # Where addresses are spread over more bits than clang 14 expects, nothing starts under it: the layout is fixed, if that is allowed.
    ctest = ('fixed=(setarch "$(uname -m)" -R); "${fixed[@]}" true 2>/dev/null || fixed=(); "${fixed[@]}" '
             'ctest --test-dir "$1" --output-on-failure --no-tests=error -R "ServerTest|LogWriterTest|server[.]" || exit 1')
    return [_build_step("tsan", "sluice", "server_tests", "http_tests"),
            ["bash", "-c", ctest, SCRIPTS / "nightly", ROOT / "build/tsan"]]


_NIGHTS = (sys.executable, "-B", SCRIPTS / "sluice_dev", "nights")


def _mutants(options: Options, _record: Record) -> list[Command]:
    """Their fates are kept with the night, which measures by them how soon its oracles find a fault."""
    return [[SCRIPTS / "mutants"], ["cp", ROOT / "build/mutants/mutants.json", options.out / "mutants.json"]]


def _issues(options: Options, _record: Record) -> list[Command]:
    mode, repository = options.config["issues"]["mode"], options.config["issues"]["repository"]
    flags = [*(["--repository", repository] if repository else []), *(["--dry-run"] if mode == "dry-run" else [])]
    return [] if mode == "off" else [[*_NIGHTS[:-1], "issues", "--history", options.history, *flags]]


def _realms(_options: Options, _record: Record) -> list[Command]:
    """V8's target uses a realm for many programs. A program that has another trace there than alone would be a false finding, or hide one."""
    test = 'cd "$2" && SLUICE_REALM_PROGRAMS=20000 "$1" --gtest_filter="V8RealmTest.*" || exit 1'
    return [_build_step("asan", "v8_conformance_tests"),
            ["bash", "-c", test, SCRIPTS / "nightly", ROOT / "build/asan/tests/v8/v8_conformance_tests", ROOT]]


def _ubsan(_options: Options, _record: Record) -> list[Command]:
    """UndefinedBehaviorSanitizer without AddressSanitizer, whose shadow and quarantine triple the memory that an app may have."""
    ctest = 'ctest --test-dir "$1" --output-on-failure --no-tests=error -R "ServerTest|server[.]" || exit 1'
    return [_build_step("ubsan", "sluice", "server_tests"),
            ["bash", "-c", ctest, SCRIPTS / "nightly", ROOT / "build/ubsan"]]


STAGES = (
    Stage("build", "everything that the others need", _build, is_needed=True),
    Stage("tests", "scripts/test", lambda *_: [[SCRIPTS / "test", "--all"]]),
    Stage("tsan", "the server's tests under ThreadSanitizer", _tsan),
    Stage("ubsan", "the server's tests with its limits of memory as they are without AddressSanitizer", _ubsan),
    Stage("restore", "the corpus of earlier nights", _restore),
    *(Stage(f"fuzz-{name}", f"a campaign of both engines under the sanitizer `{name}`", _campaign(name)) for name in CAMPAIGNS),
    Stage("explore", "every state of the core within deep bounds, for an hour at most", lambda options, _: [
        [SCRIPTS / "explore", "--deep", "--seconds", "3600", "--threads", options.jobs]]),
    Stage("faults", "faults at every point of programs: at least a million points", lambda options, _: [
        [SCRIPTS / "faults", "--seconds", max(60, min(options.seconds // 4, 7200)), "--jobs", options.jobs]]),
    Stage("realms", "programs in one realm of V8: the same traces in any order and alone", _realms),
    Stage("valgrind", "the corpus under memcheck", _valgrind),
    Stage("coverage", "what the corpus reaches", lambda options, _: [
        [SCRIPTS / "coverage", "--out", options.out / "coverage", *(["--corpus", options.corpus] if options.corpus.is_dir() else [])]]),
    Stage("tidy", "clang-tidy over the core, the model and the programs", lambda *_: [[SCRIPTS / "lint", "--tidy"]], _warn),
    Stage("mutants", "which of the core's mutants the oracles find, and how soon", _mutants, _warn),
    Stage("mutant-lists", "whether the lists of mutants are of this core", lambda *_: [
        [sys.executable, "-B", SCRIPTS / "sluice_dev", "mutant-stamp"]], _warn),
    Stage("minimize", "the corpus without what adds nothing", lambda options, _: [
        [SCRIPTS / "minimize", "--corpus", options.corpus]]),
    Stage("check-ossfuzz", "what a fleet would check", lambda options, _: [[SCRIPTS / "check-ossfuzz", "--jobs", options.jobs]]),
    Stage("debian-12", "the README's two commands on a fresh Debian 12", _debian("bookworm")),
    Stage("debian-13", "the README's two commands on a fresh Debian 13", _debian("trixie")),
    Stage("debian-testing", "the same on the next Debian: an early warning, which may fail", _debian("testing"), _warn),
    Stage("runtimes", "every other implementation: differences that are new, and those that have changed", lambda options, _: [
        [SCRIPTS / "diff", "--known-ok", "--count", 20000, "--jobs", options.jobs, "--page", options.out / "runtimes.html"],
        [SCRIPTS / "diff", "--still"]], _warn),
    Stage("record", "the findings compared with those of the nights before", lambda options, _: [
        [*_NIGHTS, "record", "--out", options.out, "--history", options.history]]),
    Stage("bisect", "the commits that began and mended findings", lambda options, _: [
        [*_NIGHTS, "bisect", "--history", options.history, "--seconds", options.config["bisect"]["seconds"], "--work",
         ROOT / options.config["bisect"]["work"]]]
        if options.config["bisect"]["seconds"] else [], _warn),
    Stage("issues", "one issue for each finding", _issues, _warn),
    Stage("pack", "the corpus as one file", lambda options, _: [] if options.archive is None else [
        [SCRIPTS / "corpus", "pack", options.archive, "--corpus", options.corpus]]),
)
