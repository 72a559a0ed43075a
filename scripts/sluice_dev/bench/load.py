"""The work of scripts/load: a server, clients that never pause, and counts of lost requests and leaked memory.

A request is lost if its client gets no complete response with status 200. Memory after garbage collections is compared with the memory
after a first, uncounted load, which fills caches and compiles code.
"""

import http.client
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from sluice_dev.common import builds
from sluice_dev.common.arguments import Parser
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell

sys.path.insert(0, str(ROOT / "tests" / "apps"))
from server_process import ROBUSTNESS, Server  # noqa: E402  pylint: disable=wrong-import-position

PATHS = ["/hello", "/writes?count=100", "/pending-writes"]
WARM_UP_SHARE = 0.2  # of the time, besides
QUIET_SECONDS = 10
RESIDENT_SLACK = 24 << 20  # bytes: what the allocators of V8 and of C keep back differs from time to time
HEAP_SLACK = 2 << 20  # bytes


class Result:
    def __init__(self, requests: int = 0, lost: int = 0, why: str = "") -> None:
        self.requests, self.lost, self.why = requests, lost, why


def load_with_wrk(address: tuple[str, int], path: str, seconds: float, connections: int) -> Result:
    """wrk's whole seconds; at least one."""
    host, port = address
    seconds = max(1, round(seconds))
    done = subprocess.run(
        ["wrk", "-t", "2" if connections > 1 else "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s",
         f"http://{host}:{port}{path}"], capture_output=True, text=True, check=True).stdout
    requests = sum(map(int, re.findall(r"(\d+) requests in", done)))
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", done)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    lost = sum(map(int, errors.groups())) if errors else 0
    lost += int(failed.group(1)) if failed else 0
    return Result(requests, lost, " ".join(match.group(0) for match in (errors, failed) if match))


def load_with_python(address: tuple[str, int], path: str, seconds: float, connections: int) -> Result:
    results = [Result() for _ in range(connections)]
    end = time.monotonic() + seconds

    def send_requests(result: Result) -> None:
        connection = http.client.HTTPConnection(address[0], address[1], timeout=60)
        try:
            while time.monotonic() < end:
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                result.requests += 1
                if response.status != 200:
                    result.lost += 1
                    result.why = f"status {response.status}"
        except (OSError, http.client.HTTPException) as error:
            result.lost += 1
            result.why = repr(error)
        finally:
            connection.close()

    clients = [threading.Thread(target=send_requests, args=(result,)) for result in results]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return Result(sum(result.requests for result in results), sum(result.lost for result in results),
                  next((result.why for result in results if result.why), ""))


def memory(server: Server) -> dict[str, Any]:
    """After garbage collections, and when the requests that the clients left behind have ended; they get QUIET_SECONDS for that."""
    deadline = time.monotonic() + QUIET_SECONDS
    while True:
        server.status(collect=True)
        report = server.json("/status?gc")
        app = report["apps"][0]
        if not app["inFlight"] or time.monotonic() > deadline:
            return {**app, "residentBytes": report["residentBytes"]}


def leaks(before: Mapping[str, Any], after: Mapping[str, Any], resident: bool) -> list[str]:
    """What is more than it was, in words."""
    found = [f"{after['live'][kind]} {kind} are alive, and there were {before['live'][kind]}"
             for kind in after["live"] if after["live"][kind] > before["live"][kind]]
    if after["inFlight"]:
        found.append(f"{after['inFlight']} requests are in flight")
    compared = [("heapBytes", HEAP_SLACK), ("bufferBytes", HEAP_SLACK)] + [("residentBytes", RESIDENT_SLACK)] * resident
    found += [f"{kind} grew from {before[kind]:,} to {after[kind]:,}"
              for kind, slack in compared if after[kind] > before[kind] + slack]
    if after["restarts"]:
        found.append(f"the app was started afresh {after['restarts']} times")
    return found


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/load")
    parser.add_argument("--sluice")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--path", nargs="+", default=PATHS)
    parser.add_argument("--client", choices=["wrk", "python"], default="wrk" if shutil.which("wrk") else "python")
    parser.add_argument("--no-resident", dest="resident", action="store_false")
    options = parser.parse(arguments)
    if options.words:
        parser.error(f"unknown argument {options.words[0]}")
    if options.sluice is None:
        builds.prepare()
        builds.build("bench", "sluice")
        options.sluice = str(ROOT / "build/bench/sluice")
    load = {"wrk": load_with_wrk, "python": load_with_python}[options.client]
    app = {"name": "load", "entry": str(ROBUSTNESS), "time_limit_ms": 60_000}
    with Server(options.sluice, {"apps": [app]}, "--status", "/status") as server:
        problems = []
        share = options.seconds / len(options.path)
        for path in options.path:
            load(server.address, path, share * WARM_UP_SHARE, options.connections)
        before = memory(server)
        total = 0
        for path in options.path:
            result = load(server.address, path, share, options.connections)
            total += result.requests
            print(f"{path:<20} {result.requests:>9,} requests, {result.requests / max(share, 1e-9):>8,.0f} a second, "
                  f"{result.lost} lost {result.why}", flush=True)
            if result.lost or not result.requests:
                problems.append(f"{path}: {result.lost} of {result.requests} requests were lost: {result.why}")
        after = memory(server)
        if after["requests"] - before["requests"] < total:
            problems.append(f"the clients count {total} requests, and the app {after['requests'] - before['requests']}")
        print(f"resident {before['residentBytes'] / 2**20:.1f} MB before, {after['residentBytes'] / 2**20:.1f} MB after; "
              f"heap {before['heapBytes']:,} and {after['heapBytes']:,} bytes; live {after['live']}")
        problems += leaks(before, after, options.resident)
        code = server.stop()
        if code != 0:
            problems.append(f"the server ended with {code}")
        if server.errors():
            problems.append(f"the server printed: {server.errors()}")
    tell(requests=total, before=before, after=after, problems=problems)
    for problem in problems:
        print(f"scripts/load: {problem}", file=sys.stderr)
    return 1 if problems else 0
