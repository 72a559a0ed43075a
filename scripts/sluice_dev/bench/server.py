"""Measures servers: requests per second of the endpoints of tests/bench/server_endpoints.mjs, in `sluice serve` and in the own servers
of Node and Deno, as wrk counts them over the loopback.

    results = Results(...)
    bench_javascript.measure_all(results, runtimes, CASES, limit_seconds=60, measuring=measure)

Each measurement has a server of its own, on a port that the system picks; the server is killed at its end. One thread runs the JavaScript
in all of them; Sluice has one more for HTTP, in another process.
"""

import json
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from sluice_dev.bench.javascript import Case, Cell
from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import Failed, LimitedProcess, Unfinished
from sluice_dev.runtimes import table as runtimes
from sluice_dev.runtimes.table import Runtime

FOLDER = ROOT / "tests/bench"
SERVERS = ("sluice", "node20", "node26", "deno")
CONNECTIONS = 32
WARMUP_SECONDS = 1
SECONDS = 3
ANSWER_SECONDS = 10  # of one request

CASES = (
    Case("hello", "hello", "a hello endpoint", 1, path="/hello", body="Hello, world!\n"),
    Case("writes", "writes", "an endpoint of 1,000 writes to a WritableStream, each awaited", 1000, path="/writes", body="16000\n"),
)

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
RATE = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
# wrk prints these only if there were any.
TROUBLE = re.compile(r"^\s*((?:Socket errors|Non-2xx or 3xx responses): .*)$", re.MULTILINE)


def why_impossible() -> str:
    """Empty if it can be measured."""
    if shutil.which("wrk"):
        return ""
    return "wrk, which sends the requests, is missing; install it (Debian: apt-get install wrk)"


def command(runtime: Runtime, folder: Path) -> list[str]:
    if runtime.binary != runtimes.SLUICE:
        return runtime.command(FOLDER / ("server_deno.mjs" if runtime.name == "deno" else "server_node.mjs"))
    config = folder / "config.json"
    config.write_text(json.dumps({"server": {"address": "127.0.0.1", "port": 0, "threads": 1},
                                  "apps": [{"entry": str(FOLDER / "server_sluice.mjs")}]}))
    return [str(runtime.binary), "serve", str(config)]


def rate_of(text: str) -> float:
    """Of what wrk printed. Raises Failed if requests failed: a rate of errors is none."""
    trouble = TROUBLE.search(text)
    if trouble:
        raise Failed(f"wrk: {trouble.group(1)}")
    rate = RATE.search(text)
    if not rate or float(rate.group(1)) <= 0:
        raise Failed(f"wrk printed no rate: {(text.strip().splitlines() or ['nothing'])[-1][:200]}")
    return float(rate.group(1))


def load(url: str, seconds: int) -> float:
    """Requests per second."""
    wrk = ["wrk", "--threads", "1", "--connections", CONNECTIONS, "--duration", f"{seconds}s", "--timeout", f"{ANSWER_SECONDS}s", url]
    with LimitedProcess(wrk, seconds + 2 * ANSWER_SECONDS) as process:
        text = "".join(process.lines())
        if process.end() != 0 or process.timed_out:
            raise process.no_result()
        return rate_of(text)


def check(url: str, body: str) -> None:
    """The right response, before it is requested often. Raises Failed."""
    try:
        # No proxy: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=ANSWER_SECONDS) as response:
            found = response.read().decode(errors="replace")
    except (OSError, urllib.error.URLError) as error:
        raise Failed(f"no response: {error}") from error
    if found != body:
        raise Failed(f"it answered {found[:60]!r}, not {body!r}")


def measure_server(runtime: Runtime, case: Case, limit_seconds: float, folder: Path) -> float:
    with LimitedProcess(command(runtime, folder), limit_seconds) as server:
        address = next((found.group(0) for line in server.lines() if (found := ADDRESS.search(line))), None)
        if address is None:
            raise server.no_result()
        try:
            check(address + case.path, case.body)
            load(address + case.path, WARMUP_SECONDS)
            return load(address + case.path, SECONDS)
        except Failed as failure:
            if server.timed_out:
                raise Unfinished(f"did not finish in {limit_seconds:g} s") from failure
            if server.ended():
                raise server.no_result() from failure
            raise


def measure(runtime: Runtime, case: Case, limit_seconds: float, cell: Cell) -> None:
    """One measurement, which `cell` gets."""
    if cell.over:
        return
    with tempfile.TemporaryDirectory(prefix="sluice-bench-", ignore_cleanup_errors=True) as folder:
        try:
            cell.values.append(measure_server(runtime, case, limit_seconds, Path(folder)))
        except Failed as failure:
            cell.failed = str(failure)
        except Unfinished as failure:
            cell.unfinished = str(failure)
        except OSError as error:
            cell.failed = f"{runtime.binary} could not be started: {error.strerror}"
