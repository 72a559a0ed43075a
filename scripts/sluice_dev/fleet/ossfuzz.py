"""The work of scripts/check-ossfuzz: builds in each environment, checks each target, prints the table."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.fleet.checks import Checks, MovedFolder
from sluice_dev.fleet.environment import ENVIRONMENTS, Environment, require_tools

SMALLEST_FREE_BYTES = 2 << 30


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def copy_sources(destination: Path) -> None:
    """What a container would get: no build folder, and nothing that git ignores."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if listed.returncode != 0:  # an archive of the sources, without git
        shutil.copytree(ROOT, destination, ignore=shutil.ignore_patterns("build", "node_modules", ".git", "findings"))
        return
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = ROOT / name
        if source.is_file():
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, destination / name)


def build(environment: Environment, work: Path) -> Path:
    """Returns $OUT. Raises CannotRun with the compiler's words. The sources and what was built on the way are gone then, as they
    are in the container that runs the targets."""
    source, out, scratch = work / "src", work / "out", work / "work"
    for folder in (source, out, scratch):
        folder.mkdir(parents=True)
    copy_sources(source / "sluice")
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "TMPDIR", "CCACHE_DIR", "LANG")}
    variables = kept | environment.compile_variables() | {"SRC": str(source), "OUT": str(out), "WORK": str(scratch)}
    if (ROOT / "build/v8/.complete").exists() or (ROOT / "build/v8/include").exists():
        variables["SLUICE_V8_PREFIX"] = str(ROOT / "build/v8")
    flags = []
    if shutil.which("ccache"):
        # One cache for all runs, each of which has another folder.
        flags.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
        variables |= {"CCACHE_BASEDIR": str(work), "CCACHE_NOHASHDIR": "1"}
    if shutil.which("ld.lld"):
        flags.append("-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld")
    variables["SLUICE_CMAKE_FLAGS"] = " ".join(flags)
    log = work / "build.log"
    with log.open("w") as output:
        run = subprocess.run(["bash", "-eux", source / "sluice/oss-fuzz/build.sh"], env=variables, cwd=source, stdin=subprocess.DEVNULL,
                             stdout=output, stderr=subprocess.STDOUT, check=False)
    if run.returncode != 0:
        raise CannotRun(f"{environment.name}: build.sh failed. Its last lines:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-40:]))
    shutil.rmtree(source)
    shutil.rmtree(scratch)
    return out


Results = dict[str, dict[str, str]]  # by target and check: "", or why it failed


def check(environment: Environment, out: Path, jobs: int) -> Results:
    """Target -> its results. Empty if there is no target."""
    with MovedFolder(out) as folder:
        checks = Checks(folder, environment)
        targets = checks.targets()
        with ThreadPoolExecutor(jobs) as pool:
            return dict(zip(targets, pool.map(checks.run, targets)))


def table(results: Mapping[str, Results]) -> str:
    """results: environment's name -> target -> check -> problem."""
    rows: list[tuple[str, ...]] = [("environment", "target", *Checks.NAMES)]
    for environment, targets in results.items():
        if not targets:
            rows.append((environment, "none found", *("FAIL" for _ in Checks.NAMES)))
        for target, checks in targets.items():
            rows.append((environment, target, *("-" if name not in checks else "FAIL" if checks[name] else "ok" for name in Checks.NAMES)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def failures(results: Mapping[str, Results]) -> list[str]:
    lines = []
    for environment, targets in results.items():
        if not targets:
            lines.append(f"{environment}: no fuzz target was found in $OUT")
        lines += [f"{environment}: {target}: {name}: {problem}" for target, checks in targets.items()
                  for name, problem in checks.items() if problem]
    return lines


def warn_of_this_machine() -> None:
    try:
        bits = int(Path("/proc/sys/vm/mmap_rnd_bits").read_text())
    except (OSError, ValueError):
        return
    if bits > 28:
        say(f"vm.mmap_rnd_bits is {bits}; they set 28, because sanitizers may fail to start with more (sysctl -w vm.mmap_rnd_bits=28)")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/check-ossfuzz", add_help=False, allow_abbrev=False,
                                     usage="scripts/check-ossfuzz [FLAG...]; --help explains them")
    parser.add_argument("--environment", nargs="+", action="extend", choices=["-".join(pair) for pair in ENVIRONMENTS])
    parser.add_argument("--check", type=Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)
    names = options.environment or ["-".join(pair) for pair in ENVIRONMENTS]
    options.environments = [Environment(*pair) for pair in ENVIRONMENTS if "-".join(pair) in names]
    if options.check and len(options.environments) != 1:
        parser.error("--check needs the one --environment that the folder was built in")
    if options.check and not options.check.is_dir():
        parser.error(f"--check {options.check}: no such folder")
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    return options


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    require_tools(options.environments)
    results = {}
    if options.check:
        results[options.environments[0].name] = check(options.environments[0], options.check.resolve(), options.jobs)
    else:
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if free < SMALLEST_FREE_BYTES:
            raise CannotRun(f"{tempfile.gettempdir()}: {free >> 20} MiB are free, {SMALLEST_FREE_BYTES >> 20} MiB are needed (TMPDIR)")
        warn_of_this_machine()
        for position, environment in enumerate(options.environments, 1):
            with tempfile.TemporaryDirectory(prefix="sluice-ossfuzz-") as work:
                begun = time.monotonic()
                say(f"[{position}/{len(options.environments)}] {environment.name}: building")
                out = build(environment, Path(work))
                built = time.monotonic()
                say(f"[{position}/{len(options.environments)}] {environment.name}: built in {built - begun:.0f} s; checking")
                results[environment.name] = check(environment, out, options.jobs)
                say(f"[{position}/{len(options.environments)}] {environment.name}: checked in {time.monotonic() - built:.0f} s")
    print(table(results))
    problems = failures(results)
    tell(environments=list(results), problems=problems)
    print("\n" + ("\n".join(problems) if problems else "All targets pass."))
    return 1 if problems else 0
