"""What a night does with its findings, once the campaigns have ended.

    nights record --out OUT --history DIR     compares with the nights before; prints the news
"""

import argparse
import time
from pathlib import Path

from sluice_dev.common.display import say, shown
from sluice_dev.common.paths import ROOT
from sluice_dev.nightly import sightings as night_sightings
from sluice_dev.nightly import sureness
from sluice_dev.nightly.history import History
from sluice_dev.nightly.ledger import Record, Replay, names_of
from sluice_dev.triage import replay as triage_replay

LEAST_REPLAYS = 10
MOST_REPLAYS = 200
REPLAY_SECONDS = 1800  # of all findings together


def replays_of(record: Record) -> int:
    """So many that it is sure, as far as that can be paid."""
    reproduced = record["replays"]["reproduced"]
    if reproduced == 0:
        return LEAST_REPLAYS
    return min(MOST_REPLAYS, max(LEAST_REPLAYS, sureness.replays_needed(reproduced, record["replays"]["tries"])))


def replay(history: History, record: Record, root: Path = ROOT) -> Replay:
    """Runs the input of a finding in the build of this night."""
    if record["kind"] == "valgrind":
        return Replay(0, 0, trouble="valgrind has its own stage")
    preset = "libfuzzer-ubsan" if record["build"].get("sanitizer") == "undefined" else "libfuzzer-asan"
    command = triage_replay.target_command(root / "build" / preset, record["target"])
    folder = history.files_of(record)
    files = [*(str(folder / name) for name in record["behind"]), str(folder / "input" if record["behind"] else history.input_of(record))]
    if missing := [name for name in (command[0], *files) if not Path(name).exists()]:
        return Replay(0, 0, trouble=f"{missing[0]} is missing")
    try:
        counts = triage_replay.replay(command, files, record["identity"], replays_of(record), root=root)
    except OSError as error:
        return Replay(0, 0, trouble=f"{command[0]}: {error.strerror or error}")
    return Replay(counts.tries, counts.same, dict(counts.others))


def record_night(out: Path, folder: Path, root: Path = ROOT) -> int:
    night = night_sightings.read_night(out)
    found = night_sightings.read_sightings(out)
    with History(folder) as history:
        seen = {each.identity for each in found}
        replays = {}
        end = time.monotonic() + REPLAY_SECONDS
        for id_, record in history.records().items():
            # What fuzzing found again needs no replay, except for one that was mended, which only its own input brings back by an alias.
            if record["state"] != "mended" and names_of(record) & seen:
                continue
            if time.monotonic() > end:
                say(f"{record['identity']}: not run again, the time for that is over")
                continue
            replays[id_] = result = replay(history, record, root)
            say(f"{record['identity']}: " + (result.trouble or f"{result.reproduced} of {result.tries} runs fail"))
        events = history.record(night, found, replays)
        records = history.records()
    for event in events:
        say(f"{event.state}: {records[event.id]['identity']}: {event.why}")
    counts = {state: sum(record["state"] == state for record in records.values()) for state in ("new", "back", "open", "mended")}
    say(f"{shown(folder)}: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    return 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nights", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", allow_abbrev=False)
    record.add_argument("--out", type=Path, required=True)
    record.add_argument("--history", type=Path, required=True)
    options = parser.parse_args(arguments)
    return record_night(options.out.resolve(), options.history.resolve())
