"""The measurements of scripts/bench without JavaScript: the fuzzer, and the core under the simulated host."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from sluice_dev.common import targets
from sluice_dev.common.paths import ROOT

FUZZ = ROOT / "build/libfuzzer-asan"
TARGET = "writable_stream_fuzzer"
SEEDS = ROOT / "corpus" / TARGET
GROWING = 60000  # executions from the seeds, after which a corpus grows slowly


def say(text: str) -> None:
    print(text, flush=True)


def output_of(command: Sequence[object]) -> str:
    run = subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         check=False)
    if run.returncode != 0:
        sys.stderr.write(run.stdout[-4000:])
        sys.stderr.write(f"scripts/bench: {command[0]} ended with {run.returncode}; its last words are above\n")
        sys.exit(2)
    return run.stdout


def replay(target: str, inputs: Path) -> dict[str, float]:
    """Runs the inputs over and over, without an engine."""
    speed: dict[str, float] = json.loads(output_of([FUZZ / f"fuzz/{target}_speed", 1, inputs]).splitlines()[-1])
    return speed


def replayed(target: str, inputs: Path) -> float:
    """Executions per second of processor time."""
    speed = replay(target, inputs)
    return speed["executions"] / speed["seconds"]


def fuzz(target: str, executions: int, seed: int, folder: str, seeds: Path) -> None:
    output_of([FUZZ / f"fuzzers/{target}", f"-runs={executions}", f"-seed={seed}", f"-max_len={targets.of(TARGET).max_len}", folder, seeds])


def fuzzed(target: str, executions: int, corpus: Path) -> float:
    """Executions per second of processor time while the engine mutates the inputs of `corpus`, which it reads first."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.times()
        fuzz(target, executions, 1, folder, corpus)
        after = os.times()
    return executions / (after.children_user + after.children_system - before.children_user - before.children_system)


def rate(value: float) -> str:
    return f"{value / 1e6:8.2f} M/s" if value >= 1e6 else f"{value / 1e3:8.1f} k/s"


def compare(title: str, rounds: int, measure: Callable[[str], float]) -> float:
    """Returns the rate of the target."""
    ours, empty = [], []
    for _ in range(rounds):
        ours.append(measure(TARGET))
        empty.append(measure("empty_fuzzer"))
    mine, nothing = statistics.median(ours), statistics.median(empty)
    spread = (max(ours) - min(ours)) / mine * 100
    say(f"  {title:44} {rate(mine)}   empty target {rate(nothing)}   ratio 1 : {nothing / mine:,.1f}   (spread {spread:.0f} %)")
    return mine


def breakdown(inputs: Path) -> None:
    stages = [line.split("\t") for line in output_of([FUZZ / "fuzz/judge_breakdown", 1, inputs]).splitlines()]
    whole = float(stages[-1][1])
    for name, microseconds in stages:
        share = float(microseconds) / whole
        say(f"  {name:38} {float(microseconds):7.2f} us  {'#' * round(40 * share)}")


def core(rounds: int) -> None:
    run = subprocess.run([str(ROOT / "build/bench/tests/bench/core_benchmark"), "--benchmark_format=json",
                          f"--benchmark_repetitions={max(rounds, 2)}", "--benchmark_report_aggregates_only=true",
                          "--benchmark_enable_random_interleaving=true", "--benchmark_min_time=0.2"],
                         text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if run.returncode != 0:
        sys.exit("scripts/bench: core_benchmark failed")
    rates = {row["run_name"]: row["items_per_second"] for row in json.loads(run.stdout)["benchmarks"]
             if row.get("aggregate_name") == "median"}
    first = rates["BM_QueuedWrites/1000"]
    for name, value in sorted(rates.items(), key=lambda row: (row[0].split("/")[0], int((row[0].split("/") + ["0"])[1]))):
        ratio = f"   {value / first:5.2f} of BM_QueuedWrites/1000" if "Queued" in name else ""
        say(f"  {name:38} {rate(value)}   {1e9 / value:8.1f} ns each{ratio}")


def measure_fuzzing(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        grown = Path(folder)
        fuzz(TARGET, GROWING, 2, folder, SEEDS)
        size = replay(TARGET, grown)
        operations = size["operations"] / size["inputs"]
        say(f"\nExecutions per second of processor time, AddressSanitizer, all oracles, {TARGET} (medians):")
        compare("the seeds, over and over, no engine", rounds, lambda target: replayed(target, SEEDS))
        compare("a grown corpus, over and over, no engine", rounds, lambda target: replayed(target, grown))
        campaign = compare("a campaign: 20,000 executions on that corpus", rounds, lambda target: fuzzed(target, 20000, grown))
        say(f"  The corpus has {size['inputs']:,.0f} programs of {operations:.0f} operations in the mean: a campaign judges about "
            f"{rate(campaign * operations).strip()} operations.")
        say("\nWhere the time of an execution goes (microseconds of processor time, means over the grown corpus):")
        breakdown(grown)


def measure_core(rounds: int) -> None:
    say("\nThe core under the simulated host, no oracles, optimised (medians):")
    core(rounds)
