#!/usr/bin/env python3
"""Follows the #include lines of src/core, and fails if an engine or another room can be reached from there.

    tests/spec/check_includes.py [ROOT]

Reachable may be only src/core, the C++ standard library and the sanitizers' interface. Each problem is one line with the chain
of files that leads there. Exit 1 if there are any.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# The standard library's headers have no dot and no slash.
ALLOWED_SYSTEM = re.compile(r"^(?:[a-z0-9_]+|sanitizer/[a-z_]+\.h)$")


def check(root):
    problems, seen = [], set()
    pending = [(path, [str(path.relative_to(root))]) for path in sorted((root / "src/core").glob("*"))]
    if not pending:
        return [f"no files in {root / 'src/core'}"]
    while pending:
        path, chain = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        for line in path.read_text().split("\n"):
            found = INCLUDE.match(line)
            if not found:
                continue
            style, name = found.groups()
            way = " -> ".join(chain + [name])
            if style == "<":
                if not ALLOWED_SYSTEM.match(name):
                    problems.append(f"{way}: not a header of the standard library")
            elif not name.startswith("src/core/"):
                problems.append(f"{way}: leaves src/core")
            elif not (root / name).is_file():
                problems.append(f"{way}: there is no such file")
            else:
                pending.append((root / name, chain + [name]))
    return problems


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent.parent
    problems = check(root)
    print("\n".join(problems) if problems else "src/core reaches src/core and the standard library only.")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
