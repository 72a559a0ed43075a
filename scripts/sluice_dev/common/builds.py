"""Sets up and builds what a command runs: the packages, by scripts/lib/setup.sh, and the presets of CMakePresets.json.

    builds.prepare()
    builds.build("asan", "sluice-fuzz")

A checkout that cannot be written is used as it is built. Messages go to standard error.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from sluice_dev.common import sanitizer_options
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import PACKAGE, ROOT

PRESETS = {"address": "asan", "undefined": "ubsan"}
_SETUP = ROOT / "scripts/lib/setup.sh"
_INSTALLED = 10  # exit code of _PREPARE
_PREPARE = ('source "$1"; before=; if command -v apt-get dpkg-query >/dev/null; then before=$(missing_packages required); fi; install_packages; '
            'if (($# > 1)); then install_named "${@:2}"; fi; [[ -z $before ]] || exit 10')
_AGAIN = "SLUICE_PREPARED"  # set for the process that begins anew
_STEP = re.compile(r"\[([1-9]\d*)/(\d+)\] ")  # [0/n] builds nothing
_CANNOT_BUILD_IN = ";\"\\|<>\n\r,:"  # CMake and Ninja; the last two: lists in a linker's flag, of folders with libraries
_SHOW_EVERY_SECONDS = 15
_GRACE_SECONDS = 5
_MIB_OF_A_COMPILER = 700  # for a file with V8's or Boost's headers under AddressSanitizer


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def prepare(*packages: str) -> None:
    """Installs what is missing. Python's own packages are only seen by a process that begins afterwards: then this one begins anew."""
    if os.environ.pop(_AGAIN, ""):
        return
    script = f"scripts/{sys.argv[1]}" if len(sys.argv) > 1 else "scripts"
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", _PREPARE, script, _SETUP, *packages], check=False)
    if run.returncode == _INSTALLED:
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
        os.execve(sys.executable, [sys.executable, "-B", str(PACKAGE), *sys.argv[1:]], os.environ | {_AGAIN: "1"})
    if run.returncode != 0:
        raise CannotRun("what is needed could not be installed")


def export_sanitizer_options() -> None:
    """The options of sanitizers/ first, so that the caller's own environment has the last word."""
    for name in ("asan", "ubsan"):
        variable = f"{name.upper()}_OPTIONS"
        os.environ[variable] = ":".join(filter(None, (sanitizer_options.joined(f"{name}.options"), os.environ.get(variable))))
    if symbolizer := shutil.which("llvm-symbolizer"):
        os.environ |= {"ASAN_SYMBOLIZER_PATH": symbolizer, "UBSAN_SYMBOLIZER_PATH": symbolizer}


def known_targets() -> list[str]:
    return sorted(path.stem for path in (ROOT / "fuzz/targets").glob("*_fuzzer.cc"))


def require_target(name: str) -> None:
    """Looks in the sources, so that a misspelt name fails before anything is built."""
    if name not in known_targets():
        raise CannotRun(f"unknown target {name}; there are: {' '.join(known_targets())}")


# --- Configuring ---

def _flags(preset: str) -> list[str]:
    flags = []
    if shutil.which("ccache"):
        flags.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    if shutil.which("ld.lld"):
        flags.append("-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld")
    # Fleets build the fuzz targets with nothing but a compiler; here there is V8.
    if preset.startswith(("libfuzzer-", "afl-")) and (ROOT / "build/v8/.complete").exists():
        flags.append("-DSLUICE_V8=ON")
    return flags


def _configure(preset: str, folder: Path) -> None:
    """Unless that has been done in the same way before. A folder that was left half-configured, was moved, or has other flags is
    configured afresh; what was compiled in it is kept where it still fits."""
    flags = _flags(preset)
    stamp = folder / ".configured"
    wanted = f"{ROOT} {' '.join(flags)} {zlib.crc32((ROOT / 'CMakePresets.json').read_bytes()):08x}\n"
    if (folder / "build.ninja").exists() and stamp.exists() and stamp.read_text(errors="surrogateescape") == wanted:
        return
    stamp.unlink(missing_ok=True)
    with (folder / "configure.log").open("w+b") as log:
        code = _run(["cmake", "--fresh", "--preset", preset, *flags], stdout=log)
        if code != 0:
            log.seek(0)
            say(log.read().decode(errors="replace"))
            raise CannotRun(f"build/{preset} could not be configured; CMake's own words are above")
    stamp.write_text(wanted, errors="surrogateescape")


# --- Building ---

def build(preset: str, *targets: str) -> None:
    """No target means all of them."""
    folder = ROOT / "build" / preset
    if odd := sorted(set(str(ROOT)) & set(_CANNOT_BUILD_IN)):
        raise CannotRun(f"{str(ROOT)!r}: nothing can be built in a path with {' or '.join(map(repr, odd))}. Move the checkout, or "
                        "rename that folder")
    if not os.access(folder if folder.exists() else ROOT, os.W_OK):
        _use_as_it_is(folder, targets)
        return
    begun = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder, preset):
        _configure(preset, folder)
        command = ["cmake", "--build", f"build/{preset}", "--parallel", str(_jobs()), *(["--target", *targets] if targets else [])]
        progress = _Progress(preset, folder / "build.log")
        code = _run(command, on_line=progress.add)
        progress.end()
    if code != 0:
        for line in (folder / "build.log").read_text(errors="replace").splitlines():
            if not re.match(r"\[\d+/", line) and not line.startswith("-- "):
                say(line)
        raise CannotRun(f"build/{preset} could not be built; the compiler's own words are above")
    if progress.steps:
        say(f"Built {preset} in {time.monotonic() - begun:.0f} s")


def _use_as_it_is(folder: Path, targets: tuple[str, ...]) -> None:
    what = f"build/{folder.name}"
    if not (folder / ".configured").exists():
        raise CannotRun(f"{ROOT} cannot be written, and {what} is not built there. Build it as its owner, or use a checkout of your own")
    for target in targets:
        path = folder / ("fuzzers" if target.endswith("_fuzzer") else "") / target
        if target.endswith(("_fuzzer", "sluice", "sluice-fuzz")) and not path.exists():
            raise CannotRun(f"{ROOT} cannot be written, and {what} has no {target}. Build it as its owner, or use a checkout of your own")
    say(f"{what} cannot be written: it is used as it is")


@contextlib.contextmanager
def _alone_in(folder: Path, preset: str) -> Iterator[None]:
    """Two scripts may run at once, but ninja must have the folder to itself."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for another script that builds build/{preset}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _jobs() -> int:
    """Compilers at a time: two more than processors, as ninja has it, but no more than fit into the memory that is free."""
    if wanted := os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL"):
        return int(wanted)
    free = []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        free.append(int(re.search(r"MemAvailable: +(\d+)", Path("/proc/meminfo").read_text())[1]) // 1024)  # type: ignore[index]
    with contextlib.suppress(OSError, ValueError):  # "max" is no number
        group = Path("/sys/fs/cgroup")
        free.append((int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())) >> 20)
    most = len(os.sched_getaffinity(0)) + 2
    return max(1, min(most, min(free) // _MIB_OF_A_COMPILER)) if free else most


class _Progress:
    """Keeps ninja's output in a log, and shows how far it is."""

    def __init__(self, preset: str, log: Path) -> None:
        self.steps = 0
        self._preset = preset
        self._log = log.open("w", encoding="utf-8", errors="surrogateescape")
        self._shown = time.monotonic()
        self._live = sys.stderr.isatty()

    def add(self, line: str) -> None:
        self._log.write(line)
        match = _STEP.match(line)
        if not match:
            return
        self.steps += 1
        if self._live:
            sys.stderr.write(f"\r\033[KBuilding {self._preset}: {match[1]} of {match[2]}")
            sys.stderr.flush()
        elif self.steps == 1:
            say(f"Building {self._preset}")
        elif time.monotonic() - self._shown >= _SHOW_EVERY_SECONDS:
            self._shown = time.monotonic()
            say(f"Building {self._preset}: {match[1]} of {match[2]}")

    def end(self) -> None:
        self._log.close()
        if self.steps and self._live:
            sys.stderr.write("\r\033[K")


def _run(command: list[str], on_line: Callable[[str], None] = say, stdout: int | IO[bytes] = subprocess.PIPE) -> int:
    """In the checkout; whatever ends this ends it too, with all that it has started."""
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"NINJA_STATUS": "[%f/%t] "}, stdin=subprocess.DEVNULL, stdout=stdout,
                               stderr=subprocess.STDOUT, text=True, errors="surrogateescape", start_new_session=True)
    try:
        for line in process.stdout or ():
            on_line(line)
        return process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def main(arguments: list[str]) -> int:
    """For scripts/lib/setup.sh: the preset, and targets."""
    if not arguments:
        raise CannotRun("build: name a preset")
    build(*arguments)
    return 0
