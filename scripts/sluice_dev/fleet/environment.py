"""The environment of OSS-Fuzz's infrastructure, for compiling and for running. Facts of github.com/google/oss-fuzz at 955c6866.

Read from infra/base-images: base-clang/Dockerfile and base-builder/compile* for the compilation, base-runner/Dockerfile and run_fuzzer
for the runs. Where this machine differs, it says so: their clang is newer and has libc++; Debian's has libstdc++.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sluice_dev.common.errors import CannotRun

_BASE_FLAGS = ("-O1 -fno-omit-frame-pointer -gline-tables-only -Wno-error=incompatible-function-pointer-types "
               "-Wno-error=int-conversion -Wno-error=deprecated-declarations -Wno-error=implicit-function-declaration "
               "-Wno-error=implicit-int -Wno-error=unknown-warning-option -Wno-error=vla-cxx-extension "
               "-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION")
_UNDEFINED = ("array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return,returns-nonnull-attribute,"
              "shift,signed-integer-overflow,unsigned-integer-overflow,unreachable,vla-bound,vptr")
_SANITIZER_FLAGS = {
    "address": "-fsanitize=address -fsanitize-address-use-after-scope",
    "undefined": f"-fsanitize={_UNDEFINED} -fno-sanitize-recover={_UNDEFINED.replace('unsigned-integer-overflow,', '')}",
    "coverage": "",
}
_COVERAGE_BUILD = ("-fprofile-instr-generate -fcoverage-mapping -pthread -Wl,--no-as-needed -Wl,-ldl -Wl,-lm "
                   "-Wno-unused-command-line-argument")
AFL_DRIVERS = ("/usr/lib/afl/libAFLDriver.a", "/usr/local/lib/afl/libAFLDriver.a")
# They build AFL++ with AddressSanitizer only (infra/build/functions/build_project.py).
ENVIRONMENTS = (("libfuzzer", "address"), ("libfuzzer", "undefined"), ("afl", "address"), ("libfuzzer", "coverage"))


@dataclass(frozen=True)
class Environment:
    engine: str
    sanitizer: str

    @property
    def name(self) -> str:
        return f"{self.engine}-{self.sanitizer}"

    def compile_variables(self) -> dict[str, str]:
        """What build.sh sees of theirs; the caller adds OUT, WORK and SRC."""
        coverage = _COVERAGE_BUILD if self.sanitizer == "coverage" else "-fsanitize=fuzzer-no-link" if self.engine == "libfuzzer" else ""
        flags = " ".join(f"{_BASE_FLAGS} {_SANITIZER_FLAGS[self.sanitizer]} {coverage}".split())
        variables = {"CFLAGS": flags, "CXXFLAGS": flags, "SANITIZER": self.sanitizer, "FUZZING_ENGINE": self.engine,
                     "FUZZING_LANGUAGE": "c++", "ARCHITECTURE": "x86_64", "UBSAN_OPTIONS": "silence_unsigned_overflow=1",
                     "CC": "clang", "CXX": "clang++", "CCC": "clang++", "LIB_FUZZING_ENGINE": "-fsanitize=fuzzer"}
        if self.engine == "afl":
            variables |= {"CC": "afl-clang-fast", "CXX": "afl-clang-fast++", "CCC": "afl-clang-fast++",
                          "LIB_FUZZING_ENGINE": afl_driver(), "AFL_QUIET": "1", "AFL_IGNORE_PROBLEMS": "1",
                          "AFL_IGNORE_UNKNOWN_ENVS": "1",
                          "ASAN_OPTIONS": "detect_leaks=0:symbolize=0:detect_odr_violation=0:abort_on_error=1"}
        if self.sanitizer == "undefined":
            variables["CFLAGS"] += " -fno-sanitize=function"
        return variables

    def run_variables(self) -> dict[str, str]:
        """All that a target sees of the environment: nothing of the caller's."""
        asan = ("alloc_dealloc_mismatch=0:allocator_may_return_null=1:allocator_release_to_os_interval_ms=500:"
                "check_malloc_usable_size=0:detect_container_overflow=1:detect_odr_violation=0:detect_leaks=1:"
                "detect_stack_use_after_return=1:fast_unwind_on_fatal=0:handle_abort=1:handle_segv=1:handle_sigill=1:"
                "max_uar_stack_size_log=16:print_scariness=1:quarantine_size_mb=10:strict_memcmp=1:strip_path_prefix=/workspace/:"
                "symbolize=1:use_sigaltstack=1:dedup_token_length=3")
        ubsan = ("print_stacktrace=1:print_summary=1:silence_unsigned_overflow=1:strip_path_prefix=/workspace/:symbolize=1:"
                 "dedup_token_length=3")
        variables = {"PATH": os.defpath, "ASAN_OPTIONS": asan, "UBSAN_OPTIONS": ubsan, "MSAN_OPTIONS":
                     "print_stats=1:strip_path_prefix=/workspace/:symbolize=1:dedup_token_length=3",
                     "FUZZING_ENGINE": self.engine, "SANITIZER": self.sanitizer}
        if self.engine == "afl":
            variables["ASAN_OPTIONS"] += ":abort_on_error=1:symbolize=0:detect_odr_violation=0"
            variables["UBSAN_OPTIONS"] += ":symbolize=0"
            variables["MSAN_OPTIONS"] += ":exit_code=86:symbolize=0"  # afl-fuzz asks for it, whatever the sanitizer
            variables |= {name: "1" for name in ("AFL_FAST_CAL", "AFL_CMPLOG_ONLY_NEW", "AFL_SKIP_CPUFREQ", "AFL_TRY_AFFINITY",
                                                 "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "AFL_NO_UI")}
            variables["AFL_FORKSRV_INIT_TMOUT"] = "30000"
        return variables


def afl_driver() -> str:
    for path in AFL_DRIVERS:
        if Path(path).exists():
            return path
    raise CannotRun(f"AFL++'s driver is missing: none of {', '.join(AFL_DRIVERS)} exists (Debian: apt-get install afl++)")


def require_tools(environments: Iterable[Environment]) -> None:
    """Raises CannotRun with all that is missing."""
    tools = {"objdump": "binutils", "file": "file", "ldd": "libc-bin", "clang++": "clang", "cmake": "cmake", "ninja": "ninja-build"}
    if any(each.engine == "afl" for each in environments):
        tools |= {"afl-clang-fast++": "afl++", "afl-fuzz": "afl++"}
        if shutil.which("afl-fuzz"):
            afl_driver()
    if any(each.sanitizer == "coverage" for each in environments):
        tools |= {"llvm-profdata": "llvm", "llvm-cov": "llvm"}
    missing = {tool: package for tool, package in tools.items() if not shutil.which(tool)}
    if missing:
        raise CannotRun(f"missing: {', '.join(missing)} (Debian: apt-get install {' '.join(sorted(set(missing.values())))})")
