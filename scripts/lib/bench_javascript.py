"""Measures tests/bench/workloads.js in the runtimes, each measurement in a process of its own.

    results = Results.empty(rounds=5, runtimes=[...], cases=[...])
    measure_all(results, runtimes, cases, limit_seconds=60)

A measurement is a number, or the words that say why there is none; one that ended so is not tried again.
"""

import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import runtimes

WORKLOADS = runtimes.ROOT / "tests/bench/workloads.js"
WORKERD_END = runtimes.ROOT / "tests/bench/workloads_workerd.js"
RESULT = re.compile(r"sluice-bench: (\{.*\}) :end")


@dataclass(frozen=True)
class Case:
    """One line of the table: a workload with a count. Rates are in thousands a second; memory in bytes each."""
    key: str
    letter: str
    title: str
    count: int
    runs: int = 3
    milliseconds: int = 300  # so many runs and so long, at least
    warmup_count: int = 0  # that of the measurement itself, unless it says another
    memory: bool = False

    def order(self) -> dict:
        """For `measure` in workloads.js."""
        return {"workload": self.letter, "count": self.count, "most": 5000,
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
    Case("g", "g", "bytes of a stream with a writer", 20_000, warmup_count=1000, memory=True),
    Case("h", "h", "bytes of a queued write", 100_000, warmup_count=1000, memory=True),
)
LETTERS = sorted({case.letter for case in CASES})


@dataclass
class Cell:
    """What one runtime did in one case."""
    values: list = field(default_factory=list)
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
    runtimes: list  # {name, title, version}
    left_out: dict  # runtime name -> why
    cases: list
    cells: dict

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


class Failed(Exception):
    """The runtime crashed, or said that the workload failed."""


class Unfinished(Exception):
    """It took longer than it may."""


class Process:
    """A runtime, alone in its process group, killed with all that it has started when the block or its time ends."""

    def __init__(self, command, limit_seconds):
        # On standard error some say what they measured, some only what went wrong.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         text=True, errors="replace", start_new_session=True)
        self.limit_seconds = limit_seconds
        self.timed_out = False
        self.words = []
        self._timer = threading.Timer(limit_seconds, self._give_up)
        self._timer.start()

    def _give_up(self):
        self.timed_out = True
        self.kill()

    def kill(self):
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._timer.cancel()
        self.kill()
        self._process.wait()
        self._process.stdout.close()

    def lines(self):
        for line in self._process.stdout:
            self.words.append(line.rstrip())
            yield line

    def ended(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> int:
        """Waits for its end by itself: its exit code, negative for a signal."""
        return self._process.wait()

    def no_result(self) -> Exception:
        """Why it ended without one."""
        for _ in self.lines():
            pass
        code = self.end()
        if self.timed_out:
            return Unfinished(f"did not finish in {self.limit_seconds:g} s")
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        last = [word for word in self.words if word.strip()][-1:]
        return Failed(f"{how} before it had measured" + (f": {last[0].strip()[:200]}" if last else ""))


def value_of(line_json: str) -> float:
    result = json.loads(line_json)
    if "error" in result:
        raise Failed(result["error"].splitlines()[0][:200])
    return result["value"]


def script(runtime, case) -> str:
    """The workloads, with the polyfill before them if it is wanted, and the order behind them: a classic script and a module."""
    classes = "WritableStream"
    before = ""
    if runtime.polyfill:
        text = runtimes.POLYFILL_SCRIPT.read_text()
        before = f"const ponyfill = (() => {{ const exports = {{}}, module = {{ exports }};\n{text}\nreturn exports; }})();\n"
        classes = "ponyfill.WritableStream"
    return f"{before}{WORKLOADS.read_text()}\nmeasure({classes}, {json.dumps(case.order())});\n"


def measure_file(runtime, case, limit_seconds, folder: Path) -> float:
    file = folder / "bench.mjs" if runtime.name != "sluice" else folder / "bench.js"
    file.write_text(script(runtime, case))
    with Process(runtime.command(file, gc=case.memory), limit_seconds) as process:
        found = None
        for line in process.lines():
            found = found or RESULT.search(line)
        code = process.end()
        if found is None or (code != 0 and not process.timed_out):
            raise process.no_result()
        return value_of(found.group(1))


def measure_chromium(runtime, case, limit_seconds, folder: Path) -> float:
    """It prints its console on standard error, and is killed then, for it never ends by itself."""
    (folder / "bench.js").write_text(script(runtime, case))
    page = folder / "bench.html"
    page.write_text("<!doctype html><script src='bench.js'></script>")
    command = [runtime.binary, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
               "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}", f"file://{page}"]
    with Process(command, limit_seconds) as process:
        for line in process.lines():
            found = RESULT.search(line)
            if found:
                return value_of(found.group(1))
        raise process.no_result()


WORKERD_CONFIG = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "bench", worker = (compatibilityDate = "%s",
                                         modules = [(name = "bench.mjs", esModule = embed "bench.mjs")]))],
  sockets = [(name = "http", address = "unix:%s", http = (), service = "bench")],
);
"""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)

    def get(self, path) -> float:
        """Seconds that the answer took."""
        before = time.perf_counter()
        self.request("GET", path)
        response = self.getresponse()
        body = response.read().decode(errors="replace")
        after = time.perf_counter()
        if response.status != 200:
            raise Failed(body.splitlines()[0][:200])
        return after - before


def connect(process, path, seconds=10) -> UnixConnection:
    """Once the server listens: its socket is a file that appears, and nothing can be waited for that says so."""
    deadline = time.monotonic() + seconds
    while True:
        connection = UnixConnection(path)
        try:
            connection.connect()
            return connection
        except (FileNotFoundError, ConnectionRefusedError):
            if process.ended() or time.monotonic() > deadline:
                process.kill()
                raise process.no_result() from None
            time.sleep(0.01)


def measure_workerd(runtime, case, limit_seconds, folder: Path) -> float:
    """Over HTTP on a Unix socket, with the clock of this process, as its own need not go on while JavaScript runs; what an empty
    request takes is subtracted (a fraction of a millisecond). Warm-up and runs as `measureSpeed` has them."""
    (folder / "bench.mjs").write_text(WORKLOADS.read_text() + WORKERD_END.read_text())
    config = folder / "config.capnp"
    address = folder / "socket"
    # Its newest behaviour: the date of the release itself.
    config.write_text(WORKERD_CONFIG % (runtime.version(), address))
    order = case.order()
    with Process([runtime.binary, "serve", config], limit_seconds) as process:
        connection = connect(process, address)

        def repeat(count, least):
            """As in workloads.js."""
            done = spent = 0
            while (done < least["runs"] or spent * 1000 < least["milliseconds"]) and spent * 1000 < order["most"]:
                spent += connection.get(f"/{case.letter}/{count}")
                done += 1
            return done, spent

        try:
            repeat(order["warmup"]["count"], order["warmup"])
            asking = statistics.median(connection.get("/none/0") for _ in range(21))
            done, spent = repeat(case.count, order["measured"])
        except (OSError, http.client.HTTPException):
            process.kill()
            raise process.no_result() from None
        finally:
            connection.close()
    return done * case.count / (spent - done * asking) / 1000


MEASURES = {"file": measure_file, "workerd": measure_workerd, "chromium": measure_chromium}


def measure(runtime, case, limit_seconds, cell) -> None:
    """One measurement, which `cell` gets."""
    if cell.over:
        return
    if case.memory and runtime.kind != "file":
        cell.absent = "does not tell its memory"
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


def measure_all(results: Results, chosen, cases, limit_seconds) -> None:
    """Interleaved: in each round every runtime does every case, and another one is the first. `results` grows as it goes."""
    on_terminal = sys.stderr.isatty()
    for number in range(results.rounds):
        begun = time.monotonic()
        first = number % len(chosen)
        for case in cases:
            for runtime in chosen[first:] + chosen[:first]:
                if on_terminal:
                    sys.stderr.write(f"\r\033[KRound {number + 1} of {results.rounds}: {case.key} {runtime.title}")
                    sys.stderr.flush()
                measure(runtime, case, limit_seconds, results.cells[case.key][runtime.name])
        if on_terminal:
            sys.stderr.write("\r\033[K")
        print(f"Round {number + 1} of {results.rounds}: {time.monotonic() - begun:.0f} s", flush=True)
