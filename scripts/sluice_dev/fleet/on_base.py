"""Which findings of a campaign the base of a change has too.

    on-base --base COMMIT --campaign DIR [--work DIR]

Each finding's input is run in its target, built at the base. DIR/base.md has the result in words, DIR/findings.sarif what the base
does not have, and DIR/base.json all:
    {"base": COMMIT, "findings": [{"identity", "rule", "folder", "on_base": true|false, "why"}]}
Exit 0: the base has all of them; 1: it has not; 2: could not run.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sluice_dev.common import files
from sluice_dev.common.display import say
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.locks import sole_user
from sluice_dev.common.paths import ROOT
from sluice_dev.triage import bisect, sarif, sightings
from sluice_dev.triage.bisection import SHOWS, UNTESTABLE, Repository


def judge(finding: dict[str, Any], folder: Path, verdict: Callable[[bisect.Question], str]) -> tuple[bool, str]:
    """Whether the base has it, and why. What cannot be compared counts as the change's own."""
    if not finding.get("reproduced"):
        return False, "it does not reproduce, so the base cannot be asked"
    found = verdict(bisect.question_of(finding, folder))
    if found == SHOWS:
        return True, "the base fails in the same way"
    return False, "it could not be tested at the base" if found == UNTESTABLE else "the base passes"


def compare(campaign: Path, base: str, root: Path, work: Path, verdict: Callable[[bisect.Question], str] | None = None) -> list[dict[str, Any]]:
    summary = files.read_json(campaign / "summary.json")
    if not isinstance(summary, dict):
        raise CannotRun(f"{campaign / 'summary.json'}: is missing or damaged; was it a campaign?")
    repository = Repository(root)
    commit = repository.resolve(base)
    rows = []
    with sole_user(str(work), "another scripts/bisect", "--work"):
        tree = bisect.Tree(repository, work)
        for finding in summary["findings"]:
            folder = campaign / finding["folder"]
            data = finding | (files.read_json(folder / "finding.json") or {})
            data.setdefault("build", {}).setdefault("sanitizer", summary.get("sanitizer", "address"))
            on_base, why = judge(data, folder, verdict or (lambda question: bisect.tester(question, tree)(commit)))
            rows.append({"identity": data["identity"], "rule": data.get("rule", ""), "folder": finding["folder"], "on_base": on_base, "why": why})
            say(f"{data['identity']}: {why}")
    known = {row["folder"] for row in rows if row["on_base"]}
    fresh = [sarif.of_sighting(each, ROOT) for each in sightings.of_campaign(campaign) if str(each.folder.relative_to(campaign)) not in known]
    files.write_whole(campaign / "findings.sarif", sarif.dump(sarif.log(fresh, ROOT)))
    files.write_json(campaign / "base.json", {"base": commit, "findings": rows})
    return rows


def markdown(rows: list[dict[str, Any]], base: str) -> str:
    lines = []
    for title, on_base in (("New with this change", False), (f"Known at the base, {base[:12]}", True)):
        chosen = [row for row in rows if row["on_base"] == on_base]
        if chosen:
            lines += [f"## {title}", "", *(f"- `{row['identity']}`: {row['rule']} ({row['why']})" for row in chosen), ""]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="on-base", allow_abbrev=False)
    parser.add_argument("--base", required=True)
    parser.add_argument("--campaign", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=ROOT / "build/bisect")
    options = parser.parse_args(arguments)
    rows = compare(options.campaign.resolve(), options.base, ROOT, options.work.resolve())
    files.write_whole(options.campaign / "base.md", markdown(rows, options.base))
    return 0 if all(row["on_base"] for row in rows) else 1
