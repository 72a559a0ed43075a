#!/usr/bin/env python3
"""Looks for calls that end the process when V8 gives nothing: ToLocalChecked, FromJust, ToChecked and Check.

    tests/spec/check_checked_calls.py [ROOT]

What an author can make fail (a string that is too long, a full stack, termination) ends in an exception, never in an abort. Allowed
is what happens before any author code, and what cannot fail; each place has its reason in ALLOWED. Each problem is one line,
file:line: what. Exit 1 if there are any.
"""
import pathlib
import re
import sys

CHECKED = re.compile(r"(?:\.|->)\s*(ToLocalChecked|FromJust|ToChecked|Check)\s*\(\s*\)")

# File, function that the line calls it in (the text that stands on the line, or on the line before): why.
ALLOWED: dict[str, list[tuple[str, str]]] = {
    "src/runtime/isolate.cc": [("binding::NewContext(isolate_, scripts)", "a realm is made; no author code has run")],
    "src/v8/isolate_data.cc": [
        ("object.As<v8::Object>()->Get(context, Ascii(isolate_, name))", "intrinsics of a realm that no author can reach"),
        ("v8::Promise::Resolver::New(context)", "the same realm"),
        ("resolver->Resolve(context, v8::Undefined(isolate_))", "the same realm"),
    ],
    "src/v8/web_idl.cc": [("v8::NewStringType::kInternalized, static_cast<int>(text.size()))", "Ascii(): our own short words")],
}


def code_lines(text: str) -> list[str]:
    """The lines without their comments."""
    return [line.split("//", 1)[0] for line in text.splitlines()]


def problems_of(path: pathlib.Path, name: str, unused: set[tuple[str, str]]) -> list[str]:
    found = []
    lines = code_lines(path.read_text(encoding="utf-8"))
    for number, line in enumerate(lines, 1):
        for match in CHECKED.finditer(line):
            around = (lines[number - 2].strip() if number > 1 else "") + line
            allowed = [place for place, _ in ALLOWED.get(name, []) if place in around]
            unused.difference_update((name, place) for place in allowed)
            if not allowed:
                found.append(f"{name}:{number}: {match[1]}() ends the process where an author can make it fail; handle the empty result")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    unused = {(name, place) for name, places in ALLOWED.items() for place, _ in places}
    problems = []
    for folder in ("v8", "runtime"):
        for path in sorted((root / "src" / folder).rglob("*")):
            if path.suffix in (".cc", ".h"):
                problems += problems_of(path, str(path.relative_to(root)), unused)
    problems += [f"{name}: is allowed, and is not there any more: {place}" for name, place in sorted(unused)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
