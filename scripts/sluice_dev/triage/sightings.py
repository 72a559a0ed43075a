"""What campaigns and nights found, read from their folders. Only this module knows the fields of finding.json.

    sightings = of_campaign(folder)
    night, sightings = read_night(out), read_sightings(out)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice_dev.common.files import read_json

# In a finding's folder: the commits that began it, and those that mended it (triage/bisect.py).
BEGAN, MENDED = "bisect.json", "mended.json"


@dataclass(frozen=True)
class Night:
    id: str  # when it began, "2026-11-30T01-17-00Z": nights sort by it
    commit: str
    executions: dict[str, int] = field(default_factory=dict)  # target: executions of all campaigns


@dataclass(frozen=True)
class Sighting:
    identity: str
    rule: str
    anchor: str  # of the rule in the standard; may be empty
    operation: str  # in which the core diverges; empty if that is not known
    after: str  # the part of that operation; may be empty
    expected: str  # what the standard does there, and what the core does
    actual: str
    target: str
    kind: str
    also_seen_as: tuple[str, ...]
    program: str
    frames: tuple[str, ...]
    build: dict[str, Any]
    tries: int  # runs of its input in fresh processes, and how many failed
    reproduced: int
    executions: int | None  # of its target until it was found; None: not by fuzzing
    folder: Path
    behind: tuple[str, ...]  # inputs that have to run before it, in its folder


def read_night(out: Path) -> Night:
    state = read_json(out / "state.json") or {}
    executions: dict[str, int] = {}
    for summary in (data for _, data in _campaigns(out) if data):
        for target in summary.get("targets", []):
            name = target.get("name", "")
            executions[name] = executions.get(name, 0) + target.get("executions", 0)
    return Night(state.get("night") or "unknown", (state.get("identity") or {}).get("commit", "unknown"), executions)


def _campaigns(out: Path) -> Iterator[tuple[Path, Any]]:
    """The folder of each part of each campaign, and its summary; None of one that was interrupted."""
    for folder in sorted((out / "campaigns").glob("*")):
        if folder.is_dir():
            yield folder, read_json(folder / "summary.json")


def read_sightings(out: Path) -> list[Sighting]:
    """Each finding of each campaign and of valgrind, in the order of their folders. Two of one key are two sightings."""
    found = [sighting for folder, _ in _campaigns(out) for sighting in of_campaign(folder)]
    for each in (read_json(out / "valgrind/summary.json") or {}).get("findings", []):
        # It was run once, and failed.
        found.append(_sighting(each | {"kind": "valgrind", "tries": 1, "reproduced": 1}, out / "valgrind" / each["folder"], {}))
    return found


def of_campaign(folder: Path) -> list[Sighting]:
    """A campaign that was interrupted has no summary, but folders."""
    summary = read_json(folder / "summary.json")
    found = []
    if summary:
        speeds = {target.get("name", ""): target.get("executions", 0) / max(1.0, summary.get("seconds") or 1.0) for target in summary.get("targets",
                                                                                                                                          [])}
        for each in summary.get("findings", []):
            place = folder / each["folder"]
            if summary.get("interrupted") and not place.is_dir():  # a later part has taken it over
                continue
            found.append(_sighting(each | (read_json(place / "finding.json") or {}), place, speeds))
    else:
        for log in sorted((folder / "findings").rglob("log.txt")):
            data = read_json(log.parent / "finding.json")
            if data and "also" not in log.parent.relative_to(folder).parts:
                found.append(_sighting(data, log.parent, {}))
    return found


def of_folder(folder: Path) -> Sighting | None:
    """Of one finding; None if it is no finding's folder."""
    data = read_json(folder / "finding.json")
    return _sighting(data, folder, {}) if isinstance(data, dict) and isinstance(data.get("identity"), str) else None


def _sighting(data: dict[str, Any], folder: Path, speeds: dict[str, float]) -> Sighting:
    after, target = data.get("after_seconds"), data.get("target", "")
    record = data.get("finding") or {}  # fuzz/oracle/finding.schema.json
    executions = max(1, round(after * speeds[target])) if after is not None and target in speeds else None
    return Sighting(
        identity=data["identity"], rule=record.get("sentence") or data.get("rule") or "", anchor=record.get("anchor") or "",
        operation=record.get("operation") or "", after=record.get("after") or "", expected=record.get("expected") or "",
        actual=record.get("actual") or "", target=target, kind=data.get("kind", "crash"),
        also_seen_as=tuple(data.get("also_seen_as") or ()), program=_text(folder / "program.ops"),
        frames=tuple(record.get("frames") or data.get("frames") or ()),
        build=data.get("build") or {}, tries=data.get("tries") or 0, reproduced=data.get("reproduced") or 0, executions=executions,
        folder=folder, behind=tuple(data.get("sequence") or ()))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def event_of(folder: Path) -> int | None:
    """At which its rule broke in the run of the finding's program, counted from 1; None if that is not known."""
    event = ((read_json(folder / "finding.json") or {}).get("finding") or {}).get("event")
    return event if isinstance(event, int) else None
