"""The life of a finding from its night to its closed issue: nights over a history with planted faults, bisected, with a recorded `gh`.

    issues_test.py [unittest's flags]
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

import fake_night  # noqa: E402
import fake_repository  # noqa: E402
from bisect_test import planted  # noqa: E402
from sluice_dev.common.errors import CannotRun  # noqa: E402
from sluice_dev.nightly import issues, ledger, nights  # noqa: E402
from sluice_dev.nightly.history import History  # noqa: E402
from sluice_dev.nightly.ledger import Replay  # noqa: E402
from sluice_dev.triage.sightings import read_night, read_sightings  # noqa: E402
from sluice_dev.triage import bisect  # noqa: E402

SCHEMA = json.loads((ROOT / "scripts/sluice_dev/nightly/ledger.schema.json").read_text())


class WithGitHub(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-issues-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.history = self.folder / "history"
        self.gh = self.folder / "gh"
        self.gh.mkdir()
        shutil.copy(Path(__file__).parent / "fake_gh.py", self.gh / "gh")
        (self.gh / "gh").chmod(0o755)
        environment = mock.patch.dict(os.environ, {"FAKE_GH": str(self.gh), "PATH": f"{self.gh}:{os.environ['PATH']}"})
        environment.start()
        self.addCleanup(environment.stop)
        for module in (bisect, nights):
            quiet = mock.patch.object(module, "say")
            quiet.start()
            self.addCleanup(quiet.stop)
        self.count = 0

    def night(self, *found: dict, commit: str = "", replays: dict | None = None) -> None:
        self.count += 1
        out = fake_night.write(self.folder / f"out{self.count}", f"night-{self.count:03}", commit or f"commit{self.count}", list(found))
        with History(self.history) as history:
            history.record(read_night(out), read_sightings(out), {ledger.id_of(key): replay for key, replay in (replays or {}).items()})

    def update(self, **more) -> list[issues.Action]:
        return issues.update(self.history, issues.GitHub(), **{"is_dry": False, "say": lambda _: None} | more)

    def on_github(self) -> list[dict]:
        path = self.gh / "issues.json"
        return json.loads(path.read_text()) if path.exists() else []

    def calls(self) -> list[list[str]]:
        path = self.gh / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def records(self) -> dict:
        with History(self.history) as history:
            records = history.records()
        for record in records.values():
            jsonschema.validate(record, SCHEMA)
        return {record["identity"]: record for record in records.values()}


class Life(WithGitHub):
    @mock.patch("os.fsync", lambda _: None)  # nothing is killed here
    def test_twenty_planted_faults_over_thirty_nights(self):
        """A night at every fourth commit. Fuzzing misses a fault that is there in one night of three; its input is run again then."""
        commits, spans = planted()
        repository = self.folder / "repository"
        fake_repository.make(repository, commits)
        draw = random.Random(3)
        wanted: dict[str, list[str]] = {}  # of each fault: what its issue should have gone through
        for at in range(0, len(commits), 4):
            active, known = commits[at].faults, set(self.records())
            found = {fault for fault in active if fault not in known or draw.random() < 2 / 3}
            for fault in known | found:
                story = wanted.setdefault(fault, [])
                if fault in active and story[-1:] != ["open"]:
                    story.append("open")
                elif fault not in active and story[-1:] == ["open"]:
                    story.append("closed")
            replays = {fault: Replay(10, 10 if fault in active else 0) for fault in known - found}
            self.night(*(fake_night.finding(fault) for fault in sorted(found)), commit=commits[at].id, replays=replays)
            nights.bisect_night(self.history, repository, self.folder / "work", 600, lambda _, record: bisect.Question(
                record["identity"], command=fake_repository.command(record["identity"])))
            self.update()
        records = self.records()
        self.assertGreater(len(records), 15)
        for fault, record in records.items():
            with self.subTest(fault):
                last = max((span for span in spans[fault] if any(span[0] <= at < span[1] for at in range(0, len(commits), 4))), key=lambda span: span[0])
                self.assertEqual([each["commit"] for each in record["first_bad"]["commits"]], [commits[last[0]].id])
                if wanted[fault][-1] == "closed":
                    self.assertEqual([each["commit"] for each in record["mended_by"]["commits"]], [commits[last[1]].id])
        self.assertEqual(records["fault-1"]["changes"][-1]["state"], "back")
        github = self.on_github()
        self.assertEqual(sorted(issue["title"].split(":")[0] for issue in github), sorted(records), "one issue for each")
        for issue in github:
            fault = issue["title"].split(":")[0]
            number = str(issue["number"])
            happened = ["open", *({"close": "closed", "reopen": "open"}[call[1]] for call in self.calls() if call[1] in ("close", "reopen")
                                  and call[2] == number)]
            with self.subTest(fault):
                self.assertEqual(happened, wanted[fault])
                self.assertIn(records[fault]["first_bad"]["commits"][0]["subject"], issue["body"])
                if wanted[fault][-1] == "closed":
                    self.assertIn(records[fault]["mended_by"]["commits"][0]["commit"], issue["comments"][-1])
        before = len(self.calls())
        self.update()
        self.assertEqual([call[1] for call in self.calls()[before:]], ["list"], "there is nothing new to tell")


class Issues(WithGitHub):
    def test_an_issue_has_program_report_commit_and_command(self):
        self.night(fake_night.finding("slots/x@write", finding={"operation": "write", "actual": "the core does more"}, also_seen_as=["y"]))
        self.update()
        issue = self.on_github()[0]
        self.assertEqual(issue["title"], "slots/x@write: the rule of slots/x@write (write)")
        for words in ("the core does more", "```\n# slots/x@write\nrun\n```", "What broke: slots/x@write", "scripts/repro program.ops", "Also seen as `y`", "at commit1"):
            self.assertIn(words, issue["body"])

    def test_a_dry_run_prints_and_calls_nothing(self):
        self.night(fake_night.finding("a"))
        actions = self.update(is_dry=True)
        self.assertEqual([action.kind for action in actions], ["open"])
        self.assertEqual(self.calls(), [])
        self.assertIn("## open an issue for", issues.describe(actions))
        (self.history / issues.DRY_RUN).unlink()
        run = subprocess.run([sys.executable, "-B", ROOT / "scripts/sluice_dev", "issues", "--history", self.history, "--dry-run", "--json"],
                             text=True, capture_output=True, check=True)
        self.assertEqual(json.loads(run.stdout)[0]["kind"], "open")
        self.assertEqual(self.calls(), [])
        self.assertIsNone(self.records()["a"]["issue"])

    def test_dry_runs_print_the_whole_life_of_an_issue(self):
        passed, failed = Replay(10, 0), Replay(10, 10)
        happened = []
        for replays in ({}, {}, {"a": passed}, {"a": passed}, {"a": failed}, {"a": passed}):
            self.night(*([] if replays else [fake_night.finding("a")]), replays=replays)
            happened.append([(action.kind, action.number) for action in self.update(is_dry=True)])
        self.assertEqual(happened, [[("open", None)], [], [("close", 1)], [], [("reopen", 1)], [("close", 1)]])
        self.assertEqual(self.calls(), [])

    def test_a_dry_run_counts_on_an_issue_that_exists_more_than_on_one_that_was_pretended(self):
        self.night(fake_night.finding("a"))
        self.update(is_dry=True)
        issues.GitHub().prepare()
        for _ in range(6):  # so that the numbers differ
            issues.GitHub().do(issues.Action("open", "0" * 12, None, "another", "a body"))
        self.update()
        self.night(replays={"a": Replay(10, 0)})
        self.assertEqual([(action.kind, action.number) for action in self.update(is_dry=True)], [("close", 7)])

    def test_it_needs_no_package_that_a_plain_runner_lacks(self):
        self.night(fake_night.finding("a"))
        for package in ("psutil", "jinja2", "rich", "jsonschema"):
            (self.folder / f"{package}.py").write_text("raise ImportError")
        run = subprocess.run([sys.executable, "-B", ROOT / "scripts/sluice_dev", "issues", "--history", self.history, "--dry-run"], text=True,
                             capture_output=True, check=False, env=os.environ | {"PYTHONPATH": str(self.folder)})
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_without_gh_it_says_what_is_missing(self):
        self.night(fake_night.finding("a"))
        with self.assertRaisesRegex(CannotRun, "not installed; it is GitHub's client"):
            issues.update(self.history, issues.GitHub(program="no-such-gh"), is_dry=False, say=print)

    def test_it_is_updated_only_when_it_changes(self):
        self.night(fake_night.finding("a"))
        self.update()
        self.night(fake_night.finding("a"))
        self.assertEqual(self.update(), [])
        self.night(fake_night.finding("a", also_seen_as=["b"]))
        self.assertEqual([action.kind for action in self.update()], ["update"])
        self.assertIn("`b`", self.on_github()[0]["body"])
        self.assertEqual(self.update(), [])

    def test_what_a_person_did_to_it_stays(self):
        self.night(fake_night.finding("a"))
        self.update()
        issue = self.on_github()
        issue[0]["state"] = "CLOSED"  # by hand: not to be mended
        (self.gh / "issues.json").write_text(json.dumps(issue))
        self.night(fake_night.finding("a"))
        self.assertEqual(self.update(), [])
        self.night(replays={"a": Replay(10, 0)})
        self.assertEqual(self.update(), [], "it is closed already")

    def test_a_lost_history_opens_no_second_issue(self):
        self.night(fake_night.finding("a"), fake_night.finding("b"))
        self.update()
        shutil.rmtree(self.history)
        self.night(fake_night.finding("a"), fake_night.finding("b"))
        self.assertEqual({action.kind for action in self.update()}, {"update"})
        self.assertEqual(len(self.on_github()), 2)

    def test_a_kill_after_any_call_opens_no_second_issue_and_loses_none(self):
        found = [fake_night.finding(name) for name in "abc"]
        self.night(*found)
        command = [sys.executable, "-B", ROOT / "scripts/sluice_dev", "issues", "--history", self.history]
        for kill in range(6):
            (self.gh / "kill").write_text(str(len(self.calls()) + kill % 3))
            subprocess.run(command, capture_output=True, check=False)
        (self.gh / "kill").unlink()
        subprocess.run(command, capture_output=True, check=True)
        self.assertEqual(sorted(issue["title"][0] for issue in self.on_github()), ["a", "b", "c"])
        self.assertEqual(sorted(record["issue"]["number"] for record in self.records().values()), [1, 2, 3])

    def test_a_network_that_goes_away_is_exit_code_2_and_the_rest_is_done_later(self):
        self.night(*(fake_night.finding(name) for name in "abc"))
        (self.gh / "fail").write_text("3")
        command = [sys.executable, "-B", ROOT / "scripts/sluice_dev", "issues", "--history", self.history]
        run = subprocess.run(command, text=True, capture_output=True, check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn("error connecting", run.stderr)
        self.assertEqual(len(self.on_github()), 1)
        (self.gh / "fail").unlink()
        self.assertEqual(subprocess.run(command, check=False, capture_output=True).returncode, 0)
        self.assertEqual(len(self.on_github()), 3)

    def test_a_program_with_backticks_and_a_huge_report_fit(self):
        self.night(fake_night.finding("a"))
        record = next(iter(self.records().values())) | {"program": "w0.write(\"```\")\n</details>\n", "rule": "r" * 400}
        text = issues.body(record, "x" * 200_000)
        self.assertLess(len(text), 65_536)
        self.assertIn("````\nw0.write", text)
        self.assertTrue(text.rstrip().endswith(f"<!-- sluice-finding {record['id']} -->"))
        self.assertLessEqual(len(issues.title(record)), 200)


if __name__ == "__main__":
    unittest.main()
