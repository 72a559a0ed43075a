"""How long lines may be: 120 columns in C++, 150 in the scripts and in JavaScript. Lines with a raw string in C++ have the width of
JavaScript, which most of them hold. Of Python, only scripts/ is read: the strings of tests are as long as the messages that they expect."""

import os
import re

_CXX = 120
_OTHERS = 150
_ENDINGS = {".cc": _CXX, ".h": _CXX, ".py": _OTHERS, ".sh": _OTHERS, ".js": _OTHERS, ".mjs": _OTHERS, ".cmake": _OTHERS}
_RAW_BEGIN = re.compile(r'R"([^()\\ ]{0,16})\(')


def problems_of(name: str) -> list[tuple[int, str]]:
    """(line, message)"""
    limit = _limit(name)
    if limit is None:
        return []
    with open(name, encoding="utf-8", errors="replace") as file:
        return check(file.read(), limit)


def check(text: str, limit: int) -> list[tuple[int, str]]:
    found = []
    raw_end = ""  # of the raw string that the line begins in
    for number, line in enumerate(text.splitlines(), 1):
        begun_raw = bool(raw_end)
        raw_end = _raw_end_after(line, raw_end) if limit == _CXX else ""
        has_raw = begun_raw or bool(raw_end) or (limit == _CXX and _RAW_BEGIN.search(line) is not None)
        allowed = _OTHERS if has_raw else limit
        if len(line) > allowed and not _is_an_address(line):
            found.append((number, f"{len(line)} columns, {allowed} are the most"))
    return found


def _limit(name: str) -> int | None:
    ending = os.path.splitext(name)[1]
    if ending == ".py" and name.startswith("tests/"):
        return None
    if not ending and name.startswith("scripts/"):
        return _OTHERS
    return _ENDINGS.get(ending)


def _raw_end_after(line: str, raw_end: str) -> str:
    """What ends the raw string in which the line ends; empty if it ends in none."""
    while True:
        if raw_end:
            before, found, line = line.partition(raw_end)
            if not found:
                return raw_end
        match = _RAW_BEGIN.search(line)
        if match is None:
            return ""
        raw_end, line = f"){match[1]}\"", line[match.end():]


def _is_an_address(line: str) -> bool:
    """A comment that cannot be broken."""
    return re.fullmatch(r"\s*(//|#|\*)\s*\S+", line) is not None
