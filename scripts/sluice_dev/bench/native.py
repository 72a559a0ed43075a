"""The measurements of scripts/bench without JavaScript: the fuzzer, and the core under the simulated host."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence

from sluice_dev.common.paths import ROOT

FUZZ = ROOT / "build/libfuzzer-asan"
SEEDS = ROOT / "corpus/writable_stream_fuzzer"


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


def replayed(target: str) -> float:
    """Executions per second of processor time, over the seeds, without an engine."""
    speed = json.loads(output_of([FUZZ / f"fuzz/{target}_speed", 1, SEEDS]).splitlines()[-1])
    return float(speed["executions"] / speed["seconds"])


def fuzzed(target: str, executions: int) -> float:
    """Executions per second of processor time while the engine mutates, from the seeds, in a fresh corpus."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.times()
        output_of([FUZZ / f"fuzzers/{target}", f"-runs={executions}", "-seed=1", "-max_len=384", folder, SEEDS])
        after = os.times()
    return executions / (after.children_user + after.children_system - before.children_user - before.children_system)


def rate(value: float) -> str:
    return f"{value / 1e6:8.2f} M/s" if value >= 1e6 else f"{value / 1e3:8.1f} k/s"


def compare(title: str, rounds: int, measure: Callable[[str], float]) -> None:
    ours, empty = [], []
    for _ in range(rounds):
        ours.append(measure("writable_stream_fuzzer"))
        empty.append(measure("empty_fuzzer"))
    mine, nothing = statistics.median(ours), statistics.median(empty)
    spread = (max(ours) - min(ours)) / mine * 100
    say(f"  {title:44} {rate(mine)}   empty target {rate(nothing)}   ratio 1 : {nothing / mine:,.1f}   (spread {spread:.0f} %)")


def breakdown() -> None:
    stages = [line.split("\t") for line in output_of([FUZZ / "fuzz/judge_breakdown", 1, SEEDS]).splitlines()]
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
    say("\nExecutions per second of processor time, AddressSanitizer, all oracles, seeds of writable_stream_fuzzer (medians):")
    compare("the seeds, over and over, no engine", rounds, replayed)
    compare("libFuzzer, 20,000 executions from the seeds", rounds, lambda target: fuzzed(target, 20000))
    say("\nWhere the time of an execution goes (microseconds of processor time, means over the seeds):")
    breakdown()


def measure_core(rounds: int) -> None:
    say("\nThe core under the simulated host, no oracles, optimised (medians):")
    core(rounds)
