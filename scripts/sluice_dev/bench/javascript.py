"""Measures tests/bench/workloads.js in the runtimes, each measurement in a process of its own.

    results = Results.empty(rounds=5, runtimes=[...], cases=[...])
    measure_all(results, runtimes, cases, limit_seconds=60)

A measurement is a number, or the reason why there is none; one that ended so is not tried again.
"""

import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import Failed, LimitedProcess, Unfinished
from sluice_dev.runtimes import table as runtimes
from sluice_dev.runtimes import workerd
from sluice_dev.runtimes.table import Runtime

WORKLOADS = ROOT / "tests/bench/workloads.js"
WORKERD_END = ROOT / "tests/bench/workloads_workerd.js"
RESULT = re.compile(r"sluice-bench: (\{.*\}) :end")


@dataclass(frozen=True)
class Case:
    """One line of the table: a workload with a count, or a server's endpoint (bench_server.py)."""
    key: str
    letter: str
    title: str
    count: int
    runs: int = 3
    milliseconds: int = 300  # so many runs and so long, at least
    warmup_count: int = 0  # that of the measurement itself, unless it has another
    memory: str = ""  # "told": reported by the runtime; "resident": the peak that the system reports
    path: str = ""  # of an endpoint
    body: str = ""  # of its response

    @property
    def unit(self) -> str:
        """Of its values: memory is in bytes each, a rate in these."""
        return "bytes" if self.memory else "requests a second" if self.path else "thousands a second"

    def order(self, count: int | None = None) -> dict[str, Any]:
        """For `measure` in workloads.js."""
        return {"workload": self.letter, "count": count or self.count, "memory": self.memory, "most": 5000,
                "measured": {"runs": self.runs, "milliseconds": self.milliseconds},
                "warmup": {"count": self.warmup_count or self.count, "runs": 3, "milliseconds": 700}}


CASES = (
    Case("a", "a", "100,000 writes, none awaited, then close", 100_000),
    Case("b", "b", "100,000 writes, each awaited", 100_000),
    Case("c", "c", "100,000 writes, each after `await writer.ready`, high-water mark 16", 100_000),
    Case("d", "d", "50,000 streams: create, getWriter, write, close", 50_000),
    Case("e", "e", "as a, with an async sink", 100_000),
    # All three warmed up alike, so that what differs between them is the length of the queue.
    Case("f1e4", "f", "10,000 writes queued, then close", 10_000, warmup_count=100_000),
    Case("f1e5", "f", "100,000 writes queued, then close", 100_000, warmup_count=100_000),
    Case("f1e6", "f", "1,000,000 writes queued, then close", 1_000_000, warmup_count=100_000),
    Case("g", "g", "a stream with a writer, as the runtime tells it", 20_000, warmup_count=1000, memory="told"),
    Case("g-resident", "g", "a stream with a writer, resident at the peak", 50_000, memory="resident"),
    Case("h", "h", "a queued write, as the runtime tells it", 100_000, warmup_count=1000, memory="told"),
    Case("h-resident", "h", "a queued write, resident at the peak", 500_000, memory="resident"),
)
FEW = 1000  # of what is held by the process that resident memory is compared with
LETTERS = sorted({case.letter for case in CASES})


@dataclass
class Cell:
    """What one runtime did in one case."""
    values: list[float] = field(default_factory=list)
    failed: str = ""  # a crash or an error: a fault of somebody's
    unfinished: str = ""  # it took too long
    absent: str = ""  # it cannot be measured at all

    @property
    def over(self) -> bool:
        return bool(self.failed or self.unfinished or self.absent)


@dataclass
class Results:
    """As in the JSON file: cells[case key][runtime name]."""
    rounds: int
    machine: str
    runtimes: list[dict[str, str]]  # {name, title, version}
    left_out: dict[str, str]  # runtime name -> why
    cases: list[Case]
    cells: dict[str, dict[str, Cell]]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> "Results":
        """Raises ValueError when the text is something else."""
        try:
            data = json.loads(text)
            results = Results(**data)
            results.cases = [Case(**case) for case in data["cases"]]
            results.cells = {key: {name: Cell(**cell) for name, cell in row.items()} for key, row in data["cells"].items()}
            missing = [case.key for case in results.cases for runtime in results.runtimes
                       if runtime["name"] not in results.cells[case.key]]
        except (TypeError, KeyError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"it does not hold the results of scripts/bench ({type(error).__name__}: {error})") from error
        if missing:
            raise ValueError(f"its case {missing[0]} lacks a runtime")
        return results


Measure = Callable[["Runtime", Case, float, Cell], None]


def value_of(line_json: str) -> float:
    result = json.loads(line_json)
    if "error" in result:
        raise Failed(result["error"].splitlines()[0][:200])
    return float(result["value"])


def script(runtime: Runtime, order: Mapping[str, Any]) -> str:
    """The workloads, with the polyfill before them if it is wanted, and the order behind them: a classic script and a module."""
    classes = "WritableStream"
    before = ""
    if runtime.polyfill:
        text = runtimes.POLYFILL_SCRIPT.read_text()
        before = f"const ponyfill = (() => {{ const exports = {{}}, module = {{ exports }};\n{text}\nreturn exports; }})();\n"
        classes = "ponyfill.WritableStream"
    return f"{before}{WORKLOADS.read_text()}\nmeasure({classes}, {json.dumps(order)});\n"


def run_file(runtime: Runtime, order: Mapping[str, Any], limit_seconds: float, folder: Path) -> tuple[float, int]:
    """The value that it printed, and the bytes of its peak."""
    file = folder / "bench.js" if runtime.binary == runtimes.SLUICE else folder / "bench.mjs"
    file.write_text(script(runtime, order))
    with LimitedProcess(runtime.command(file, gc=order["memory"] == "told"), limit_seconds) as process:
        found = None
        for line in process.lines():
            found = found or RESULT.search(line)
        code = process.end()
        if found is None or (code != 0 and not process.timed_out):
            raise process.no_result()
        assert process.peak_bytes is not None  # it has ended
        return value_of(found.group(1)), process.peak_bytes


def measure_file(runtime: Runtime, case: Case, limit_seconds: float, folder: Path) -> float:
    if case.memory != "resident":
        return run_file(runtime, case.order(), limit_seconds, folder)[0]
    few, many = (run_file(runtime, case.order(count), limit_seconds, folder)[1] for count in (FEW, case.count))
    return (many - few) / (case.count - FEW)


def measure_chromium(runtime: Runtime, case: Case, limit_seconds: float, folder: Path) -> float:
    """It prints its console on standard error, and is killed then, for it never ends by itself."""
    (folder / "bench.js").write_text(script(runtime, case.order()))
    page = folder / "bench.html"
    page.write_text("<!doctype html><script src='bench.js'></script>")
    command = [str(runtime.binary), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
               "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}", f"file://{page}"]
    with LimitedProcess(command, limit_seconds) as process:
        for line in process.lines():
            found = RESULT.search(line)
            if found:
                return value_of(found.group(1))
        raise process.no_result()


def measure_workerd(runtime: Runtime, case: Case, limit_seconds: float, _: Path) -> float:
    """With the clock of this process, as workerd's own need not go on while JavaScript runs; what an empty request takes is
    subtracted (a fraction of a millisecond). Warm-up and runs as `measureSpeed` has them."""
    order = case.order()
    modules = {"bench.mjs": WORKLOADS.read_text() + WORKERD_END.read_text()}
    if case.memory == "resident":
        peaks: list[int] = []
        for count in (FEW, case.count):
            with workerd.serve(runtime, modules, limit_seconds) as worker:
                worker.get(f"/{case.letter}/{count}")
            assert worker.process.peak_bytes is not None  # it has ended
            peaks.append(worker.process.peak_bytes)
        return (peaks[1] - peaks[0]) / (case.count - FEW)
    with workerd.serve(runtime, modules, limit_seconds) as worker:

        def repeat(count: int, least: Mapping[str, int]) -> tuple[int, float]:
            """As in workloads.js."""
            done, spent = 0, 0.0
            while (done < least["runs"] or spent * 1000 < least["milliseconds"]) and spent * 1000 < order["most"]:
                spent += worker.get(f"/{case.letter}/{count}")[0]
                done += 1
            return done, spent

        repeat(order["warmup"]["count"], order["warmup"])
        asking = statistics.median(worker.get("/none/0")[0] for _ in range(21))
        done, spent = repeat(case.count, order["measured"])
    return done * case.count / (spent - done * asking) / 1000


MEASURES = {"file": measure_file, "workerd": measure_workerd, "webdriver": measure_chromium}


def measure(runtime: Runtime, case: Case, limit_seconds: float, cell: Cell) -> None:
    """One measurement, which `cell` gets."""
    if cell.over:
        return
    if (case.memory == "told" and runtime.kind != "file") or (case.memory and runtime.kind == "webdriver"):
        cell.absent = "does not report its memory" if case.memory == "told" else "is many processes"
        return
    with tempfile.TemporaryDirectory(prefix="sluice-bench-", ignore_cleanup_errors=True) as folder:
        try:
            cell.values.append(MEASURES[runtime.kind](runtime, case, limit_seconds, Path(folder)))
        except Failed as failure:
            cell.failed = str(failure)
        except Unfinished as failure:
            cell.unfinished = str(failure)
        except OSError as error:
            cell.failed = f"{runtime.binary} could not be started: {error.strerror}"


def measure_all(results: Results, chosen: Sequence[Runtime], cases: Sequence[Case], limit_seconds: float,
                measuring: Measure | None = None) -> None:
    """Interleaved: in each round every runtime does every case, and another one is the first. `results` grows as it goes.
    `measuring`: in place of `measure`."""
    on_terminal = sys.stderr.isatty()
    for number in range(results.rounds):
        begun = time.monotonic()
        first = number % len(chosen)
        for case in cases:
            for runtime in (*chosen[first:], *chosen[:first]):
                if on_terminal:
                    sys.stderr.write(f"\r\033[KRound {number + 1} of {results.rounds}: {case.key} {runtime.title}")
                    sys.stderr.flush()
                (measuring or measure)(runtime, case, limit_seconds, results.cells[case.key][runtime.name])
        if on_terminal:
            sys.stderr.write("\r\033[K")
        print(f"Round {number + 1} of {results.rounds}: {time.monotonic() - begun:.0f} s", flush=True)
