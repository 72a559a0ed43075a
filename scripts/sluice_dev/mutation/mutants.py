"""The work of scripts/mutants: all mutants of src/core are in one build, and one exploration tells which of them the oracles find."""

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from sluice_dev.common import builds
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.mutation import campaigns, mutators, stamp, suite, table, wpt_score

FAMILIES = ("sinks", "turns", "watched", "byte-limit", "undefined-reasons", "pairs")
SURVIVORS = ROOT / "scripts/sluice_dev/mutation/survivors.txt"
FOLDER = ROOT / "build/mutants"
_NOT_BUILT = "not built"


def survivors() -> dict[str, str]:
    """The mutants that no oracle is expected to find: their names, and why."""
    known = {}
    for line in SURVIVORS.read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition("  # ")
            known[name.strip()] = reason.strip()
    return known


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutants", add_help=False, allow_abbrev=False)
    parser.add_argument("--file", action="append", choices=mutators.FILES)
    parser.add_argument("--family", action="append", choices=FAMILIES, default=[])
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--wpt", action="store_true")
    parser.add_argument("--suite", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--campaigns", type=int)
    parser.add_argument("--time", type=int, default=60)
    parser.add_argument("--shard", default="0/1")
    options = parser.parse_args(words)
    if options.time < 1:
        parser.error("--time must be at least 1 second")
    if options.file and (options.wpt or options.suite or options.update):
        parser.error("--wpt, --suite and --update need the mutants of all files")
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    if options.campaigns is not None and options.campaigns < 1:
        parser.error("--campaigns must be at least 1 mutant")
    if not re.fullmatch(r"\d+/[1-9]\d*", options.shard):
        parser.error("--shard must be I/N, as 0/4")
    return options


def run_campaigns(options: argparse.Namespace) -> int:
    expected = {name.split(": ", 1)[1] for name in survivors()}
    every = [(mutant.file, mutant.line, mutant.what, mutant.text) for file in options.file or mutators.FILES
             for mutant in mutators.mutants_of(file, (ROOT / file).read_text()) if mutant.what not in expected]
    shard, shards = (int(part) for part in options.shard.split("/"))
    work = Path(tempfile.mkdtemp(prefix="sluice-mutants-"))
    try:
        return campaigns.run(ROOT, work, campaigns.chosen(every, options.campaigns)[shard::shards], options.time)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def explore(options: argparse.Namespace) -> list[dict[str, Any]]:
    """What became of each mutant, in the order of the files."""
    builds.build("mutants", "sluice-fuzz")
    listed: list[dict[str, Any]] = json.loads((FOLDER / "mutants/mutants.json").read_text())
    listed = [one for one in listed if one["file"] in (options.file or mutators.FILES)]
    results = FOLDER / "results.jsonl"
    if not options.resume:
        results.unlink(missing_ok=True)
    command = [str(FOLDER / "sluice-fuzz"), "mutants", "--results", str(results)]
    command += ["--only", ",".join(str(one["number"]) for one in listed if one["number"])] if options.file else []
    command += ["--family", ",".join(options.family)] if options.family else []
    if subprocess.run(command, check=False).returncode not in (0, 1):
        raise CannotRun("the mutants could not be explored")
    found = {result["number"]: result for result in map(json.loads, results.read_text().splitlines())}
    return [one | (found.get(one["number"]) or {"fate": _NOT_BUILT}) for one in listed]


def compare(results: list[dict[str, Any]], known: dict[str, str]) -> list[str]:
    """What is not as the list of survivors has it."""
    complaints = []
    for one in results:
        if one["fate"] == _NOT_BUILT:
            continue
        name, killed = one["name"], one["fate"] == "killed"
        if killed and name in known:
            complaints.append(f"killed, and listed as a survivor ({known[name]}): {name}\n{one.get('program', '')}")
        if not killed and name not in known:
            complaints.append(f"{one['fate']}, and not listed as a survivor: {name}")
    names = {one["name"] for one in results}
    files = {one["file"].removeprefix("src/core/") for one in results}
    complaints += [f"listed as a survivor, and there is no such mutant: {name}" for name in known if name not in names and name.split()[0] in files]
    return complaints


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    builds.prepare()
    if options.campaigns is not None:
        return run_campaigns(options)
    results = explore(options)
    known = survivors()
    complaints = compare(results, known)
    if options.update and not complaints:
        stamp.put(SURVIVORS)
    text = table.summary(results) + "\n" + table.by_oracle(results)
    if options.suite:
        text += "\n" + suite.make(FOLDER / "sluice-fuzz", results, options.jobs)
    if options.wpt:
        wpt_score.score([one for one in results if one["fate"] != _NOT_BUILT], options.jobs, options.resume)
        text += "\n" + table.by_wpt(results)
        complaints += wpt_score.compare(results, options.update)
    (FOLDER / "mutants.json").write_text(json.dumps(results, indent=1) + "\n")
    (FOLDER / "mutants.md").write_text(text + "\n" + table.all_of(results, known))
    print(text)
    print(f"All of them: {FOLDER.relative_to(ROOT)}/mutants.md and mutants.json")
    tell(mutants=results, complaints=complaints)
    for complaint in complaints:
        print(complaint)
    if complaints:
        print(f"{len(complaints)} are not as scripts/sluice_dev/mutation/{SURVIVORS.name} and {wpt_score.LIST.relative_to(ROOT)} have them")
    return 1 if complaints else 0
