"""The figures of one night, from its folder, for the trend over all nights."""

import statistics
from pathlib import Path
from typing import Any

from sluice_dev.common.files import read_json


def of_night(out: Path) -> dict[str, Any]:
    """What is missing was not measured: a stage that did not run, or a campaign that was interrupted."""
    campaigns = [(folder, summary) for folder in sorted((out / "campaigns").glob("*")) if (summary := read_json(folder / "summary.json"))]
    figures: dict[str, Any] = {}
    if campaigns:
        figures["seconds"] = round(sum(summary.get("seconds") or 0 for _, summary in campaigns))
        figures["executions"] = sum(target.get("executions", 0) for _, summary in campaigns for target in summary.get("targets", []))
        # Both campaigns extend the same corpora: the last one has seen all.
        figures["corpus"] = sum(target.get("corpus", 0) for target in campaigns[-1][1].get("targets", []))
    if costs := [cost for folder, summary in campaigns for cost in _costs(folder, summary)]:
        figures["cost"] = round(statistics.median(costs), 2)
    reached = [counts for folder, _ in campaigns if (counts := _states(folder))]
    if reached:
        for name in ("states", "transitions"):
            figures[name] = max(counts[name] for counts in reached)
    if lines := _lines(out):
        figures["lines"] = lines
    return figures | _mutants(out)


def _mutants(out: Path) -> dict[str, Any]:
    """How many of the core's mutants are killed, and after how many edges of an exploration: of half of them, and of nine in ten."""
    mutants = [each for each in read_json(out / "mutants.json") or [] if each["fate"] != "not built"]
    edges = sorted(each["edges"] for each in mutants if each["fate"] == "killed")
    figures: dict[str, Any] = {"mutants": (len(edges), len(mutants))} if mutants else {}
    if edges:
        figures["edges_to_kill"] = (statistics.median_high(edges), edges[9 * len(edges) // 10])
    return figures


def _costs(folder: Path, summary: dict[str, Any]) -> list[float]:
    """Of each target and engine: what an execution takes, in executions of a target that does nothing."""
    empty = read_json(folder / "speed.json") or {}
    found = []
    for target in summary.get("targets", []):
        for engine, figures in target.get("engines", {}).items():
            if empty.get(engine) and figures.get("rate"):
                found.append(empty[engine] / figures["rate"])
    return found


def _states(folder: Path) -> dict[str, tuple[int, int]] | None:
    coverage = read_json(folder / "state-coverage.json")
    if not coverage:
        return None
    return {name: (sum(each["count"] > 0 for each in coverage[name]), len(coverage[name])) for name in ("states", "transitions")}


def _lines(out: Path) -> dict[str, tuple[int, int]]:
    """By room: lines that programs reach, and all. The set of programs with the most is taken."""
    found = {}
    for room, sets in ((read_json(out / "coverage/summary.json") or {}).get("rooms") or {}).items():
        counted = [(metrics["lines"]["reached"], metrics["lines"]["count"]) for metrics in sets.values() if "lines" in metrics]
        if counted:
            found[room] = max(counted)
    return found
