"""The flags of scripts/bench, and which measurements they select."""

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from sluice_dev.bench import building
from sluice_dev.bench import chart as bench_chart
from sluice_dev.bench import javascript as bench_javascript
from sluice_dev.bench import native
from sluice_dev.bench import release
from sluice_dev.bench import report as bench_report
from sluice_dev.bench import server as bench_server
from sluice_dev.bench.javascript import Case, Measure, Results
from sluice_dev.common import builds
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.locks import writing
from sluice_dev.common.paths import ROOT
from sluice_dev.runtimes import table as runtimes

PARTS = ("fuzzing", "core", "javascript", "server")
MINUTES_LONG = "build"  # a part that has to be named


def complain(message: str) -> int:
    sys.stderr.write(f"scripts/bench: {message}\n")
    return 2


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", add_help=False, allow_abbrev=False,
                                     usage="scripts/bench [FLAG...]; --help explains them")
    parser.add_argument("--part", nargs="+", action="extend", choices=(*PARTS, MINUTES_LONG))
    parser.add_argument("--step", nargs="+", action="extend", choices=building.NAMES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runtime", nargs="+", action="extend", choices=[runtime.name for runtime in runtimes.MEASURED])
    parser.add_argument("--workload", nargs="+", action="extend", choices=bench_javascript.LETTERS)
    parser.add_argument("--limit", type=float, default=60)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--from", dest="stored", type=Path)
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if not options.limit > 0:
        parser.error("--limit must be more than 0 seconds")
    of_javascript = [("--workload", options.workload), ("--json", options.json), ("--from", options.stored)]
    of_runtimes = [("--runtime", options.runtime), ("--out", options.out)]
    javascript = [flag for flag, value in of_javascript if value]
    either = [flag for flag, value in of_javascript + of_runtimes if value]
    if options.part is None and options.step:
        options.part = [MINUTES_LONG]
    elif options.step and MINUTES_LONG not in options.part:
        parser.error("--step is of the part `build`, which --part leaves out")
    if options.part is None:
        options.part = ["javascript"] if either else list(PARTS)
    elif javascript and "javascript" not in options.part:
        parser.error(f"{javascript[0]} is of the part `javascript`, which --part leaves out")
    elif either and not {"javascript", "server"} & set(options.part):
        parser.error(f"{either[0]} is of the parts `javascript` and `server`, which --part leaves out")
    if options.stored and (options.runtime or options.workload or set(options.part) != {"javascript"}):
        parser.error("--from shows what is stored and measures nothing: it goes with --out and --json only")
    if set(options.part) == {"server"} and options.runtime and not set(options.runtime) & set(bench_server.SERVERS):
        parser.error(f"--runtime: the part `server` has {', '.join(bench_server.SERVERS)}")
    options.out = options.out or ROOT / "build/bench-results"
    return options


def needed(options: argparse.Namespace) -> list[str]:
    """What is measured and has to be built before: fuzzing, core, sluice."""
    wanted = {runtimes.find(name).binary for name in options.runtime or [runtime.name for runtime in runtimes.MEASURED]}
    sluice = ["sluice"] if {"javascript", "server"} & set(options.part) and runtimes.SLUICE in wanted else []
    return [part for part in ("fuzzing", "core") if part in options.part] + sluice


def build(options: argparse.Namespace) -> None:
    builds.prepare()
    for each in needed(options):
        if each == "fuzzing":
            builds.build("libfuzzer-asan", "writable_stream_fuzzer", "empty_fuzzer", "writable_stream_fuzzer_speed", "empty_fuzzer_speed",
                         "judge_breakdown")
        elif each == "core":
            builds.build("bench", "core_benchmark")
        else:
            release.build()
    builds.export_sanitizer_options()


def machine() -> str:
    try:
        models = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")]
    except OSError:
        models = []
    return f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"


def result_files(options: argparse.Namespace, name: str = "results") -> list[Path]:
    return [options.out / f"{name}.json"] + ([options.json] if options.json and name == "results" else [])


def require_writable(options: argparse.Namespace) -> None:
    """Before minutes are spent. Raises OSError."""
    options.out.mkdir(parents=True, exist_ok=True)
    names = [name for name, part in (("results", "javascript"), ("server", "server")) if part in options.part]
    for file in (file for name in names for file in result_files(options, name)):
        existed = file.exists()
        file.open("a").close()
        if not existed:
            file.unlink()


def keep(results: Results, options: argparse.Namespace, name: str = "results") -> None:
    """Prints the table, writes the results and the chart."""
    print("\n" + bench_report.table(results))
    files = result_files(options, name)
    for file in files:
        file.write_text(results.to_json())
    chart = options.out / ("chart.svg" if name == "results" else f"{name}.svg")
    if bench_chart.draw(results, chart):
        files.append(chart)
    else:
        print(f"There is no chart: {sys.executable} has no matplotlib (Debian: apt-get install python3-matplotlib)")
    print("Written: " + ", ".join(str(file) for file in files))


def measure_runtimes(options: argparse.Namespace, what: str, known: Sequence[str], cases: list[Case], name: str, measure: Measure) -> int:
    """`known` are those that can be measured at all, by their names."""
    chosen = [runtime for runtime in runtimes.MEASURED if runtime.name in known and runtime.name in (options.runtime or known)]
    try:
        missing = runtimes.install(chosen)
    except runtimes.RuntimeMissing as missing_npm:
        return complain(str(missing_npm))
    for runtime, why in missing.items():
        if options.runtime:
            return complain(f"{runtime} cannot be measured: {why}")
        print(f"{runtime} is left out: {why}", flush=True)
    chosen = [runtime for runtime in chosen if runtime.name not in missing]
    results = bench_javascript.Results(
        rounds=options.rounds, machine=machine(), left_out=missing, cases=cases,
        runtimes=[{"name": runtime.name, "title": runtime.title, "version": runtime.version()} for runtime in chosen],
        cells={case.key: {runtime.name: bench_javascript.Cell() for runtime in chosen} for case in cases})
    print(f"\n{what}: {len(chosen)} runtimes, {len(cases)} cases, {options.rounds} rounds", flush=True)
    try:
        bench_javascript.measure_all(results, chosen, cases, options.limit, measure)
    except KeyboardInterrupt:
        print("\nInterrupted; what follows is what had been measured", flush=True)
        keep(results, options, name)
        return 130
    keep(results, options, name)
    failed = bench_report.failures(results)
    if failed:
        complain(f"{failed} measurements failed; the table has the reasons")
    return 1 if failed else 0


def measure_javascript(options: argparse.Namespace) -> int:
    cases = [case for case in bench_javascript.CASES if case.letter in (options.workload or bench_javascript.LETTERS)]
    return measure_runtimes(options, "JavaScript", [runtime.name for runtime in runtimes.MEASURED], cases, "results", bench_javascript.measure)


def measure_server(options: argparse.Namespace) -> int:
    if why := bench_server.why_impossible():
        print(f"\nServers are left out: {why}", flush=True)
        return 0
    return measure_runtimes(options, "Servers", list(bench_server.SERVERS), list(bench_server.CASES), "server", bench_server.measure)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    try:
        stored = bench_javascript.Results.from_json(options.stored.read_text()) if options.stored else None
        if {"javascript", "server"} & set(options.part):
            with writing("--out"):
                require_writable(options)
        if stored:
            keep(stored, options)
            return 0
        # Before minutes of building.
        if options.part == ["server"] and (why := bench_server.why_impossible()):
            return complain(why)
        build(options)
        code = building.measure(options.step or list(building.NAMES)) if MINUTES_LONG in options.part else 0
        if "fuzzing" in options.part:
            native.measure_fuzzing(options.rounds)
        if "core" in options.part:
            native.measure_core(options.rounds)
        code = max(code, measure_javascript(options)) if "javascript" in options.part else code
        # 130: interrupted; 2: could not run.
        return max(code, measure_server(options)) if "server" in options.part and code < 2 else code
    except ValueError as error:
        raise CannotRun(f"{options.stored}: {error}") from error
