"""The record of each finding over all nights, and the state that follows from it. Pure: nothing here touches a file.

A record is a JSON object (ledger.schema.json). Its state:
    new      seen this night for the first time
    open     seen before, and not known to be mended
    mended   its input no longer fails, or fuzzing has not found it for long enough (sureness.py)
    back     was mended, and is seen again; the night after, it is open
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sluice_dev.nightly import sureness
from sluice_dev.triage.sightings import Night, Sighting

VERSION = 2
Record = dict[str, Any]
_KNOWN_TO_FAIL = ("new", "open", "back")


@dataclass(frozen=True)
class Replay:
    """Runs of a record's input in the night's build."""
    tries: int
    reproduced: int
    others: dict[str, int] = field(default_factory=dict)  # identities that it had instead: how often
    trouble: str = ""  # why it could not be run


@dataclass(frozen=True)
class Event:
    """A change of state: what a night has to tell."""
    id: str
    state: str
    why: str


def id_of(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def names_of(record: Record) -> set[str]:
    return {record["identity"], *record["also_seen_as"]}


def match(records: dict[str, Record], sightings: Iterable[Sighting], replays: dict[str, Replay]) -> dict[str, list[Sighting]]:
    """Which record each sighting belongs to; sightings of no record begin one.

    A finding that merges others (`also_seen_as`) is seen under any of their names, and so are they. A mended record does not come back by
    a mere alias: its own input has to fail again.
    """
    found: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        own = id_of(sighting.identity)
        is_known = own in records
        ids = {own} if is_known else set()
        for id_, record in records.items():
            by_alias = record["identity"] in sighting.also_seen_as or (not is_known and sighting.identity in record["also_seen_as"])
            if by_alias and (record["state"] != "mended" or _fails(replays.get(id_))):
                ids.add(id_)
        for id_ in ids or {own}:
            found.setdefault(id_, []).append(sighting)
    return found


def _fails(replay: Replay | None) -> bool:
    return replay is not None and replay.reproduced > 0


def begin(sighting: Sighting) -> Record:
    return {
        "schema": "sluice-finding-record", "version": VERSION, "id": id_of(sighting.identity), "identity": sighting.identity,
        "rule": sighting.rule, "anchor": sighting.anchor, "operation": sighting.operation,
        "expected": sighting.expected, "actual": sighting.actual,
        "target": sighting.target, "kind": sighting.kind, "also_seen_as": [], "program": sighting.program, "frames": list(sighting.frames),
        "build": sighting.build, "files": "", "behind": list(sighting.behind), "state": "new", "first_seen": None, "last_seen": None,
        "found": {"times": 0, "executions": 0}, "replays": {"tries": 0, "reproduced": 0},
        "since": {"executions": 0, "replays": 0, "nights": 0}, "sure": 0.0, "sure_after": None, "changes": [], "first_bad": None,
        "mended_by": None, "issue": None,
    }


def update(record: Record, night: Night, sightings: list[Sighting], replay: Replay | None) -> tuple[Record, Event | None]:
    """The record after this night, and what changed. `record` itself stays as it is."""
    before = record["state"] if record["first_seen"] else None
    names = {*record["also_seen_as"], *(name for each in sightings for name in (each.identity, *each.also_seen_as))}
    record = record | {"also_seen_as": sorted(names - {record["identity"]})}
    exposure = sum(count for target, count in night.executions.items() if target in _targets(record, sightings))
    if sightings or _fails(replay):
        state, why = _seen(record, before, night, sightings, replay, exposure)
    else:
        state, why = _unseen(record, before, night, replay, exposure)
    record["state"] = state
    # The night after it was new or back it is open, which is no news.
    if state == before or (before, state) in (("new", "open"), ("back", "open")):
        return record, None
    record["changes"] = [*record["changes"], {"night": night.id, "commit": night.commit, "state": state, "why": why}]
    return record, Event(record["id"], state, why)


def _targets(record: Record, sightings: list[Sighting]) -> set[str]:
    return {record["target"], *(each.target for each in sightings)}


def _seen(record: Record, before: str | None, night: Night, sightings: list[Sighting], replay: Replay | None,
          exposure: int) -> tuple[str, str]:
    stamp = {"night": night.id, "commit": night.commit}
    is_back = before == "mended"
    if is_back or before is None:  # what was known of how often it is found was of another core
        record["found"], record["replays"] = {"times": 0, "executions": 0}, {"tries": 0, "reproduced": 0}
        record["first_bad"] = None
    if is_back:
        record["mended_by"] = None
    record["first_seen"] = record["first_seen"] or stamp
    record["last_seen"] = stamp
    fuzzed = [each.executions for each in sightings if each.executions is not None]
    # In a night in which fuzzing did not find it although it was there, all executions were without it.
    since = record["since"]["executions"] if before in _KNOWN_TO_FAIL else 0
    record["found"] = {"times": record["found"]["times"] + len(fuzzed),
                       "executions": record["found"]["executions"] + since + (sum(fuzzed) if fuzzed else exposure)}
    runs = [(each.tries, each.reproduced) for each in sightings] + ([(replay.tries, replay.reproduced)] if replay else [])
    record["replays"] = {"tries": record["replays"]["tries"] + sum(tries for tries, _ in runs),
                         "reproduced": record["replays"]["reproduced"] + sum(count for _, count in runs)}
    record["since"] = {"executions": 0, "replays": 0, "nights": 0}
    record["sure"] = 0.0
    record["sure_after"] = _sure_after(record)
    by = f"found by {sightings[0].target}" if sightings else f"its input fails again, {replay.reproduced} of {replay.tries} times" if replay else ""
    if before is None:
        return "new", by
    return ("back", by) if is_back else ("open", by)


def _sure_after(record: Record) -> int | None:
    found = record["found"]
    return sureness.executions_needed(found["times"], found["executions"]) if found["times"] else None


def _unseen(record: Record, before: str | None, night: Night, replay: Replay | None, exposure: int) -> tuple[str, str]:
    # One that had another identity says nothing: it may be masked.
    passed = replay.tries if replay and not replay.others and not replay.trouble else 0
    since = record["since"]
    record["since"] = since = {"executions": since["executions"] + exposure, "replays": since["replays"] + passed, "nights": since["nights"] + 1}
    by_replays = sureness.by_replays(record["replays"]["reproduced"], record["replays"]["tries"], since["replays"])
    by_executions = sureness.by_executions(record["found"]["times"], record["found"]["executions"], since["executions"])
    record["sure"] = round(by_executions, 6)
    if before == "mended":
        return "mended", ""
    if by_replays >= sureness.SURE:
        return "mended", f"its input passed {since['replays']} times at {night.commit[:12]}; {_words(record)}"
    if record["replays"]["reproduced"] == 0 and by_executions >= sureness.SURE:
        return "mended", f"it never reproduced; {_words(record)}"
    return "open", ""


def _words(record: Record) -> str:
    """How sure fuzzing is, in a sentence."""
    since, needed = record["since"]["executions"], record["sure_after"]
    if needed is None:
        return "fuzzing alone never found it"
    return f"{since:,} executions without it; 95% sure after {needed:,} ({record['sure']:.0%} now)"


def sentence(record: Record) -> str:
    """How sure it is that it is gone. Empty for one that was seen in the last night."""
    return _words(record) if record["since"]["nights"] else ""
