#!/usr/bin/env python3
"""Compiles the examples in the comments of headers: each block of lines that begin with "//   " and have a statement in them.

    tests/spec/header_examples.py COMPILER [ROOT]

Each block becomes the body of a function in one translation unit, of which only the syntax is checked. SETUP has the names that an
example uses and does not define. A header with an example and no entry in SETUP is a problem, and so is an entry without an example.
Exit 1 if there are any.
"""
import pathlib
import re
import subprocess
import sys

# The header's namespace, the parameters of the function around its examples, and other headers that these need.
CORE, SIM, FUZZ = "sluice::core", "sluice::sim", "sluice::fuzz"
STREAM = "ReentrantHost& host, WritableStream& stream"
SETUP: dict[str, tuple[str, str, list[str]]] = {
    "src/core/class_steps.h": (CORE, "ReentrantHost& host, StreamSlot self, std::optional<uint64_t> byte_limit, void (*Throw)(ValueSlot)", []),
    "src/core/completion.h": (CORE, f"{STREAM}, WriterSlot slot", ["src/core/queuing_strategies.h", "src/core/writable_stream.h"]),
    "src/core/invariants.h": (CORE, "const Snapshot& snapshot", []),
    "src/core/state_io.h": (CORE, "const WritableStream& stream", []),
    "src/sim/realm.h": (SIM, "UserCode& author", []),
    "fuzz/driver/driver.h": (FUZZ, "const Program& program, Subject& subject", []),
    "fuzz/explore/visibility.h": (FUZZ, "const Space& space, Versions& versions", []),
    "fuzz/lab/straight_line.h": ("sluice::lab", "const fuzz::Trace& trace, void (*Print)(const std::string&)", []),
    "fuzz/model/reference_model.h": (FUZZ, "UserCode& user_code, const std::vector<sim::Chunk>& chunks, const StreamOptions& options", []),
    "fuzz/oracle/divergence.h": (FUZZ, "Judge& judge, const Program& program", []),
    "fuzz/oracle/judge.h": (FUZZ, "const Program& program", ["fuzz/oracle/finding_report.h"]),
    "fuzz/program/shrink.h": (FUZZ, "const Program& program, std::string identity, std::string (*IdentityOf)(const Program&), "
                                    "bool (*still)(const Program&)", []),
    "fuzz/runtime/encoding_standard.h": (FUZZ, "std::string_view bytes", []),
    "fuzz/state_coverage/state_coverage_subject.h": (FUZZ, "Driver& driver, const Program& program, Trace& trace", ["fuzz/driver/driver.h"]),
    "fuzz/v8/fiber.h": (FUZZ, "void (*Begin)(), void (*End)(), void (*Between)()", []),
}
# Not compiled, and why.
NOT_COMPILED = {**dict.fromkeys(("fuzz/explore/canonical_state.h", "fuzz/explore/choice_path.h", "fuzz/explore/explorer.h", "fuzz/explore/walker.h"),
                                "a sketch, with gaps"),
                "fuzz/v8/v8_subject.h": "needs V8's headers", "fuzz/script/script_world.h": "needs V8's headers",
                "fuzz/surface/surface_world.h": "needs V8's headers",
                "fuzz/script_coverage/script_coverage.h": "needs V8's headers",
                "fuzz/harness/report_finding.h": "the last line of each target over bytes",
                "fuzz/harness/recent_inputs.h": "a function of each target", "src/core/operation.h": "a sketch, with gaps"}

STATEMENT = re.compile(r";\s*(?://.*)?$")


def examples(path: pathlib.Path) -> list[list[str]]:
    """The blocks, without lists."""
    blocks: list[list[str]] = [[]]
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("//   "):
            blocks[-1].append(line[5:])
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block and not block[0].startswith("-") and any(map(STATEMENT.search, block))]


def main() -> int:
    compiler, root = sys.argv[1], pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).resolve().parent.parent.parent)
    problems, code, includes = [], [], ["#include <cassert>", "#include <cstdio>"]
    headers = sorted(path for room in ("src/core", "src/sim", "fuzz") for path in (root / room).rglob("*.h"))
    for path in headers:
        name = path.relative_to(root).as_posix()
        blocks = [] if name in NOT_COMPILED else examples(path)
        if blocks and name not in SETUP:
            problems.append(f"{name}: has an example and no entry in SETUP of {pathlib.Path(__file__).name}")
        if name not in SETUP:
            continue
        if not blocks:
            problems.append(f"{name}: has no example any more; take it out of SETUP of {pathlib.Path(__file__).name}")
        namespace, parameters, more = SETUP[name]
        includes += [f'#include "{header}"' for header in [name, *more]]
        for block in blocks:
            returns, end = ("Completion<>", "return NormalCompletion();") if any("SLUICE_TRY" in line for line in block) else ("void", "")
            number = len(code)
            code.append(f'namespace {namespace} {{\n{returns} Example{number}({parameters}) {{\n#line 1 "{name}, its example"\n'
                        + "\n".join(block) + f"\n{end}\n}}\n}}\n")
    if not problems:
        done = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", "-I", str(root), "-x", "c++", "-"], input="\n".join(includes + code),
                              text=True, capture_output=True, check=False)
        if done.returncode != 0:
            problems.append(done.stderr)
    print("\n".join(problems) if problems else f"{len(code)} examples of {len(SETUP)} headers compile.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
