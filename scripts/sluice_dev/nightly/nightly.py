"""The work of scripts/nightly: runs the stages in order, keeps their output, and writes the report."""

import argparse
import errno
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from sluice_dev.common import builds
from sluice_dev.common.display import say
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.provenance import GIT
from sluice_dev.nightly import config as nightly_config
from sluice_dev.nightly import report as nightly_report
from sluice_dev.nightly import stages as nightly_stages
from sluice_dev.nightly.history import reserve
from sluice_dev.nightly.options import Options
from sluice_dev.nightly.state import State

SHOW_EVERY_SECONDS = 20
SAVE_EVERY_SECONDS = 5
GRACE_SECONDS = 30
INTERRUPTED = 130
_MAKE_ROOM = "Make room and start scripts/nightly again: it goes on from here."
# A stage must not outlive a night that is killed: it would hold locks, and fuzz on.
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()


def parse(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="scripts/nightly", add_help=False, allow_abbrev=False,
                                     usage="scripts/nightly [FLAG...]; --help explains them")
    names = [stage.name for stage in nightly_stages.STAGES]
    parser.add_argument("--config", type=Path, default=nightly_config.DEFAULT)
    parser.add_argument("--time", type=int)
    parser.add_argument("--jobs", type=int)
    for name in ("--out", "--corpus", "--archive", "--history"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--only", action="append", choices=names, default=[])
    parser.add_argument("--skip", action="append", choices=names, default=[])
    given = parser.parse_args(arguments)
    config = nightly_config.read(given.config, names)
    night = config["night"]
    given.time = night["seconds"] if given.time is None else given.time
    given.jobs = (night["jobs"] or os.cpu_count() or 1) if given.jobs is None else given.jobs
    paths = {name: getattr(given, name) or ROOT / path for name, path in config["paths"].items() if path or getattr(given, name)}
    if given.time < nightly_stages.SMALLEST_SECONDS:
        parser.error(f"--time {given.time}: {nightly_stages.SMALLEST_SECONDS} seconds are the least that is sensible")
    if given.jobs < 1:
        parser.error("--jobs must be at least 1")
    stages = [name for name in names if (not given.only or name in given.only) and name not in (*given.skip, *night["skip"])]
    if not stages:
        parser.error("no stage is left")
    paths = {name: path.resolve() for name, path in paths.items()}
    return Options(given.time, paths["out"], given.jobs, paths["corpus"], paths.get("archive"), paths["history"], given.fresh, stages, config)


def identity(options: Options) -> dict[str, Any]:
    """What a night has to have in common with one that it goes on with."""
    def git(*words: str) -> str:
        run = subprocess.run([*GIT, "-C", ROOT, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return run.stdout.decode(errors="replace").strip() if run.returncode == 0 else ""

    return {"commit": git("rev-parse", "HEAD") or "unknown", "time": options.seconds, "stages": options.stages}


class Night:
    def __init__(self, options: Options, state: State):
        self._options = options
        self._state = state
        self._child: subprocess.Popen[bytes] | None = None
        self._interrupted = False

    # --- A stage ---

    def _require_space(self) -> None:
        for folder in (self._options.out, ROOT / "build"):
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
            needed = self._options.config["night"]["free_mib"]
            if free >> 20 < needed:
                raise OSError(errno.ENOSPC, f"the disk is full: {free >> 20} MiB are free, {needed} MiB are needed", str(folder))

    def _run(self, stage: nightly_stages.Stage, position: int) -> None:
        record = self._state.stage(stage.name)
        self._require_space()
        record["parts"] += 1
        record["status"] = "running"
        self._state.save()
        log = self._options.out / "logs" / f"{stage.name}.log"
        log.parent.mkdir(exist_ok=True)
        heading = f"[{position}/{len(self._options.stages)}] {stage.name}"
        try:
            steps = stage.commands(self._options, record)
        except nightly_stages.CannotRunHere as error:
            record["status"], record["why"] = "warned", str(error)
            self._state.save()
            say(f"{heading}: {error}")
            return
        if not steps:
            record["status"], record["why"] = "passed", "nothing to do"
            self._state.save()
            say(f"{heading}: nothing to do")
            return
        say(f"{heading}: {stage.title}")
        begun, before = time.monotonic(), record["seconds"]
        codes = []
        with log.open("ab") as output:
            for step in steps:
                codes.append(self._follow(step, output, log, heading, lambda: self._note(record, before, begun)))
                if self._interrupted:
                    break
        record["seconds"] = round(before + time.monotonic() - begun, 1)
        if self._interrupted:
            self._state.save()  # still "running": the next start goes on with it
            return
        record["status"], record["why"] = stage.judge(codes, self._options)
        self._state.save()
        say(f"{heading}: {record['status']} after {record['seconds']:.0f} s{'. ' if record['why'] else ''}{record['why']}")
        if record["status"] in ("failed", "unable", "warned"):
            for line in _last_lines(log, 15):
                say(f"    {line}")
            say(f"    (all of it: {log})")

    def _note(self, record: dict[str, Any], before: float, begun: float) -> None:
        record["seconds"] = round(before + time.monotonic() - begun, 1)
        self._state.save()

    def _follow(self, command: Sequence[object], output: IO[bytes], log: Path, heading: str, note: Callable[[], None]) -> int:
        """Its exit code. Says from time to time how far it is."""
        output.write(f"$ {' '.join(map(str, command))}\n".encode())
        output.flush()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
        try:
            child = self._child = subprocess.Popen([*_ENDS_WITH_US, *(str(part) for part in command)], stdin=subprocess.DEVNULL, stdout=output,
                                           stderr=subprocess.STDOUT, cwd=ROOT, env=environment, start_new_session=True)
        except OSError as error:
            output.write(f"{command[0]}: {error.strerror}\n".encode())
            return 127
        if self._interrupted:  # before there was a child to tell
            self._stop_child(signal.SIGINT)
        shown = saved = time.monotonic()
        last = ""
        while True:
            try:
                code = child.wait(0.5)
                self._child = None
                return code
            except subprocess.TimeoutExpired:
                pass
            now = time.monotonic()
            if now - saved >= SAVE_EVERY_SECONDS:
                saved = now
                note()
            if now - shown >= SHOW_EVERY_SECONDS:
                shown = now
                line = next(iter(_last_lines(log, 1)), "")
                if line != last:
                    say(f"{heading}: {line}")
                last = line

    def interrupt(self, *_: object) -> None:
        """The first time in order, the second at once."""
        again, self._interrupted = self._interrupted, True
        if self._child is not None:
            self._stop_child(signal.SIGKILL if again else signal.SIGINT)

    def _stop_child(self, number: int) -> None:
        child = self._child
        assert child is not None
        _signal_group(child.pid, number)
        if number != signal.SIGKILL:
            timer = threading.Timer(GRACE_SECONDS, _kill, [child])
            timer.daemon = True
            timer.start()

    # --- All of them ---

    def run(self) -> int:
        chosen = [stage for stage in nightly_stages.STAGES if stage.name in self._options.stages]
        unable = False
        for position, stage in enumerate(chosen, 1):
            record = self._state.stage(stage.name)
            if record["status"] in ("passed", "failed", "warned"):
                say(f"[{position}/{len(chosen)}] {stage.name}: {record['status']} before")
                continue
            if unable:
                record["status"], record["why"] = "skipped", "the build failed"
                continue
            self._run(stage, position)
            if self._interrupted:
                say("Interrupted. Started again, it goes on with this stage.")
                return INTERRUPTED
            unable = stage.is_needed and record["status"] != "passed"
        code = nightly_report.write(self._options, self._state)
        self._state.end()
        say("")
        say((self._options.out / "summary.md").read_text(encoding="utf-8"))
        say(f"Report: {self._options.out / 'index.html'}")
        return code


def _kill(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        _signal_group(child.pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass


def _last_lines(log: Path, count: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 8192))
        text = file.read().decode(errors="replace").replace("\r", "\n")
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]


def _prepare(options: Options) -> None:
    """Only the stage valgrind needs valgrind."""
    if "valgrind" not in options.stages or shutil.which("valgrind"):
        builds.prepare()
    elif shutil.which("apt-get"):
        builds.prepare("valgrind")
    else:
        raise CannotRun("missing tool: valgrind (or leave it out with --skip valgrind)")


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--list"]:
        print("\n".join(f"{stage.name:15} {stage.title}" for stage in nightly_stages.STAGES))
        return 0
    options = parse(arguments)
    _prepare(options)
    state = State(options.out, identity(options), options.fresh)
    if state.resumed:
        say(f"Going on with the unfinished night in {options.out}")
    elif state.why_new:
        say(f"Beginning anew: {state.why_new}")
    night = Night(options, state)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, night.interrupt)
    try:
        with reserve(options.out / ".reserve"):  # for the report of a full disk
            return night.run()
    except OSError as error:
        where = f"{error.filename or options.out}: {error.strerror or error}"
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise CannotRun(where) from error
        trouble = f"{where}. {_MAKE_ROOM}"
        try:
            nightly_report.write(options, state, trouble)
            trouble += f" What there is until now: {options.out / 'summary.md'}"
        except OSError as worse:
            trouble += f" There is no report: {worse.filename}: {worse.strerror}"
        raise CannotRun(trouble) from error
