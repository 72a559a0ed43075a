"""sanitizers/: every option has its reason, is one that its tool knows, and is set nowhere else; every suppression is still used.

    sanitizers_test.py sources                         # the files by themselves
    sanitizers_test.py known FILE COMMAND...           # the command's output names every option of the file
    sanitizers_test.py suppressions SLUICE             # an AddressSanitizer build's shell
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SANITIZERS = ROOT / "sanitizers"

_OPTION = re.compile(r"^([A-Za-z][\w-]*)=")
# What sets an option of a sanitizer, of an engine's oracle or of memcheck, or takes code out of their sight.
_SETS = re.compile(
    r"(A|UB|L|M)SAN_OPTIONS\b['\"]?\s*[:=,]\s*f?['\"]?[a-z_]+=|\b(detect_|report_|print_s|symbolize|halt_on|abort_on)\w*=[01]\b"
    r"|-rss_limit_mb|-timeout=\d|no_sanitize|-fno-sanitize|__[alu]b?san_(default|is_turned_off|ignore|disable)|ScopedDisabler"
    r"|--(error-exitcode|leak-check|track-origins|suppressions)=")
_LOOKED_AT = (".py", ".sh", ".cc", ".h", ".txt", ".cmake", ".json", ".yml", ".yaml", ".options")
_TARGETS_WITH_V8 = [target["name"] for target in json.loads((ROOT / "fuzz/targets/targets.json").read_text())["targets"] if target.get("v8")]
# Who may, and why.
_MAY = {
    "scripts/sluice_dev/fleet/environment.py": "OSS-Fuzz's own options, which are given",
    "scripts/sluice_dev/fleet/checks.py": "runs targets as OSS-Fuzz does",
    "tests/scripts/sanitizers_test.py": "this file",
    "src/runtime/repl_evaluator.cc": "builds lsan.options and lsan.suppressions in",
    **{f"fuzz/targets/{name}.cc": "looks for no leaks, as sanitizers/README.md explains" for name in _TARGETS_WITH_V8},
    **{f"fuzz/targets/{name}.options": "what a fleet gets of [tests with V8]" for name in _TARGETS_WITH_V8},
    "fuzz/faults/main.cc": "the same as of targets with V8",
    "fuzz/script_coverage/main.cc": "the same as of targets with V8",
    "src/core/CMakeLists.txt": "three files without libFuzzer's coverage, with the reason",
    "src/runtime/CMakeLists.txt": "two files without run-time type information",
    "tests/scripts/triage_test.py": "a target that is a shell script, and reads no flags",
    "scripts/sluice_dev/fleet/valgrind_replay.py": "names the file of suppressions",
    "fuzz/harness/CMakeLists.txt": "the mutator that afl-fuzz loads, which has no sanitizer",
    "cmake/sanitizers.cmake": "the flags of compilers, with their reasons",
}


def options_without_reason(name: str) -> list:
    lines = (SANITIZERS / name).read_text(encoding="utf-8").splitlines()
    return [f"sanitizers/{name}:{number + 1}: no reason above {line}" for number, line in enumerate(lines)
            if line and not line.startswith(("#", "[")) and not (number > 0 and lines[number - 1].startswith("#"))]


def repeated_options(name: str) -> list:
    seen, section, problems = set(), "", []
    for line in (SANITIZERS / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif match := _OPTION.match(line):
            if (section, match[1]) in seen:
                problems.append(f"sanitizers/{name}: {match[1]} is there twice")
            seen.add((section, match[1]))
    return problems


def set_elsewhere() -> list:
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            stdout=subprocess.PIPE, check=True).stdout.decode()
    problems = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        is_script = name.startswith(("scripts/", ".ci/", "oss-fuzz/", ".clusterfuzzlite/"))
        if name.startswith("sanitizers/") or name in _MAY or not (is_script or path.suffix in _LOOKED_AT) or path.suffix == ".md":
            continue
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if match := _SETS.search(line):
                problems.append(f"{name}:{number}: sets {match[0]}, which belongs into sanitizers/ with its reason")
    return problems


def no_longer_needed() -> list:
    return [f"{name} is allowed to set options ({reason}), but sets none" for name, reason in _MAY.items()
            if not (ROOT / name).exists() or not _SETS.search((ROOT / name).read_text(encoding="utf-8"))]


def suppresses_libraries() -> list:
    """A pattern that is a library's name would suppress our callbacks below its frames too."""
    return [f"{path.name}: {line} is a library" for path in SANITIZERS.glob("*.suppressions") for line in path.read_text().splitlines()
            if re.match(r"^(leak|src|fun|called_from_lib|interceptor_via_lib|race|\s*obj):?.*\.so\b", line)]


def sources() -> list:
    problems = []
    for path in sorted([*SANITIZERS.glob("*.options"), *SANITIZERS.glob("*.environment"), SANITIZERS / "lsan.suppressions"]):
        problems += options_without_reason(path.name) + repeated_options(path.name)
        if f"`{path.name}`" not in (SANITIZERS / "README.md").read_text(encoding="utf-8"):
            problems.append(f"sanitizers/README.md does not mention {path.name}")
    return problems + set_elsewhere() + no_longer_needed() + suppresses_libraries()


def known(name: str, command: list) -> list:
    help_asked = {f"{tool}_OPTIONS": "help=1" for tool in ("ASAN", "UBSAN", "LSAN")}
    said = subprocess.run(command, env=os.environ | help_asked, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False).stdout
    words = set(re.findall(r"[\w-]+", said))
    options = [match[1] for line in (SANITIZERS / name).read_text(encoding="utf-8").splitlines() if (match := _OPTION.match(line))]
    if not options:
        return [f"sanitizers/{name} has no option"]
    return [f"sanitizers/{name}: {option} is unknown to {os.path.basename(command[0])}" for option in options
            if option not in words and f"--{option}" not in words]


def suppressions(sluice: str) -> list:
    """A promise that is never settled, in the shell that waits for it."""
    environment = os.environ | {"LSAN_OPTIONS": "print_suppressions=1"}
    said = subprocess.run([sluice, "repl"], env=environment, input="await new Promise(() => {})\n", text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=120).stdout
    patterns = [line.split(":", 1)[1] for line in (SANITIZERS / "lsan.suppressions").read_text().splitlines() if line.startswith("leak:")]
    used = said.partition("Suppressions used:")[2]
    return [f"the suppression {pattern} is no longer used; it said:\n{said}" for pattern in patterns if pattern not in used]


def main() -> int:
    match sys.argv[1:]:
        case ["sources"]:
            problems = sources()
        case ["known", name, *command] if command:
            problems = known(name, command)
        case ["suppressions", sluice]:
            problems = suppressions(sluice)
        case _:
            sys.exit(__doc__)
    print("\n".join(problems) or "all is as it must be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
