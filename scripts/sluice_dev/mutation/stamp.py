"""What lists of mutants were made for: a hash of the core and of the faults that are planted in it.

Comments and blank lines do not count. `python3 -B scripts/sluice_dev mutant-stamp` compares the lists with the core of this checkout.
"""

import hashlib
import json
import re
from pathlib import Path

from sluice_dev.common.paths import ROOT
from sluice_dev.mutation import mutators

LISTS = ("scripts/sluice_dev/mutation/survivors.txt", "tests/suite/tests.json", "tests/wpt/unnoticed.txt")
_COMMENT = re.compile(r"^\s*(//.*)?$|\s+// .*$", re.MULTILINE)
_MADE_OF = re.compile(r"^# Made of (\w+)\.$", re.MULTILINE)


def of_core() -> str:
    """Sixteen hexadecimal digits."""
    texts = [_COMMENT.sub("", (ROOT / file).read_text()) for file in mutators.FILES]
    texts = ["\n".join(filter(None, text.split("\n"))) for text in texts]
    planted = [repr((mutators.OPERATORS, [(pattern.pattern, text) for pattern, text in mutators.PATTERNS]))]
    return hashlib.sha256("\0".join(texts + planted).encode()).hexdigest()[:16]


def of_list(name: str) -> str:
    """The stamp in a list; empty if it has none."""
    text = (ROOT / name).read_text()
    if name.endswith(".json"):
        return str(json.loads(text).get("made_of", ""))
    match = _MADE_OF.search(text)
    return match[1] if match else ""


def line() -> str:
    """For the top of a list."""
    return f"# Made of {of_core()}.\n"


def put(list_file: Path) -> None:
    """Says in a list that it is of this core."""
    text = list_file.read_text()
    list_file.write_text(_MADE_OF.sub(line().rstrip(), text, count=1) if _MADE_OF.search(text) else line() + text)


def stale() -> list[str]:
    """The lists that were made for another core."""
    now = of_core()
    return [name for name in LISTS if (ROOT / name).exists() and of_list(name) != now]


def main(_arguments: list[str]) -> int:
    names = stale()
    for name in names:
        print(f"{name} was made for another src/core; scripts/mutants --suite --wpt --update makes it again")
    return 1 if names else 0
