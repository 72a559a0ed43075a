"""What a night does with its findings, once the campaigns have ended.

    nights record --out OUT --history DIR     compares with the nights before; prints the news
    nights bisect --history DIR --seconds N   the commits that began and mended findings, as far as the time goes
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sluice_dev.common.display import say, shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.fleet.valgrind_replay import Replay as ValgrindReplay
from sluice_dev.nightly import measured
from sluice_dev.triage import sightings as night_sightings
from sluice_dev.nightly import sureness
from sluice_dev.nightly.history import History, read_nights
from sluice_dev.nightly.ledger import Record, Replay, names_of
from sluice_dev.triage import bisect
from sluice_dev.triage import replay as triage_replay
from sluice_dev.triage.bisection import CLEAN, SHOWS, Repository, Result

LEAST_REPLAYS = 10
MOST_REPLAYS = 200
REPLAY_SECONDS = 1800  # of all findings together
VALGRIND_SECONDS = 120  # of one run


def replays_of(record: Record) -> int:
    """So many that it is sure, as far as that can be paid."""
    reproduced = record["replays"]["reproduced"]
    if reproduced == 0:
        return LEAST_REPLAYS
    return min(MOST_REPLAYS, max(LEAST_REPLAYS, sureness.replays_needed(reproduced, record["replays"]["tries"])))


def replay(history: History, record: Record, root: Path = ROOT) -> Replay:
    """Runs the input of a finding in the build of this night."""
    if record["kind"] == "valgrind":
        return _replay_under_valgrind(record, history.input_of(record), root)
    preset = "libfuzzer-ubsan" if record["build"].get("sanitizer") == "undefined" else "libfuzzer-asan"
    command = triage_replay.target_command(root / "build" / preset, record["target"])
    folder = history.files_of(record)
    files = [*(str(folder / name) for name in record["behind"]), str(folder / "input" if record["behind"] else history.input_of(record))]
    if missing := [name for name in (command[0], *files) if not Path(name).exists()]:
        return Replay(0, 0, trouble=f"{missing[0]} is missing")
    try:
        counts = triage_replay.replay(command, files, record["identity"], replays_of(record), root=root,
                                       event=None if record["behind"] else night_sightings.event_of(folder))
    except OSError as error:
        return Replay(0, 0, trouble=f"{command[0]}: {error.strerror or error}")
    return Replay(counts.tries, counts.same, dict(counts.others))


def _replay_under_valgrind(record: Record, path: Path, root: Path) -> Replay:
    build = root / "build/valgrind"
    if missing := [each for each in (build / "fuzzers" / record["target"], path) if not each.exists()]:
        return Replay(0, 0, trouble=f"{missing[0]} is missing")
    same, passed = 0, 0
    others: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="sluice-valgrind-") as scratch:
        for _ in range(replays_of(record)):
            run = ValgrindReplay(build, Path(scratch), time.monotonic() + VALGRIND_SECONDS)
            run.run(record["target"], [path])
            identities = [finding["identity"] for finding in run.findings]
            if record["identity"] in identities:
                same += 1
            elif identities:
                others[identities[0]] = others.get(identities[0], 0) + 1
            elif run.failure or not run.done.get(record["target"]):
                return Replay(0, 0, trouble=run.failure or "it took too long under valgrind")
            else:
                passed += 1
    return Replay(same + passed + sum(others.values()), same, others)


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
        events = history.record(night, found, replays, measured.of_night(out))
        records = history.records()
    for event in events:
        say(f"{event.state}: {records[event.id]['identity']}: {event.why}")
    counts = {state: sum(record["state"] == state for record in records.values()) for state in ("new", "back", "open", "mended")}
    say(f"{shown(folder)}: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    return 0


# --- Which commit ---

@dataclasses.dataclass(frozen=True)
class Range:
    field: str  # of the record, for the result
    bad: str
    good: str = ""
    hint: str = ""
    known: dict[str, str] = dataclasses.field(default_factory=dict)


def range_of(record: Record, nights: list[dict[str, Any]]) -> Range | None:
    """What is to be searched; None if that is known already, or cannot be."""
    if record["replays"]["reproduced"] == 0 or record["kind"] == "valgrind":
        return None
    bad = record["last_seen"]["commit"]
    mended = [change["commit"] for change in record["changes"] if change["state"] == "mended"]
    if record["state"] == "mended":
        known = {bad: SHOWS, mended[-1]: CLEAN}
        return Range("mended_by", bad, mended[-1], known=known) if record["mended_by"] is None and mended[-1] != bad else None
    if record["first_bad"] is not None:
        return None
    if mended:
        return Range("first_bad", bad, mended[-1], known={bad: SHOWS, mended[-1]: CLEAN}) if mended[-1] != bad else None
    # The night before did not find it, which proves nothing: it is tested.
    before = [night["commit"] for night in nights if night["night"] < record["first_seen"]["night"]]
    return Range("first_bad", bad, hint=before[-1] if before else "", known={bad: SHOWS})


def question_of(history: History, record: Record) -> bisect.Question:
    return bisect.question_of(record, history.files_of(record))


def bisect_night(folder: Path, root: Path, work: Path, seconds: float,
                 question: Callable[[History, Record], bisect.Question] = question_of) -> int:
    """A search that the time ends goes on in the next night."""
    end = time.monotonic() + seconds
    nights = read_nights(folder)
    repository = Repository(root)
    with History(folder) as history:
        for record in history.records().values():
            wanted = range_of(record, nights)
            if wanted is None:
                continue
            if time.monotonic() > end:
                say(f"{record['identity']}: the time is over; the next night looks for its commit")
                continue
            try:
                result: Result = bisect.search(repository, work, question(history, record), good=wanted.good, bad=wanted.bad, hint=wanted.hint,
                                               known=wanted.known, until=end)
            except (CannotRun, bisect.TimeOver) as problem:
                say(f"{record['identity']}: {problem}")
                continue
            history.save(record | {wanted.field: result.data()})
            if wanted.field == "first_bad":  # what mended it once did not last
                (history.files_of(record) / night_sightings.MENDED).unlink(missing_ok=True)
            bisect.write_into(history.files_of(record), record["identity"], result)
            say(bisect.describe(record["identity"], result))
    return 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nights", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", allow_abbrev=False)
    record.add_argument("--out", type=Path, required=True)
    record.add_argument("--history", type=Path, required=True)
    search = commands.add_parser("bisect", allow_abbrev=False)
    search.add_argument("--history", type=Path, required=True)
    search.add_argument("--seconds", type=float, required=True)
    search.add_argument("--work", type=Path, default=ROOT / "build/bisect")
    options = parser.parse_args(arguments)
    history: Path = options.history.resolve()
    if options.command == "record":
        return record_night(options.out.resolve(), history)
    return bisect_night(history, ROOT, options.work.resolve(), options.seconds)
