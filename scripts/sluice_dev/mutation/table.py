"""Tables of what became of mutants, for people."""

import re
from collections import Counter
from typing import Any

Results = list[dict[str, Any]]

# What a run of the core alone can see, without a model beside it.
_ORDER = ("model", "slots", "assert", "invariant", "history", "ownership", "determinism", "state", "crash", "hang")

_SETTINGS = ("methods", "highWaterMark", "ticks", "byteLimit", "strategy", "shares", "on", "}")


def _operations(program: str) -> int:
    """Statements that are no scripts and no settings."""
    lines = [line for line in program.splitlines() if line and not line.startswith((" ", "#"))]
    # Settings of later streams begin with their name: s1 methods write.
    return sum(re.sub(r"^s\d (?!=)", "", line).split()[0] not in _SETTINGS for line in lines)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]) + "\n"


def summary(results: Results) -> str:
    rows = []
    for file in dict.fromkeys(one["file"] for one in results):
        counts = Counter(one["fate"] for one in results if one["file"] == file)
        rows.append([file.removeprefix("src/core/"), *(str(counts[fate]) for fate in ("killed", "equivalent", "not run", "undecided", "not built"))])
    total = Counter(one["fate"] for one in results)
    rows.append(["**all**", *(f"**{total[fate]}**" for fate in ("killed", "equivalent", "not run", "undecided", "not built"))])
    return _table(["file", "killed", "equivalent", "not run", "undecided", "not built"], rows)


def by_oracle(results: Results) -> str:
    """How many mutants each oracle finds, and which no other would."""
    killed = [one for one in results if one["fate"] == "killed"]
    names = [oracle for oracle in _ORDER if any(oracle in one["oracles"] for one in killed)]
    names += sorted({oracle for one in killed for oracle in one["oracles"]} - set(names))
    rows = []
    for oracle in names:
        found = [one for one in killed if oracle in one["oracles"]]
        first = sum(one["findings"][:1] == [oracle] or one["findings"][0].startswith(oracle) for one in killed)
        rows.append([oracle, str(len(found)), str(first), str(sum(one["oracles"] == [oracle] for one in found))])
    return _table(["oracle", "finds", "finds first", "without it, missed"], rows)


def by_wpt(results: Results) -> str:
    visible = [one for one in results if one.get("visible")]
    noticed = [one for one in visible if one.get("wpt")]
    others = sum(bool(one.get("wpt")) for one in results if not one.get("visible"))
    percent = 100 * len(noticed) / max(1, len(visible))
    return (f"The web platform tests of writable streams notice {len(noticed)} of the {len(visible)} mutants that an author can tell "
            f"({percent:.1f} %), and {others} others.\n")


def all_of(results: Results, known: dict[str, str]) -> str:
    rows = []
    for one in results:
        detail = known.get(one["name"], "") if one["fate"] != "killed" else f"`{one['findings'][0]}`"
        detail = one["why_not"] or detail
        program = one.get("program") or ""
        wpt = one.get("wpt", "") if "wpt" in one else ""
        rows.append([one["fate"], str(one.get("edges", "")), str(_operations(program)) if program else "", detail.replace("|", "\\|"),
                     str(wpt or "").replace("|", "\\|"), one["name"].replace("|", "\\|")])
    return _table(["fate", "edges", "operations", "by, or why", "web platform test", "mutant"], rows)
