"""Which values of a finding's program do not matter to it: with others in their place, the finding stays.

    varying(lines, lambda text: identity_of(text) == identity)      # {line from 0: [(begin, end), ...]}

A value is a text, a reason (r0) or a number of the program language. Each is replaced by two others, one value at a time. Shrinking has
removed the operations that do not matter; this tells the values.
"""

import re
from collections.abc import Callable, Sequence

MOST_PROGRAMS = 60
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|\br\d+\b|(?<![\w.])\d+(?:\.\d+)?(?![\w.])')

Spans = dict[int, list[tuple[int, int]]]


def others(value: str) -> list[str]:
    if value.startswith('"'):
        return [other for other in ('"zz"', '"q"') if other != value]
    if value.startswith("r"):
        return [f"r{(int(value[1:]) + step) % 4}" for step in (1, 2)]
    whole = int(float(value))
    return [str(whole + 1), str(whole + 3)]


def varying(lines: Sequence[str], still_fails: Callable[[str], bool]) -> Spans:
    """Values that were not tried, because there are too many, count as those that matter."""
    found: Spans = {}
    left = MOST_PROGRAMS
    for number, line in enumerate(lines):
        for match in _VALUE.finditer(line):
            variants = [line[:match.start()] + other + line[match.end():] for other in others(match[0])]
            if (left := left - len(variants)) < 0:
                return found
            if all(still_fails("\n".join([*lines[:number], variant, *lines[number + 1:]]) + "\n") for variant in variants):
                found.setdefault(number, []).append(match.span())
    return found
