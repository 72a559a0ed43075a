"""The records of findings over nights: their states, how sure it is that one is mended, and that no kill and no full disk damages them.

    ledger_test.py [unittest's flags]
"""

import io
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

import fake_night  # noqa: E402
from fake_night import finding  # noqa: E402
from sluice_dev.common import files  # noqa: E402
from sluice_dev.common.errors import CannotRun  # noqa: E402
from sluice_dev.fleet import valgrind_replay  # noqa: E402
from sluice_dev.nightly import ledger, nights, sureness  # noqa: E402
from sluice_dev.nightly.history import History, read_nights, read_records, reserve  # noqa: E402
from sluice_dev.nightly.ledger import Replay  # noqa: E402
from sluice_dev.triage.sightings import read_night, read_sightings  # noqa: E402

SCHEMA = json.loads((ROOT / "scripts/sluice_dev/nightly/ledger.schema.json").read_text())
FAILS, PASSES = Replay(10, 10), Replay(10, 0)


class Sureness(unittest.TestCase):
    def test_nothing_is_sure_without_evidence(self):
        self.assertEqual(sureness.by_replays(0, 10, 1000), 0)
        self.assertEqual(sureness.by_replays(10, 10, 0), 0)
        self.assertEqual(sureness.by_executions(0, 100, 1000), 0)
        self.assertEqual(sureness.by_executions(3, 100, 0), 0)

    def test_one_pass_is_not_enough_and_two_are_after_ten_failures(self):
        self.assertLess(sureness.by_replays(10, 10, 1), 0.95)
        self.assertEqual(sureness.replays_needed(10, 10), 2)
        self.assertEqual(sureness.replays_needed(1, 10), 190)

    def test_many_finds_give_the_rule_of_three(self):
        rate = 1 / 5000
        times = 10_000
        self.assertAlmostEqual(sureness.executions_needed(times, times / rate) * rate, -math.log(0.05), places=2)

    def test_one_find_takes_nineteen_times_as_long(self):
        self.assertEqual(sureness.executions_needed(1, 1000), 19_000)
        self.assertAlmostEqual(sureness.by_executions(1, 1000, 19_000), 0.95)

    def test_a_planted_fault_that_is_still_there_is_called_gone_one_time_in_twenty(self):
        """Simulated: a fault is found with a fixed chance in each execution, `times` times; then fuzzing goes on for as long as is asked."""
        draw = random.Random(20)
        for times in (1, 2, 5):
            for chance in (1 / 50, 1 / 20_000):
                wrong = 0
                trials = 4000
                for _ in range(trials):
                    before = sum(_geometric(draw, chance) for _ in range(times))
                    wrong += _geometric(draw, chance) > sureness.executions_needed(times, before)
                with self.subTest(times=times, chance=chance):
                    self.assertLess(wrong / trials, 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials))
                    self.assertGreater(wrong / trials, 0.03, "so cautious a bound never calls anything mended")

    def test_a_flaky_finding_that_is_still_there_is_seldom_called_gone(self):
        draw = random.Random(21)
        trials, wrong = 4000, 0
        for _ in range(trials):
            chance = draw.choice((0.05, 0.2, 0.5, 0.9))
            failed = sum(draw.random() < chance for _ in range(10))
            if failed:
                wrong += all(draw.random() >= chance for _ in range(min(200, sureness.replays_needed(failed, 10))))
        self.assertLess(wrong / trials, 0.05)


def _geometric(draw: random.Random, chance: float) -> int:
    return max(1, math.ceil(math.log(1 - draw.random()) / math.log(1 - chance)))


class Nights(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-nights-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.history = self.folder / "history"
        self.count = 0

    def night(self, *found: dict, replays: dict | None = None, executions: int = fake_night.EXECUTIONS) -> list[tuple[str, str]]:
        """(state, identity) of what this night has to tell."""
        self.count += 1
        out = fake_night.write(self.folder / f"out{self.count}", f"night-{self.count:03}", f"commit{self.count}", list(found), executions)
        with History(self.history) as history:
            by_id = {ledger.id_of(key): replay for key, replay in (replays or {}).items()}
            events = history.record(read_night(out), read_sightings(out), by_id)
            records = history.records()
        for record in records.values():
            jsonschema.validate(record, SCHEMA)
        return [(event.state, records[event.id]["identity"]) for event in events]

    def one(self, key: str) -> dict:
        with History(self.history) as history:
            return history.records()[ledger.id_of(key)]

    def test_the_schema_is_one_and_refuses_what_is_no_record(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        self.night(finding("a/x@write"))
        record = self.one("a/x@write")
        for wrong in ({"state": "gone"}, {"version": 1}, {"first_seen": None}, {"unknown": 1}, {"found": {"times": -1, "executions": 0}}):
            with self.subTest(wrong), self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(record | wrong, SCHEMA)

    def test_a_finding_is_reported_when_it_is_new_mended_and_back_and_never_twice(self):
        a = finding("a/x@write")
        self.assertEqual(self.night(a), [("new", "a/x@write")])
        self.assertEqual(self.night(a), [])
        self.assertEqual(self.one("a/x@write")["state"], "open")
        self.assertEqual(self.night(replays={"a/x@write": FAILS}), [], "fuzzing missed it, its input still fails")
        self.assertEqual(self.night(replays={"a/x@write": PASSES}), [("mended", "a/x@write")])
        self.assertEqual(self.night(replays={"a/x@write": PASSES}), [])
        self.assertEqual(self.night(replays={"a/x@write": FAILS}), [("back", "a/x@write")])
        self.assertEqual(self.night(a), [])
        self.assertEqual([change["state"] for change in self.one("a/x@write")["changes"]], ["new", "mended", "back"])
        record = self.one("a/x@write")
        self.assertEqual((record["first_seen"]["commit"], record["last_seen"]["commit"]), ("commit1", "commit7"))

    def test_a_finding_whose_input_could_not_be_run_is_not_mended(self):
        self.night(finding("a/x@write"))
        for replay in (Replay(0, 0, trouble="no such target"), Replay(10, 0, {"b/y@close": 10}), None):
            self.assertEqual(self.night(replays={"a/x@write": replay} if replay else {}), [])
        self.assertEqual(self.one("a/x@write")["state"], "open")

    def test_one_that_never_reproduced_is_mended_when_fuzzing_is_sure(self):
        self.night(finding("oom/f", reproduces=False, reproduced=0))  # after 10 of 100 seconds: 100,000 executions
        self.assertEqual(self.one("oom/f")["sure_after"], 1_900_000)
        self.assertEqual(self.night(replays={"oom/f": PASSES}), [])
        self.assertIn("1,000,000 executions without it; 95% sure after 1,900,000", ledger.sentence(self.one("oom/f")))
        self.assertEqual(self.night(replays={"oom/f": PASSES}), [("mended", "oom/f")])

    def test_a_flaky_one_needs_more_runs_than_a_steady_one(self):
        self.night(finding("steady"), finding("flaky", reproduces=False, reproduced=1))
        replays = {"steady": PASSES, "flaky": PASSES}
        self.assertEqual(self.night(replays=replays), [("mended", "steady")])
        self.assertEqual(self.night(replays={"flaky": Replay(179, 0)}), [])
        self.assertEqual(self.night(replays={"flaky": Replay(1, 0)}), [("mended", "flaky")])

    def test_nights_in_which_fuzzing_missed_it_count_until_it_is_found_again(self):
        self.night(finding("a"))
        self.night(replays={"a": FAILS})
        self.night(finding("a"))
        self.assertEqual(self.one("a")["found"], {"times": 2, "executions": 1_200_000})

    def test_the_same_rule_in_two_operations_is_two_findings(self):
        self.assertEqual(self.night(finding("a@WritableStreamAbort"), finding("b")), [("new", "a@WritableStreamAbort"), ("new", "b")])
        other = finding("a@WritableStreamClose")
        self.assertEqual(self.night(other), [("new", "a@WritableStreamClose")])

    def test_findings_that_were_merged_are_known_under_every_name(self):
        self.night(finding("a", also_seen_as=["b"]))
        self.assertEqual(self.night(finding("b", also_seen_as=["c"])), [])
        self.assertEqual(self.one("a")["also_seen_as"], ["b", "c"])
        self.assertEqual(self.night(finding("d"), finding("c")), [("new", "d")])

    def test_an_alias_of_a_mended_finding_is_new_unless_its_own_input_fails(self):
        self.night(finding("a", also_seen_as=["b"]))
        self.night(replays={"a": PASSES})
        self.assertEqual(self.night(finding("b"), replays={"a": PASSES}), [("new", "b")])
        self.assertEqual(self.night(finding("c", also_seen_as=["a"]), replays={"a": FAILS, "b": FAILS}), [("back", "a")])

    def test_the_files_are_those_of_the_night_in_which_it_was_new_or_back(self):
        self.night(finding("a"))
        self.night(finding("a"))
        self.assertEqual(self.one("a")["files"], "night-001")
        self.night(replays={"a": PASSES})
        self.night(finding("a"))
        record = self.one("a")
        self.assertEqual(record["files"], "night-004")
        with History(self.history) as history:
            self.assertEqual(history.input_of(record).read_text(), "# a\nrun\n")

    def test_a_night_is_recorded_once(self):
        self.night(finding("a"))
        out = fake_night.write(self.folder / "again", "night-001", "commit1", [])
        with History(self.history) as history:
            events = history.record(read_night(out), read_sightings(out), {})
        self.assertEqual([event.state for event in events], ["new"])
        self.assertEqual(self.one("a")["state"], "new")
        self.assertEqual(len(read_nights(self.history)), 1)

    def test_a_record_that_cannot_be_read_is_kept_and_named(self):
        self.night(finding("a"))
        path = next(self.history.glob("findings/*/record.json"))
        for text in ("{", "[]", json.dumps(json.loads(path.read_text()) | {"version": 99})):
            path.write_text(text)
            with self.subTest(text[:20]), History(self.history) as history, self.assertRaisesRegex(CannotRun, "record.json: .*(Restore|Use) "):
                history.records()
            self.assertEqual(path.read_text(), text)

    def test_two_at_a_time_are_refused(self):
        with History(self.history), self.assertRaisesRegex(CannotRun, "another night is using it"):
            History(self.history).__enter__()


class Valgrind(unittest.TestCase):
    """With a `valgrind` that says what the input says."""

    def test_a_finding_of_valgrind_is_replayed_under_valgrind(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "bin").mkdir()
            (folder / "bin/valgrind").write_text('#!/bin/sh\nfor last; do :; done\necho "Running: $last"\nread -r what <"$last"\n'
                                                 '[ "$what" = passes ] || { echo "==1== $what"; exit 99; }\n')
            (folder / "bin/valgrind").chmod(0o755)
            (folder / "root/build/valgrind/fuzzers").mkdir(parents=True)
            (folder / "root/build/valgrind/fuzzers/t_fuzzer").write_text("")
            found = {"identity": "valgrind/conditional-jump", "target": "t_fuzzer", "rule": "a jump", "folder": "findings/x"}
            out = fake_night.write(folder / "out", "night-1", "c1", [])
            (out / "valgrind/findings/x").mkdir(parents=True)
            (out / "valgrind/findings/x/input").write_text("Conditional jump\n")
            (out / "valgrind/summary.json").write_text(json.dumps({"findings": [found], "targets": {}}))
            environment = mock.patch.dict(os.environ, {"PATH": f"{folder}/bin:{os.environ['PATH']}"})
            with environment, mock.patch.object(nights, "say"), mock.patch.object(valgrind_replay, "_ERROR", 99):
                nights.record_night(out, folder / "history", folder / "root")
                record = next(iter(read_records(folder / "history").values()))
                self.assertEqual((record["state"], record["replays"]), ("new", {"tries": 1, "reproduced": 1}))
                for number, what, state in ((2, "Conditional jump", "open"), (3, "Invalid read", "open"), (4, "passes", "mended"), (5, "Conditional jump", "back")):
                    (folder / "history/findings" / record["id"] / "night-1/input").write_text(f"{what}\n")
                    nights.record_night(fake_night.write(folder / f"out{number}", f"night-{number}", f"c{number}", []), folder / "history", folder / "root")
                    self.assertEqual(read_records(folder / "history")[record["id"]]["state"], state, what)


class _Victim:
    """In a forked process: counts file operations, and ends by kill -9 in the one of number `kill_at`; of what is written, half arrives."""

    def __init__(self, kill_at: int) -> None:
        self.count, self._kill_at = 0, kill_at
        for name in ("replace", "rename", "unlink", "mkdir", "rmdir", "fsync", "open", "ftruncate", "pwrite"):
            setattr(os, name, self._guard(getattr(os, name)))
        shutil.copyfile = self._guard(shutil.copyfile)
        real_open, victim = Path.open, self

        class Half(io.TextIOWrapper):
            def write(self, text: str) -> int:
                if victim.counts():
                    super().write(text[:len(text) // 2])
                    self.flush()
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().write(text)

        def path_open(path: Path, mode: str = "r", *rest, **more):
            file = real_open(path, mode, *rest, **more)
            return Half(file.detach(), encoding="utf-8", errors="surrogateescape") if mode == "w" else file
        Path.open = path_open

    def counts(self) -> bool:
        self.count += 1
        return self.count == self._kill_at

    def _guard(self, real):
        def operation(*arguments, **more):
            if self.counts():
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)
        return operation


class Killed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-killed-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def begin(self, name: str) -> tuple[Path, Path]:
        """A history with one night, and the folder of the next."""
        history = self.folder / name / "history"
        first = fake_night.write(self.folder / name / "out1", "night-1", "c1", [finding("a"), finding("c")])
        with History(history) as opened:
            opened.record(read_night(first), read_sightings(first), {})
        return history, fake_night.write(self.folder / name / "out2", "night-2", "c2", [finding("a", also_seen_as=["z"]), finding("b"), finding("z/y")])

    def run_once(self, history: Path, out: Path, kill_at: int) -> tuple[int, int]:
        """The exit code, and the number of file operations."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                victim = _Victim(kill_at)
                with History(history) as opened:
                    opened.record(read_night(out), read_sightings(out), {ledger.id_of("c"): PASSES})
                os.write(writer, str(victim.count).encode())
                code = 0
            finally:
                os._exit(code)
        os.close(writer)
        with open(reader, "rb") as file:
            told = file.read()
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), int(told or b"0")

    @staticmethod
    def content(history: Path) -> dict:
        return {str(path.relative_to(history)): path.read_bytes() for path in sorted(history.rglob("*")) if path.is_file() and path.name != ".lock"}

    def test_a_kill_at_any_file_operation_changes_nothing_of_the_outcome(self):
        history, out = self.begin("whole")
        code, operations = self.run_once(history, out, 0)
        self.assertEqual(code, 0)
        wanted = self.content(history)
        self.assertGreater(operations, 40)
        for kill_at in range(1, operations + 1):
            history, out = self.begin(f"kill{kill_at}")
            with self.subTest(kill_at):
                self.assertEqual(self.run_once(history, out, kill_at)[0], -signal.SIGKILL)
                # What is there is whole at any time.
                for path in history.rglob("*.json"):
                    if not path.name.startswith("."):
                        json.loads(path.read_text())
                self.assertEqual(self.run_once(history, out, 0)[0], 0)
                self.assertEqual(self.content(history), wanted)


def can_mount() -> bool:
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


class FullDisk(unittest.TestCase):
    def test_room_that_was_reserved_is_there_and_goes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / ".reserve"
            with self.assertRaises(KeyError), reserve(path, 1 << 16):
                self.assertGreaterEqual(path.stat().st_blocks * 512, 1 << 16)
                raise KeyError
            self.assertFalse(path.exists())

    @unittest.skipUnless(can_mount(), "needs a mount of its own")
    def test_a_history_on_a_full_disk_is_whole_and_goes_on_with_more_room(self):
        """A tmpfs of 300 KiB that a file fills up more and more."""
        script = textwrap.dedent(f"""
            import sys, os, errno
            sys.path[:0] = [{str(ROOT / "scripts")!r}, {str(Path(__file__).parent)!r}]
            from pathlib import Path
            import fake_night
            from sluice_dev.nightly.history import History
            from sluice_dev.triage.sightings import read_night, read_sightings
            disk, elsewhere = Path(sys.argv[1]), Path(sys.argv[2])
            full = 0
            for left in range(0, 200_000, 4096):
                out = fake_night.write(elsewhere / str(left), f"night-{{left:07}}", "c", [fake_night.finding("a"), fake_night.finding(f"x{{left}}")])
                with open(disk / "filler", "wb", buffering=0) as file:
                    try:
                        while True: file.write(b"x" * 4096)
                    except OSError: pass
                os.truncate(disk / "filler", max(0, os.path.getsize(disk / "filler") - left))
                try:
                    with History(disk / "history") as history:
                        history.record(read_night(out), read_sightings(out), {{}})
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error
                    assert error.filename, "which file"
                    full += 1
                os.unlink(disk / "filler")
                with History(disk / "history") as history:
                    history.record(read_night(out), read_sightings(out), {{}})
                    assert len(history.records()) == 2, history.records()
                import shutil; shutil.rmtree(disk / "history")
            assert full > 5, full
            print("full", full)
        """)
        with tempfile.TemporaryDirectory() as folder:
            disk = Path(folder) / "disk"
            disk.mkdir()
            run = subprocess.run(["unshare", "--mount", "sh", "-ec", 'mount -t tmpfs -o size=300k none "$1"; exec "$2" -B -c "$3" "$1" "$4"', "sh",
                                  str(disk), sys.executable, script, folder], text=True, capture_output=True, check=False, timeout=120)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("full", run.stdout)


class WholeFiles(unittest.TestCase):
    def test_a_copy_that_fails_leaves_nothing_and_names_the_file(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "source").mkdir()
            (folder / "source/ok").write_text("x")
            os.mkfifo(folder / "source/pipe")
            with self.assertRaises(OSError) as caught:
                files.copy_whole(folder / "source", folder / "target")
            self.assertIn("pipe", str(caught.exception))
            self.assertEqual(sorted(path.name for path in folder.iterdir()), ["source"])


if __name__ == "__main__":
    unittest.main()
