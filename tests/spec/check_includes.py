#!/usr/bin/env python3
"""Follows the #include lines of src/ and fuzz/, and fails if a folder includes what stands above it or beside it.

    tests/spec/check_includes.py [ROOT]

ROOMS says what each folder may include besides itself. Two are held to more than that, over all that can be reached from them:
src/core reaches only itself, the C++ standard library and the sanitizers' interface, so no engine; the reference model reaches nothing
of src/ but plain values. Each problem is one line, with the chain of files that leads there. Exit 1 if there are any.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# The standard library's headers have no dot and no slash.
ALLOWED_SYSTEM = re.compile(r"^(?:[a-z0-9_]+|sanitizer/[a-z_]+\.h)$")
PROGRAM = {"src/core", "src/sim", "fuzz/program"}
ORACLE = PROGRAM | {"fuzz/driver", "fuzz/model", "fuzz/oracle"}
ROOMS = {
    "src/core": set(),
    "src/sim": {"src/core"},
    "src/v8": {"src/core"},
    "src/runtime": {"src/core", "src/v8"},
    "src/shell": {"src/core", "src/v8", "src/runtime"},
    "fuzz/program": {"src/core", "src/sim"},
    "fuzz/driver": PROGRAM,
    "fuzz/model": PROGRAM | {"fuzz/driver"},
    "fuzz/oracle": PROGRAM | {"fuzz/driver", "fuzz/model"},
    "fuzz/state_coverage": PROGRAM | {"fuzz/driver"},
    "fuzz/server": {"src/runtime"},
    "fuzz/runtime": {"src/runtime"},
    "fuzz/script": {"src/runtime", "fuzz/runtime"},
    "fuzz/surface": {"src/core", "src/runtime", "src/v8"},
    "fuzz/v8": PROGRAM | {"fuzz/driver", "src/v8", "src/runtime"},
    "fuzz/harness": ORACLE,
    "fuzz/script_coverage": PROGRAM | {"fuzz/driver", "fuzz/harness", "fuzz/surface", "fuzz/v8", "src/v8", "src/runtime"},
    "fuzz/faults": PROGRAM | {"fuzz/driver", "fuzz/harness", "fuzz/surface"},
    "fuzz/targets": ORACLE | {"fuzz/harness", "fuzz/runtime", "fuzz/script", "fuzz/server", "fuzz/surface", "fuzz/v8", "src/runtime"},
    "fuzz/explore": ORACLE | {"fuzz/state_coverage"},
    "fuzz/lab": ORACLE | {"fuzz/explore", "fuzz/harness", "fuzz/state_coverage", "fuzz/v8", "src/shell"},  # what commands do at their begin
}
# What the reference model shares with the core: the names of states, numbers and strings, and the scopes of the recorder. No code that
# decides anything.
MODEL_REACHES = {"src/core/operation.h", "src/core/snapshot.h", "src/core/tick_model.h", "src/sim/chunk.h", "src/sim/strategy.h",
                 "src/sim/user_code.h", "src/sim/value.h"}


def includes(path):
    return [found.groups() for found in map(INCLUDE.match, path.read_text().split("\n")) if found]


def room_of(name):
    return "/".join(name.split("/")[:2])


def is_generated(name):
    return name.endswith("_js.h")


def wrong_rooms(root):
    """Includes from one folder to another that is not below it."""
    problems = []
    for top in ("src", "fuzz"):
        for path in sorted((root / top).rglob("*.[ch]*")):
            name = str(path.relative_to(root))
            if path.suffix not in (".cc", ".h"):
                continue
            room = room_of(name)
            if room not in ROOMS:
                problems.append(f"{name}: {room} is not in the table of {pathlib.Path(__file__).name}")
                continue
            for style, included in includes(path):
                there = room_of(included)
                is_ours = style == '"' and included.startswith(("src/", "fuzz/", "tests/"))
                if not is_ours or there == room or there in ROOMS[room]:
                    continue
                problems.append(f"{name} -> {included}: {room} may not include {there}")
    return problems


def beyond(root, room, problem_of):
    """All that can be reached from a folder; `problem_of(style, name)` says what is wrong with an include, None if it is to be followed."""
    problems, seen = [], set()
    pending = [(path, [str(path.relative_to(root))]) for path in sorted((root / room).glob("*.*")) if path.suffix in (".cc", ".h")]
    if not pending:
        return [f"no files in {root / room}"]
    while pending:
        path, chain = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        for style, name in includes(path):
            problem = problem_of(style, name)
            if problem is None and style == '"' and not is_generated(name) and not (root / name).is_file():
                problem = "there is no such file"
            if problem is not None:
                problems.append(f"{' -> '.join([*chain, name])}: {problem}")
            elif style == '"' and not is_generated(name):
                pending.append((root / name, [*chain, name]))
    return problems


def leaves_core(style, name):
    if style == "<":
        return None if ALLOWED_SYSTEM.match(name) else "not a header of the standard library"
    return None if name.startswith("src/core/") else "leaves src/core"


def leaves_model(_style, name):
    return "the reference model shares no code with src/" if name.startswith("src/") and name not in MODEL_REACHES else None


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent.parent
    problems = beyond(root, "src/core", leaves_core) + beyond(root, "fuzz/model", leaves_model) + wrong_rooms(root)
    print("\n".join(problems) if problems else "Each folder includes only what is below it.")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
