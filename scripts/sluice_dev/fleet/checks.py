"""The checks of OSS-Fuzz's infrastructure on a folder of built fuzz targets, without its containers. Facts: ossfuzz_environment.py.

    with MovedFolder(out) as folder:                  # elsewhere, read-only
        checks = Checks(folder, Environment("libfuzzer", "address"))
        for target in checks.targets():
            checks.run(target)                        # {check: "" or why it failed}

test_all.py's search for targets, bad_build_check's checks with its thresholds, and its check of the seed corpus, which theirs has
switched off. Beyond theirs: options and dictionaries must be understood, no seed may be cut, and a target must load nothing from
outside its folder but the C library.
"""

import configparser
import functools
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sluice_dev.common.errors import CannotRun
from sluice_dev.engines.measure import Measurer
from sluice_dev.fleet.environment import Environment

RUNS = 4
_CALL = re.compile(r"callq?\s+[0-9a-f]+\s+<__(asan|dfsan|msan|ubsan)")
_MACHINES = {"x86_64": "x86-64", "aarch64": "aarch64"}
_SKIPPED = re.compile(r"llvm-symbolizer$|afl-|jazzer_")
_C_LIBRARY = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util))\.so\.\d+$|linux-vdso\.so\.\d+$")
_RUN_SECONDS = 120
_AFL_START_SECONDS = 35  # as theirs
_AFL_AFTER_START_SECONDS = 4
# Nobody: the folder is read-only for root only in name.
_NOBODY = 65534


class MovedFolder:
    """Everything of `out` somewhere else, as test_all.py does it, where nothing can be written. Back in its place in the end."""

    def __init__(self, out: Path) -> None:
        self._out = out

    def __enter__(self) -> Path:
        self._home = Path(tempfile.mkdtemp(prefix="sluice-not-out-"))
        self._home.chmod(0o755)
        self.path = self._home / "moved"
        shutil.move(self._out, self.path)
        self._set_writable(False)
        return self.path

    def __exit__(self, *_: object) -> None:
        self._set_writable(True)
        shutil.move(self.path, self._out)
        self._home.rmdir()

    def _set_writable(self, writable: bool) -> None:
        for path in (self.path, *self.path.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode | stat.S_IRGRP | stat.S_IROTH | (stat.S_IXGRP | stat.S_IXOTH if path.stat().st_mode & 0o100 else 0)
                path.chmod(mode | 0o200 if writable else mode & ~0o222)


class Run:
    """A process that has ended."""

    def __init__(self, code: int | None, output: str) -> None:
        self.code = code  # None: it took too long
        self.output = output

    def end(self) -> str:
        how = "took too long" if self.code is None else f"ended by {signal.Signals(-self.code).name}" if self.code < 0 else f"exit code {self.code}"
        lines = [line for line in self.output.splitlines() if line.strip()]
        telling = [line for line in lines if re.search(r"ERROR|runtime error|PROGRAM ABORT|error|SLUICE-FINDING", line)]
        return f"{how}: {(telling or lines[-1:] or ['no output'])[0].strip()[:160]}"


class Checks:
    NAMES = ("architecture", "engine", "sanitizers", "start-up", "seeds", "options", "dictionary", "libraries", "coverage")

    def __init__(self, folder: Path, environment: Environment) -> None:
        self._folder = folder
        self._environment = environment
        self._afl_runs: dict[str, Run] = {}

    def targets(self) -> list[str]:
        """As test_all.py finds them."""
        found = []
        for path in sorted(self._folder.iterdir()):
            if _SKIPPED.match(path.name) or not path.is_file() or not path.stat().st_mode & 0o111:
                continue
            kind = _file(path)
            if ("ELF" in kind or "shell script" in kind) and b"LLVMFuzzerTestOneInput" in path.read_bytes():
                found.append(path.name)
        return found

    def run(self, target: str) -> dict[str, str]:
        """Check -> "" where it passes, and otherwise why not. A check that does not apply is left out."""
        results = {}
        # Coverage builds are not fuzzed: there is nothing in them that guides an engine.
        names = ("architecture", "seeds", "libraries", "coverage") if self._environment.sanitizer == "coverage" else self.NAMES
        for name in names:
            problem: str | None = getattr(self, "_check_" + name.replace("-", "_"))(target)
            if problem is not None:
                results[name] = problem
        return results

    # --- run_fuzzer ---

    def _options(self, target: str) -> configparser.ConfigParser:
        parser = configparser.ConfigParser()
        parser.read(self._folder / f"{target}.options")
        return parser

    def _variables(self, target: str, more_options: str = "") -> dict[str, str]:
        variables = self._environment.run_variables()
        options = self._options(target)
        for section in ("asan", "msan", "ubsan"):
            if options.has_section(section):
                variables[f"{section.upper()}_OPTIONS"] += "".join(f":{key}={value}" for key, value in options[section].items())
            variables[f"{section.upper()}_OPTIONS"] += more_options
        return variables

    def _arguments(self, target: str) -> list[str]:
        options = self._options(target)
        given = dict(options["libfuzzer"]) if options.has_section("libfuzzer") else {}
        dictionary = self._dictionary(target)
        given.pop("dict", None)
        return ["-rss_limit_mb=2560", "-timeout=25", *(f"-{key}={value}" for key, value in given.items()),
                *([f"-dict={dictionary}"] if dictionary else [])]

    def _dictionary(self, target: str) -> str | None:
        options = self._options(target)
        named = options.get("libfuzzer", "dict", fallback=None)
        if named:
            return named
        return f"{target}.dict" if (self._folder / f"{target}.dict").exists() else None

    def run_fuzzer(self, target: str, *arguments: str, seeds: bool = True, more_options: str = "", work: str | None = None) -> Run:
        """In its folder, with its options, dictionary and seeds, and nothing of our environment."""
        with tempfile.TemporaryDirectory(prefix="sluice-run-") as own:
            corpus = Path(work or own) / "corpus"
            corpus.mkdir(exist_ok=True)
            archive = self._folder / f"{target}_seed_corpus.zip"
            if seeds and archive.exists():
                with zipfile.ZipFile(archive) as file:
                    file.extractall(corpus)
            os.chmod(own, 0o777)
            os.chmod(corpus, 0o777)
            command = [self._folder / target, "--", *self._arguments(target), f"-artifact_prefix={own}/", *arguments, corpus]
            return self._run(command, self._variables(target, more_options), self._folder)

    def _run(self, command: Sequence[object], variables: Mapping[str, str], folder: str | Path) -> Run:
        try:
            run = subprocess.run([str(part) for part in command], env=variables, cwd=folder, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                 timeout=_RUN_SECONDS, check=False, **_as_nobody())
            return Run(run.returncode, run.stdout)
        except subprocess.TimeoutExpired as late:
            return Run(None, (late.stdout or b"").decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or "")
        except OSError as error:
            return Run(126, f"ERROR: {error}")

    # --- The checks ---

    def _check_architecture(self, target: str) -> str:
        machine = os.uname().machine
        kind = _file(self._folder / target)
        return "" if _MACHINES.get(machine, machine) in kind else f"not built for {machine}: {kind[:100]}"

    def _check_engine(self, target: str) -> str:
        if self._environment.engine == "afl":
            run = self._run_afl(target)
            return "" if "All set and ready to roll" in run.output else f"afl-fuzz does not start. {_afl_end(run)}"
        run = self._run([self._folder / target, "--", "-seed=1337", f"-runs={RUNS}"], self._variables(target), "/")
        # An error up to LLVM 14, a warning that it goes on from since.
        if re.search("no interesting inputs were found.*Is the code instrumented", run.output):
            return "not instrumented for coverage"
        return ""

    def _check_sanitizers(self, target: str) -> str:
        return mixed_sanitizers(self._environment, calls(self._folder / target), runtime_calls(self._environment))

    def _check_start_up(self, target: str) -> str:
        if self._environment.engine == "afl":
            run = self._run_afl(target)
            return _afl_end(run) if re.search("target binary (crashed|terminated)", run.output) else ""
        run = self.run_fuzzer(target, "-seed=1337", f"-runs={RUNS}", seeds=False)
        return "" if f"Done {RUNS} runs" in run.output else run.end()

    def _check_seeds(self, target: str) -> str | None:
        if self._environment.engine == "afl":
            return None
        archive = self._folder / f"{target}_seed_corpus.zip"
        if not archive.exists():
            return f"there is no {archive.name}"
        try:
            sizes = {entry.filename: entry.file_size for entry in zipfile.ZipFile(archive).infolist()}
        except zipfile.BadZipFile as error:
            return f"{archive.name}: {error}"
        longest = self._options(target).getint("libfuzzer", "max_len", fallback=0)
        cut = [name for name, size in sizes.items() if longest and size > longest]
        if cut:
            return f"{len(cut)} seeds are longer than max_len={longest}: {cut[0]}"
        run = self.run_fuzzer(target, "-runs=0")
        if run.code != 0:
            return run.end()
        read = re.search(r"seed corpus: files: (\d+)", run.output)
        # libFuzzer tries the empty input by itself, and does not count empty files.
        expected = sum(size > 0 for size in sizes.values())
        return "" if int(read[1] if read else 0) == expected else f"{read[1] if read else 0} of {expected} seeds were read"

    def _check_options(self, target: str) -> str | None:
        if self._environment.engine == "afl" or not (self._folder / f"{target}.options").exists():
            return None
        # Sanitizers report unknown options only with verbosity.
        run = self.run_fuzzer(target, f"-runs={RUNS}", seeds=False, more_options=":verbosity=1")
        unknown = re.search(r"WARNING: unrecognized flag '(.*)'", run.output) or re.search(
            r"WARNING: found \d+ unrecognized flag\(s\):\s*(.*)", run.output)
        if unknown:
            return f"{target}.options: unknown option {unknown[1].strip()}"
        wants_length = self._options(target).has_option("libfuzzer", "max_len")
        if wants_length and "-max_len is not provided" in run.output:
            return f"{target}.options: max_len did not arrive"
        return "" if f"Done {RUNS} runs" in run.output else run.end()

    def _check_dictionary(self, target: str) -> str | None:
        dictionary = self._dictionary(target)
        if dictionary is None:
            return None
        if not (self._folder / dictionary).exists():
            return f"{dictionary} does not exist"
        if self._environment.engine == "afl":
            run = self._run_afl(target)
            loaded = re.search(r"Loaded (\d+) extra tokens", run.output)
            return "" if loaded and int(loaded[1]) > 0 else f"afl-fuzz did not load {dictionary}. {_afl_end(run)}"
        run = self.run_fuzzer(target, f"-runs={RUNS}", seeds=False)
        entries = re.search(r"Dictionary: (\d+) entries", run.output)
        return "" if entries and int(entries[1]) > 0 else f"{dictionary} is not understood: {run.end()}"

    def _check_libraries(self, target: str) -> str:
        run = subprocess.run(["ldd", self._folder / target], env={"PATH": os.defpath}, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=False)
        outside = []
        for line in run.stdout.splitlines():
            name, _, where = line.strip().partition(" => ")
            name = os.path.basename(name.split()[0]) if name else ""
            inside = where.startswith(f"{self._folder}/")
            if name and not inside and not _C_LIBRARY.match(name) and not self._is_compilers_own(name) and ".so" in name:
                outside.append(name)
        return f"not beside it: {', '.join(outside)}" if outside else ""

    def _is_compilers_own(self, name: str) -> bool:
        """Their images have libgcc_s and libstdc++ too, for targets that were linked with the latter."""
        return name in ("libgcc_s.so.1", "libstdc++.so.6")

    def _check_coverage(self, target: str) -> str | None:
        """As their script `coverage`, which merges because that survives inputs that crash. (measure.py: theirs runs in containers, whose
        paths need no quotes.)"""
        if self._environment.sanitizer != "coverage":
            return None
        with tempfile.TemporaryDirectory(prefix="sluice-coverage-") as work:
            os.chmod(work, 0o777)
            variables = self._variables(target) | {"LLVM_PROFILE_FILE": f"{work}/{target}.%1m.profraw"}
            with zipfile.ZipFile(self._folder / f"{target}_seed_corpus.zip") as file:
                seeds = [file.read(name) for name in file.namelist()]
            try:
                Measurer(str(self._folder / target), "", work, ["-timeout=100"], env=variables, **_as_nobody()).measure(seeds)
            except (CannotRun, OSError) as error:
                return " ".join(str(error).split())[:160]
            raw = sorted(Path(work).glob("*.profraw"))
            if not raw:
                return "no profile was written"
            merge = subprocess.run(["llvm-profdata", "merge", "-sparse", *raw, "-o", f"{work}/profile"], text=True, check=False,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            export = subprocess.run(["llvm-cov", "export", "-summary-only", f"-instr-profile={work}/profile", self._folder / target],
                                    text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if merge.returncode or export.returncode:
                return (merge.stdout + export.stderr).strip().splitlines()[0][:160]
            lines = json.loads(export.stdout)["data"][0]["totals"]["lines"]
            return "" if lines["covered"] > 0 else f"none of {lines['count']} lines is covered"

    # --- AFL++ ---

    def _run_afl(self, target: str) -> Run:
        """One run of afl-fuzz for all checks: until it is under way, or 35 seconds, as theirs."""
        if target not in self._afl_runs:
            self._afl_runs[target] = self._start_afl(target)
        return self._afl_runs[target]

    def _start_afl(self, target: str) -> Run:
        with tempfile.TemporaryDirectory(prefix="sluice-afl-") as work:
            os.chmod(work, 0o777)
            corpus = Path(work) / "corpus"
            corpus.mkdir()
            (corpus / "input").write_text("input")
            corpus.chmod(0o777)
            dictionary = self._dictionary(target)
            command = ["afl-fuzz", "-i", corpus, "-o", Path(work) / "out", "-m", "none", "-t", "5000+",
                       *(["-x", dictionary] if dictionary else []), "--", self._folder / target]
            log = Path(work) / "log"
            with log.open("wb") as output:
                process = subprocess.Popen([str(part) for part in command], env=self._variables(target), cwd=self._folder,
                                           stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                           start_new_session=True, **_as_nobody())
                begun, under_way = time.monotonic(), None
                while process.poll() is None:
                    now = time.monotonic()
                    if under_way is None and b"All set and ready to roll" in log.read_bytes():
                        under_way = now
                    if now - begun > _AFL_START_SECONDS or (under_way and now - under_way > _AFL_AFTER_START_SECONDS):
                        os.killpg(process.pid, signal.SIGINT)
                        try:
                            process.wait(10)
                        except subprocess.TimeoutExpired:
                            os.killpg(process.pid, signal.SIGKILL)
                            process.wait()
                        break
                    try:
                        process.wait(0.1)
                    except subprocess.TimeoutExpired:
                        pass
            return Run(process.returncode, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()].", "", log.read_text(errors="replace")))


def _afl_end(run: Run) -> str:
    for line in run.output.splitlines():
        if re.search("PROGRAM ABORT|No usable data|target binary (crashed|terminated)|No instrumentation", line):
            return line.strip()[:160]
    return run.end()


def _as_nobody() -> dict[str, Any]:
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _file(path: Path) -> str:
    return subprocess.run(["file", "-b", path], text=True, stdout=subprocess.PIPE, check=False).stdout.strip()


def calls(target: Path) -> dict[str, int]:
    """How often its code calls what begins like the functions of each sanitizer."""
    found = {"asan": 0, "dfsan": 0, "msan": 0, "ubsan": 0}
    process = subprocess.Popen(["objdump", "-dC", "--no-show-raw-insn", target], text=True, errors="replace", stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            if match := _CALL.search(line):
                found[match[1]] += 1
    return found


@functools.cache
def runtime_calls(environment: Environment) -> dict[str, int]:
    """Those of a target that is only linked with the sanitizer: what the run-time libraries call among themselves. Their thresholds
    take these to be few, which they are not in every compiler's libraries: 173 of UBSan's and more than 1,000 of ASan's in clang 14's."""
    variables = environment.compile_variables()
    sanitizer = [flag for flag in variables["CXXFLAGS"].split() if flag.startswith("-fsanitize=") and "fuzzer" not in flag]
    with tempfile.TemporaryDirectory(prefix="sluice-runtime-") as work:
        source, binary = Path(work) / "empty.cc", Path(work) / "empty"
        source.write_text('extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n')
        for command in (["-c", str(source), "-o", f"{source}.o"], [*sanitizer, f"{source}.o", variables["LIB_FUZZING_ENGINE"], "-o", str(binary)]):
            subprocess.run([variables["CXX"], *command], env=os.environ | {k: v for k, v in variables.items() if k.startswith("AFL_")},
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return calls(binary)


def mixed_sanitizers(environment: Environment, found: Mapping[str, int], runtime: Mapping[str, int]) -> str:
    """bad_build_check's thresholds for x86-64; and more calls than the sanitizer's own libraries have."""
    asan, dfsan, msan, ubsan = (found[name] for name in ("asan", "dfsan", "msan", "ubsan"))
    if environment.sanitizer == "address":
        if asan < 1000 or asan <= runtime["asan"]:
            return f"not built with ASan: {asan} calls, 1,000 are the least, and {runtime['asan']} are ASan's own"
        if ubsan > 200:
            return f"an ASan build with UBSan in it: {ubsan} calls, 200 are the most"
    elif environment.engine == "libfuzzer":
        if asan > 0:
            return f"a UBSan build with ASan in it: {asan} calls"
        if ubsan < 168 or ubsan <= runtime["ubsan"]:
            return f"not built with UBSan: {ubsan} calls, 168 are the least, and {runtime['ubsan']} are UBSan's own"
    if dfsan > 0 or msan > 3:
        return f"MSan or DFSan is in it: {msan} and {dfsan} calls"
    return ""
