"""The folder with what is known over all nights. Can be killed at any moment: a night is recorded whole or not at all.

    with History(folder) as history:
        events = history.record(night, sightings, replays)

    findings/ID/record.json   the record of a finding (ledger.schema.json)
    findings/ID/NIGHT/        the folder of the finding, as campaigns write it, from the night in which it was new or back
    nights/NIGHT.json         what a night measured, and the changes of state that it has to tell
    dry-run.json              the issues that dry runs would have made (issues.py)
    pending.json              a night that is being recorded: all files of it, which the next opening writes again
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sluice_dev.common import files
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.locks import sole_user
from sluice_dev.nightly import ledger
from sluice_dev.nightly.ledger import Event, Record, Replay
from sluice_dev.triage.sightings import Night, Sighting


class History:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "History":
        with contextlib.ExitStack() as stack:
            stack.enter_context(sole_user(str(self.folder), "another night", "--history"))
            files.remove_partial(self.folder)
            if (pending := files.read_json(self.folder / "pending.json")) is not None:
                self._write(pending)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # --- Reading ---

    def records(self) -> dict[str, Record]:
        """All records by id. Raises CannotRun for one that this version cannot read: it is never thrown away."""
        return read_records(self.folder)

    def input_of(self, record: Record) -> Path:
        """The file to run: the minimal program, or the input as it was found."""
        folder = self.files_of(record)
        return next((path for name in ("program.ops", "shrunk", "input") if (path := folder / name).exists()), folder / "input")

    def files_of(self, record: Record) -> Path:
        return self.folder / "findings" / str(record["id"]) / str(record["files"])

    # --- Writing ---

    def record(self, night: Night, sightings: list[Sighting], replays: dict[str, Replay], measured: dict[str, Any] | None = None) -> list[Event]:
        """Records the night and returns its news. A night that is recorded already stays as it is. Raises OSError."""
        done = files.read_json(self.folder / "nights" / f"{night.id}.json")
        if done is not None:
            return [Event(each["id"], each["state"], each["why"]) for each in done["events"]]
        before = self.records()
        matched = ledger.match(before, sightings, replays)
        changed: dict[str, Record] = {}
        events = []
        for id_ in sorted({*before, *matched}):
            seen = matched.get(id_, [])
            record, event = ledger.update(before.get(id_) or ledger.begin(seen[0]), night, seen, replays.get(id_))
            if event:
                events.append(event)
            if seen and (not record["files"] or (event and event.state == "back")):
                record |= self._take(record, night, seen[0])
            changed[id_] = record
        events.sort(key=lambda event: str(changed[event.id]["identity"]))
        entry = {"schema": "sluice-night", "version": 1, "night": night.id, "commit": night.commit, "executions": night.executions,
                 "measured": measured or {}, "states": {id_: record["state"] for id_, record in changed.items()},
                 "events": [{"id": event.id, "state": event.state, "why": event.why} for event in events]}
        pending = {f"findings/{id_}/record.json": record for id_,
                   record in changed.items() if record != before.get(id_)} | {f"nights/{night.id}.json": entry}
        files.write_json(self.folder / "pending.json", pending)
        self._write(pending)
        return events

    def save(self, record: Record) -> None:
        path = self.folder / "findings" / record["id"] / "record.json"
        if record != files.read_json(path):
            files.write_json(path, record)

    def _write(self, pending: dict[str, Any]) -> None:
        for name, data in pending.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write_json(path, data)
        (self.folder / "pending.json").unlink()

    def _take(self, record: Record, night: Night, sighting: Sighting) -> dict[str, Any]:
        """Copies the finding's folder, and returns the fields that describe it."""
        target = self.folder / "findings" / record["id"] / night.id
        target.parent.mkdir(parents=True, exist_ok=True)
        files.copy_whole(sighting.folder, target)
        return {"files": night.id, "program": sighting.program, "frames": list(sighting.frames), "build": sighting.build,
                "behind": list(sighting.behind), "rule": sighting.rule, "anchor": sighting.anchor, "operation": sighting.operation,
                "expected": sighting.expected, "actual": sighting.actual, "target": sighting.target}


def read_records(folder: Path) -> dict[str, Record]:
    found = {}
    for path in sorted(folder.glob("findings/*/record.json")):
        record = files.read_json(path)
        if not isinstance(record, dict) or record.get("schema") != "sluice-finding-record":
            raise CannotRun(f"{path}: is not the record of a finding. Restore it from a copy, or move its folder away: the finding is then new again")
        if record.get("version") != ledger.VERSION:
            raise CannotRun(f"{path}: has version {record.get('version')} of the record, and this Sluice knows {ledger.VERSION}. Use the Sluice that "
                            "wrote it, or another --history")
        found[record["id"]] = record
    return found


def read_nights(folder: Path) -> list[dict[str, Any]]:
    """What each night measured, the oldest first."""
    nights = [data for path in sorted(folder.glob("nights/*.json")) if (data := files.read_json(path)) is not None]
    return sorted(nights, key=lambda night: str(night["night"]))


@contextlib.contextmanager
def reserve(path: Path, size: int = 1 << 20) -> Iterator[None]:
    """Keeps room on a disk for a last report: the file is there while the block runs, and gone when it ends, whatever happened."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)
        yield
    finally:
        path.unlink(missing_ok=True)
