"""Straight-line scripts that show a difference, as short as they can be: `sluice-fuzz emit --format js`, tried where it matters.

    script = scripts.shortest(runtime, program_text, model, sluice_fuzz)
    script.text, script.shows       # whether the runtime fails it and web-streams-polyfill passes it
"""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sluice_dev.common.errors import CannotRun
from sluice_dev.runtimes import table
from sluice_dev.runtimes.workerd import release_date

SECONDS = 30
# What the log has, the shortest first.
LOGS = ("results", "calls", "calls,results", "reads", "results,reads", "calls,results,reads", "end", "calls,results,reads,end")

_WORKERD_TEST = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = (compatibilityDate = "{date}", compatibilityFlags = [{flags}],
  modules = [(name = "repro.mjs", esModule = embed "repro.mjs")]))]);
"""


@dataclass(frozen=True)
class Script:
    text: str
    output: str  # of the runtime
    shows: bool  # it fails in the runtime, and not with the polyfill


def emit(sluice_fuzz: Path, program: str, *arguments: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".ops") as file:
        file.write(program)
        file.flush()
        run = subprocess.run([str(sluice_fuzz), "emit", *arguments, file.name], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise CannotRun(run.stderr.strip())
    return run.stdout


def in_worker(text: str) -> str:
    """workerd runs timers in handlers only."""
    body = "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())
    return f"export default {{\n  async test() {{\n{body}  }},\n}};\n"


def workerd_config(runtime: table.Runtime) -> str:
    return _WORKERD_TEST.format(date=release_date(runtime.version_wanted), flags=", ".join(f'"{flag}"' for flag in runtime.flags))


def run(runtime: table.Runtime, text: str) -> tuple[int, str]:
    """The exit code of a script and what it printed; a signal or a time that is over is no exit code: negative."""
    with tempfile.TemporaryDirectory(prefix="sluice-") as name:
        folder = Path(name)
        file = folder / "repro.mjs"
        if runtime.kind == "workerd":
            file.write_text(in_worker(text))
            config = folder / "config.capnp"
            config.write_text(workerd_config(runtime))
            command = [str(runtime.binary), "test", *(["--experimental"] if runtime.flags else []), str(config)]
        elif runtime.kind == "file":
            prelude = f"{runtime.library.prelude()}const {{ WritableStream, WritableStreamDefaultWriter }} = source;\n" if runtime.library else ""
            file.write_text(prelude + text)
            command = runtime.command(file)
        else:
            raise CannotRun(f"{runtime.name} runs no files")
        try:
            done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace", timeout=SECONDS, check=False, env=os.environ | {"NO_COLOR": "1"})
        except subprocess.TimeoutExpired:
            return -1, f"(it did not end in {SECONDS} s)"
    code = 1 if runtime.kind == "workerd" and "actual:" in done.stdout and "differs from the standard" in done.stdout else done.returncode
    return code, done.stdout


def shortest(runtime: table.Runtime, program: str, model: str, sluice_fuzz: Path, title: str = "") -> Script:
    """The script with the shortest log that shows the difference; the longest one where none does."""
    polyfill = table.find("polyfill")
    can_run = not table.install([runtime, polyfill])
    script = Script("", "", False)
    for log in LOGS:
        options = ("--format", "js", "--log", log, *(["--title", title] if title else []))
        text = emit(sluice_fuzz, program, *options, "--ticks", model)
        if not can_run or runtime.kind not in ("file", "workerd"):
            script = Script(text, "", False)
            continue
        code, output = run(runtime, text)
        good, _ = run(polyfill, emit(sluice_fuzz, program, *options))
        script = Script(text, output, code != 0 and good == 0)
        if script.shows:
            break
    return script
