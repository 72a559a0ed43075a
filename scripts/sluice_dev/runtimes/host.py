"""Runs programs in a runtime, whatever that does: crash, hang, flood or go away.

    for answer in host.run(runtime, examples):
        answer.name, answer.lines, answer.failure

The examples are those of `sluice-fuzz batch`. Each process gets some hundred of them in one script; the one that it dies of is known by
the answers before it, is run once more by itself, and the others go on in a new process. Every example gets an answer.
"""

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.runtimes import browsers
from sluice_dev.runtimes import table
from sluice_dev.runtimes.workerd import release_date

DRIVER = ROOT / "fuzz/program/driver.js"
RUNNER = table.FOLDER / "runner.js"
CHUNK = 400  # programs for one process
SILENCE_SECONDS = 20  # without a line; a program itself is given up after 5
FLOOD_BYTES = 64 << 20  # what one process may print that is no answer
DEATHS = 8  # processes that die without one answer, after which a runtime is given up


@dataclass
class Answer:
    name: str
    lines: list[str]
    failure: str = ""  # why there is no whole trace
    missing: str = ""  # what the runtime lacks, beside streams, to run it at all


@dataclass
class Offers:
    """What a runtime reports of itself."""

    unhandled: bool = True
    signal: bool = True
    detach: bool = True


@dataclass
class _Death:
    """How a process ended before it had answered everything."""

    why: str
    started: bool  # it printed its first line


def script(examples: list[dict[str, Any]], prelude: str = "", run: str = "") -> str:
    """One JavaScript module that needs nothing else."""
    programs = ",\n".join(json.dumps({"name": example["name"], "program": example["program"]}) for example in examples)
    run = run or 'await runAll(examples, source, typeof console === "object" ? (line) => console.log(line) : (line) => print(line));\n'
    return (f"{prelude or 'const source = globalThis;'}\n{DRIVER.read_text()}\n{RUNNER.read_text()}\n"
            f"const examples = [\n{programs}\n];\n{run}")


_running: set["_Process | browsers.BrowserProcess"] = set()


def kill_all() -> None:
    """When a run is interrupted: nothing is left behind, and no thread waits for it."""
    for process in list(_running):
        process.kill()


class _Process:
    """A process whose lines are read until it ends, is silent for too long or prints too much."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(command, cwd=folder, env=os.environ | environment, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True)
        self.why = ""
        self._last = ""

    def lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        rest = b""
        noise = 0
        while True:
            if not select.select([descriptor], [], [], SILENCE_SECONDS)[0]:
                self.why = f"hung: nothing for {SILENCE_SECONDS} s"
                return
            data = os.read(descriptor, 1 << 16)
            if not data:
                return
            whole, newline, end = data.rpartition(b"\n")
            if not newline:
                rest += data
            else:
                for line in (rest + whole).split(b"\n"):
                    text = line.decode(errors="replace")
                    if text.startswith("{"):
                        yield text
                    else:
                        noise += len(line) + 1
                        self._last = text.strip() or self._last
                rest = end
            if noise + (len(rest) if not rest.startswith(b"{") else 0) > FLOOD_BYTES or len(rest) > 4 * FLOOD_BYTES:
                self.why = f"flooded its output: more than {FLOOD_BYTES >> 20} MiB"
                return

    def kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def ended(self) -> bool:
        return self._process.poll() is not None

    def death(self) -> str:
        """Ends it, and says how it ended."""
        if not self.why:
            try:
                code = self._process.wait(2)
                self.why = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            except subprocess.TimeoutExpired:
                self.why = "closed its output and did not end"
        self.kill()
        self._process.wait()
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 4000))
        words = [line.strip() for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        last = next((line for line in words if "rror" in line), words[-1] if words else self._last)
        return self.why + (f": {last[:300]}" if last else "")

    def close(self) -> None:
        self.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()


@contextmanager
def _started(runtime: table.Runtime, examples: list[dict[str, Any]], folder: Path) -> Iterator["_Process | browsers.BrowserProcess"]:
    process: _Process | browsers.BrowserProcess
    if runtime.kind == "workerd":
        process = _start_workerd(runtime, examples, folder)
    elif runtime.kind == "webdriver":
        process = browsers.BrowserProcess(runtime.name, script(examples, run=browsers.script_end()), folder)
    else:
        file = folder / "batch.mjs"
        file.write_text(script(examples, runtime.library.prelude() if runtime.library else ""))
        process = _Process(runtime.command(file), Path.cwd(), {"NO_COLOR": "1"})
    _running.add(process)
    try:
        yield process
    finally:
        _running.discard(process)
        process.close()


# Its newest behaviour: the date of the release itself.
_WORKERD_CONFIG = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (compatibilityDate = "{date}", compatibilityFlags = [{flags}],
    modules = [(name = "main.mjs", esModule = embed "main.mjs")]))],
  sockets = [(name = "http", address = "unix:{socket}", http = (), service = "main")],
);
"""


def _start_workerd(runtime: table.Runtime, examples: list[dict[str, Any]], folder: Path) -> _Process:
    """It runs no file: it serves a configuration, and what it is to do it is asked over HTTP, here on a Unix socket."""
    address = folder / "socket"
    (folder / "main.mjs").write_text(script(examples, run="""
export default {
  async fetch() {
    await runAll(examples, source, (line) => console.log(line));
    return new Response("done");
  },
};
"""))
    (folder / "config.capnp").write_text(_WORKERD_CONFIG.format(
        date=release_date(runtime.version_wanted), flags=", ".join(f'"{flag}"' for flag in runtime.flags), socket=address))
    process = _Process([str(runtime.binary), "serve", *(["--experimental"] if runtime.flags else []), str(folder / "config.capnp")],
                       folder, {"NO_COLOR": "1"})
    threading.Thread(target=_ask, args=(process, address), daemon=True).start()
    return process


def _ask(process: _Process, address: Path) -> None:
    """Its socket is a file that appears; nothing can be waited for that says so."""
    deadline = time.monotonic() + SILENCE_SECONDS
    while not process.ended() and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(address))
        except OSError:
            connection.sock.close()
            time.sleep(0.01)
            continue
        try:
            connection.request("GET", "/")
            if connection.getresponse().status != 200:
                process.why = "the request failed"
        except (OSError, http.client.HTTPException) as error:
            process.why = process.why or f"lost the connection ({type(error).__name__})"
        finally:
            connection.close()
            time.sleep(0.2)  # its last lines are on their way
            process.kill()
        return


@dataclass
class Session:
    """Runs programs in one runtime, and knows what it offers."""

    runtime: table.Runtime
    offers: Offers = field(default_factory=Offers)
    cancelled: Callable[[], bool] = lambda: False

    def run(self, examples: list[dict[str, Any]]) -> Iterator[Answer]:
        waiting = list(examples)
        silent_deaths = 0
        while waiting and not self.cancelled():
            part = waiting[:CHUNK]
            answered = 0
            death = None
            for answer in self._run_once(part):
                if isinstance(answer, _Death):
                    death = answer
                    break
                answered += 1
                yield answer
            del waiting[:answered]
            if death is None or not waiting:
                continue
            silent_deaths = 0 if answered else silent_deaths + 1
            if not death.started and silent_deaths >= 2:
                raise CannotRun(death.why)
            if answered < len(part):
                yield self._blamed(waiting.pop(0), death)
            if silent_deaths >= DEATHS:
                raise CannotRun(f"{silent_deaths} processes died of their first program: {death.why}")

    def _blamed(self, example: dict[str, Any], death: _Death) -> Answer:
        alone = next(iter(self._run_once([example])), death)
        if isinstance(alone, _Death):
            return Answer(example["name"], [], alone.why)
        return Answer(example["name"], alone.lines, f"{death.why} (after other programs; not by itself)")

    def _run_once(self, examples: list[dict[str, Any]]) -> Iterator[Answer | _Death]:
        started = finished = False
        answered = 0
        with tempfile.TemporaryDirectory(prefix="sluice-") as name, _started(self.runtime, examples, Path(name)) as process:
            for line in process.lines():
                try:
                    message = json.loads(line)
                except json.JSONDecodeError:
                    continue
                if message.get("hello"):
                    started = True
                    self.offers = Offers(**message["offers"])
                elif message.get("bye"):
                    finished = True
                    break
                elif answered < len(examples) and message.get("name") == examples[answered]["name"]:
                    answered += 1
                    yield Answer(message["name"], message["lines"], message.get("stopped", ""), message.get("missing", ""))
            if not finished:
                yield _Death(process.death(), started)
