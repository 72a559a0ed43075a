"""The end of a campaign: its figures and findings for people, and summary.json for tools."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sluice_dev.campaign import display, finding_page, page
from sluice_dev.campaign.display import Row
from sluice_dev.campaign.options import ENGINES, Options
from sluice_dev.campaign.state import RunState, TargetState
from sluice_dev.common.display import say, seconds_text, shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.engines.engine_run import AFL, LIBFUZZER
from sluice_dev.triage import sarif
from sluice_dev.triage.findings import Finding

_OFTEN = 20  # times the same crash, which is worth a line


@dataclasses.dataclass(frozen=True)
class Result:
    options: Options
    targets: Sequence[TargetState]
    runs: Sequence[RunState]
    rows: Sequence[Row]  # one for each run
    growth: Mapping[str, tuple[int, int]]  # by target: entries of its corpus, and how many of them are new
    findings: Sequence[Finding]
    canary: Finding | None
    canary_after: Mapping[str, float]  # by engine, in seconds
    seconds: float
    interrupted: bool
    failure: str


def summarise(result: Result) -> int:
    """Prints and writes it. Returns the exit code; raises CannotRun if the campaign failed."""
    options = result.options
    say(f"\n{'Interrupted after' if result.interrupted else 'Fuzzed for'} {seconds_text(result.seconds)}.\n")
    _print_runs(result)
    repro = shown(os.path.join(options.root, "scripts", "repro")) + (" --sanitizer undefined" if options.preset == "ubsan" else "")
    for position, finding in enumerate(result.findings, 1):
        display.print_finding(position, finding, repro)
    if result.growth:
        say(f"\nThe corpus is in {shown(options.corpus)}; the next campaign goes on from it.")
    failure = result.failure or canary_problem(result)
    code = 2 if failure else 1 if result.findings else 0
    data = _as_data(result, failure, code)
    tell(**data)
    with open(os.path.join(options.out, "summary.json"), "w", encoding="utf-8") as file:
        json.dump(data, file, indent=2)
        file.write("\n")
    sarif.write_campaign(Path(options.out), ROOT)
    finding_page.write_all(Path(options.out), Path(options.root) / "build" / options.build_of(LIBFUZZER) / "sluice-fuzz")
    if page.write(options.out):
        say(f"\nThe page of this campaign: {shown(os.path.join(options.out, 'index.html'))}")
    else:
        say(f"\n{page.MISSING}")
    if failure:
        raise CannotRun(failure)
    count = len(result.findings)
    say(f"\n{count} finding{'s' if count > 1 else ''}." if count else "\nNothing was found.")
    return code


def canary_problem(result: Result) -> str:
    """Why the canary makes this a failed campaign; empty if it does not."""
    missed = [state.run for state in result.runs if state.run.is_canary and state.run.engine not in result.canary_after]
    if missed and result.findings:
        return ""  # fuzzing finds something, and that was in its way
    engines = result.options.engines
    if missed and not (result.interrupted or result.failure) and not any(run.why_stopped for run in missed):
        by = f" by {' and '.join(ENGINES[run.engine] for run in missed)}" if len(engines) > 1 else ""
        return f"the canary was not found{by}: the pipeline does not work, or this machine is too busy"
    if result.canary is not None and result.canary.reproduces is False:
        return "the canary was found, but its input does not reproduce: the pipeline does not work"
    return ""


def _print_runs(result: Result) -> None:
    display.print_table(result.rows, result.growth)
    for engine, seconds in result.canary_after.items():
        by = f" by {ENGINES[engine]}" if len(result.options.engines) > 1 else ""
        say(f"\ncanary: found{by} after {seconds:.1f} s (as it must be)")
    for state in result.runs:
        if state.stability is not None and state.stability < 100:
            say(f"\nstability: {state.run.name} {state.stability:g}%: of the edges that AFL++ saw, {100 - state.stability:.2g}% were not taken "
                "equally often when the same input ran again")
    for target in result.targets:
        if target.blocked_by:
            say(f"\nblocked: {target.name} ended early, because each run crashed with {target.blocked_by} before anything was fuzzed")
        for finding in result.findings:
            count = sum(target.crashes.get(identity, 0) for identity in (finding.identity, *finding.also_seen_as))
            if count >= _OFTEN and not finding.from_oracle:
                say(f"\noften: {target.name} crashed {count:,} times with {finding.identity} and started again each time. It masks other "
                    "findings: fix it and run again")
        if target.moved:
            say(f"\nmoved: {target.moved} entries of the corpus of {target.name} crash; they are in "
                f"{shown(os.path.join(result.options.out, 'crashing', target.name))}")


def _as_data(result: Result, failure: str, code: int) -> dict[str, Any]:
    options = result.options

    def finding_as_data(finding: Finding) -> dict[str, Any]:
        data = dataclasses.asdict(finding)
        data["folder"] = os.path.relpath(finding.folder, options.out)
        return data

    targets = []
    for target in result.targets:
        entries, new = result.growth.get(target.name, (0, 0))
        engines: dict[str, dict[str, Any]] = {}
        for row, state in zip(result.rows, result.runs, strict=True):
            if row.name == target.name:
                data = dataclasses.asdict(row)
                del data["name"], data["engine"], data["seconds_left"]
                engines[row.engine] = data | ({"stability": state.stability} if row.engine == AFL else {})
        targets.append({"name": target.name, "executions": sum(e["executions"] for e in engines.values()),
                        "findings": target.findings, "corpus": entries, "new_corpus_entries": new, "crashes": target.crashes,
                        "engines": engines})
    return {
        "exit_code": code, "failure": failure, "interrupted": result.interrupted, "engines": list(options.engines),
        "canary_seconds": {engine: round(after, 1) for engine, after in result.canary_after.items()},
        "sanitizer": {"asan": "address", "ubsan": "undefined"}[options.preset], "jobs": options.jobs,
        "seconds_wanted": options.seconds, "seconds": round(result.seconds, 1), "targets": targets,
        "canary": finding_as_data(result.canary) if result.canary else None,
        "findings": [finding_as_data(finding) for finding in result.findings],
    }
