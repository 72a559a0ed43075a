"""scripts/bisect on repositories whose faults are known, without a compiler.

    bisect_test.py [unittest's flags]
"""

import collections
import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

import fake_night  # noqa: E402
import fake_repository  # noqa: E402
from fake_repository import FakeCommit  # noqa: E402
from sluice_dev.common.errors import CannotRun  # noqa: E402
from sluice_dev.fleet import on_base  # noqa: E402
from sluice_dev.triage import bisect, replay  # noqa: E402
from sluice_dev.triage.bisection import CLEAN, SHOWS, UNTESTABLE, Bisection, Repository  # noqa: E402

BLAME = json.loads((ROOT / "scripts/sluice_dev/nightly/ledger.schema.json").read_text())
BLAME = {"$defs": BLAME["$defs"], "$ref": "#/$defs/blame"}


def planted(count: int = 120, faults: int = 20, seed: int = 1) -> tuple[list[FakeCommit], dict[str, list[tuple[int, int]]]]:
    """A history, and of each fault the intervals of commits that have it. Some are mended, one is mended and broken again."""
    draw = random.Random(seed)
    begins = sorted(draw.sample(range(5, count - 5), faults))
    spans: dict[str, list[tuple[int, int]]] = {}
    for number, begin in enumerate(begins):
        end = draw.randrange(begin + 1, count) if number % 3 == 0 else count
        spans[f"fault-{number}"] = [(begin, end)]
    spans["fault-1"] = [(begins[1], begins[1] + 30), (begins[1] + 60, count)]
    commits = [FakeCommit(f"area: Change number {n}", {name for name, of in spans.items() if any(a <= n < b for a, b in of)}) for n in range(count)]
    return commits, spans


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-bisect-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.root = self.folder / "repository"
        quiet = mock.patch.object(bisect, "say")
        quiet.start()
        self.addCleanup(quiet.stop)

    def search(self, commits: list[FakeCommit], fault: str, **more):
        return bisect.search(Repository(self.root), self.folder / "work", bisect.Question(fault, command=fake_repository.command(fault)), **more)


class Planted(WithFolder):
    @mock.patch("os.fsync", lambda _: None)  # nothing is killed here
    def test_of_twenty_faults_each_commit_that_began_or_ended_one_is_found(self):
        commits, spans = planted()
        fake_repository.make(self.root, commits)
        asked = 0
        for fault, of in spans.items():
            for begin, end in of:
                last = max((b for a, b in of if b < begin), default=0)
                bad, good = commits[end - 1].id, commits[last].id
                with self.subTest(fault, begin=begin):
                    result = self.search(commits, fault, good=good, bad=bad, known={bad: SHOWS, good: CLEAN})
                    self.assertEqual([each.commit for each in result.commits], [commits[begin].id])
                    self.assertEqual((result.outcome, result.good, result.bad), ("found", commits[begin - 1].id, commits[begin].id))
                    self.assertEqual(result.commits[0].subject, f"area: Change number {begin}")
                    self.assertIn(f"Why number {begin} was made", result.commits[0].message)
                    self.assertLessEqual(result.builds, math.ceil(math.log2(end - 1 - last)))
                    jsonschema.validate(result.data(), BLAME)
                    asked += 1
                if end < len(commits):
                    with self.subTest(fault, end=end):
                        result = self.search(commits, fault, good=commits[end].id, bad=commits[begin].id)
                        self.assertEqual([each.commit for each in result.commits], [commits[end].id])
                        self.assertEqual((result.good, result.bad), (commits[end].id, commits[end - 1].id))
                        asked += 1
        self.assertGreater(asked, 25)

    def test_without_good_it_is_looked_for(self):
        commits, spans = planted()
        fake_repository.make(self.root, commits)
        for fault in ("fault-2", "fault-19"):
            result = self.search(commits, fault, bad="main")
            self.assertEqual([each.commit for each in result.commits], [commits[spans[fault][0][0]].id])
            self.assertLessEqual(result.builds, 2 * math.ceil(math.log2(len(commits))) + 1)

    def test_a_hint_is_where_good_is_looked_for_first(self):
        commits, spans = planted()
        fake_repository.make(self.root, commits)
        begin = spans["fault-2"][0][0]
        result = self.search(commits, "fault-2", bad="main", hint=commits[begin - 1].id)
        self.assertEqual([each.commit for each in result.commits], [commits[begin].id])
        self.assertLessEqual(result.builds, 2 + math.ceil(math.log2(len(commits) - begin)))


class Search(WithFolder):
    def make(self, shows: str) -> list[FakeCommit]:
        """A letter for each commit: x shows it, . is clean, ? does not build."""
        commits = [FakeCommit(f"c{n}", {"f"} if letter == "x" else set(), letter != "?") for n, letter in enumerate(shows)]
        fake_repository.make(self.root, commits)
        return commits

    def test_commits_that_do_not_build_are_passed_over_and_named_when_they_may_be_it(self):
        commits = self.make("....?...????xxx?xx")
        result = self.search(commits, "f", good=commits[0].id, bad="main")
        self.assertEqual(result.outcome, "several")
        self.assertEqual({each.commit for each in result.commits}, {commits[n].id for n in (8, 9, 10, 11, 12)})
        self.assertEqual((result.good, result.bad), (commits[7].id, commits[12].id))

    def test_a_stretch_that_does_not_build_costs_few_builds_when_it_is_elsewhere(self):
        commits = self.make("." * 40 + "?" * 40 + "." * 30 + "x" * 10)
        result = self.search(commits, "f", good=commits[0].id, bad="main")
        self.assertEqual([each.commit for each in result.commits], [commits[110].id])
        self.assertLess(result.builds, 15)

    def test_an_end_that_was_only_claimed_is_tested_when_the_answer_rests_on_it(self):
        commits = self.make("xxxxxxxx")
        result = self.search(commits, "f", good=commits[0].id, bad="main")
        self.assertEqual((result.outcome, result.commits), ("older", []))
        result = self.search(commits, "g", good=commits[0].id, bad="main")
        self.assertEqual((result.outcome, result.builds), ("not reproduced", 1))
        result = self.search(commits, "f", good="main", bad=commits[0].id)
        self.assertEqual((result.outcome, result.builds), ("not mended", 0), "what was tested before is known")

    def test_every_range_is_within_its_builds(self):
        for size in (*range(2, 20), 100):
            for begin in range(1, size):
                commits = [f"{n:040}" for n in range(size)]
                fake = _Line(commits)
                search = Bisection(fake, lambda commit, begin=begin: SHOWS if int(commit) >= begin else CLEAN, {commits[-1]: SHOWS})
                result = search.first_bad(commits[-1], commits[0])
                self.assertEqual(result.bad, commits[begin])
                self.assertLessEqual(search.builds, max(1, math.ceil(math.log2(size - 1)) + 1), (size, begin))

    def test_random_histories_with_commits_that_do_not_build_never_blame_a_wrong_one(self):
        draw = random.Random(5)
        for _ in range(300):
            size = draw.randrange(2, 60)
            begin = draw.randrange(1, size)
            broken = {n for n in range(1, size - 1) if draw.random() < draw.choice((0, 0.2, 0.7))}
            commits = [f"{n:040}" for n in range(size)]
            search = Bisection(_Line(commits), lambda c: UNTESTABLE if int(c) in broken else SHOWS if int(c) >= begin else CLEAN, {}, patience=100)
            result = search.first_bad(commits[-1], commits[0])
            named = [int(each.commit) for each in result.commits]
            self.assertIn(begin, named)
            self.assertTrue(all(n in broken for n in named if n != max(named)), (begin, named, broken))
            self.assertEqual(len(named) == 1, result.outcome == "found")

    def test_a_history_that_does_not_build_ends_the_search_soon(self):
        commits = [f"{n:040}" for n in range(500)]
        search = Bisection(_Line(commits), lambda c: SHOWS if int(c) == 499 else UNTESTABLE, {})
        result = search.first_bad(commits[-1], commits[0])
        self.assertEqual((result.outcome, len(result.commits)), ("several", 499))
        self.assertLessEqual(search.builds, 22)

    def test_a_side_branch_that_brought_it_is_followed(self):
        commits = self.make("...")
        fake_repository.git(self.root, "checkout", "-qb", "side", commits[0].id)
        for number in range(6):
            (self.root / "faults").write_text("f\n" if number >= 3 else "")
            fake_repository.git(self.root, "commit", "-qam", f"side {number}", "--allow-empty")
        wanted = fake_repository.git(self.root, "rev-parse", "HEAD~2").strip()
        fake_repository.git(self.root, "checkout", "-q", "main")
        fake_repository.git(self.root, "merge", "-q", "--no-edit", "-Xtheirs", "side")
        result = self.search(commits, "f", good=commits[0].id, bad="main")
        self.assertEqual([each.commit for each in result.commits], [wanted])

    def test_ends_that_make_no_range_are_refused(self):
        commits = self.make("..xx")
        fake_repository.git(self.root, "checkout", "-qb", "side", commits[1].id)
        fake_repository.git(self.root, "commit", "-qm", "apart", "--allow-empty")
        for more, words in (({"good": "main", "bad": "main"}, "the same commit"), ({"good": "nowhere", "bad": "main"}, "nowhere: no such commit"),
                            ({"good": "side", "bad": "main"}, f"they parted at {commits[1].id[:12]}")):
            with self.subTest(more), self.assertRaisesRegex(CannotRun, words):
                self.search(commits, "f", **more)

    def test_runs_of_a_flaky_finding_are_as_many_as_it_needs(self):
        self.assertEqual([bisect.tries_for(*of) for of in ((10, 10), (0, 0), (5, 10), (1, 10), (1, 1000))], [3, 3, 7, 44, 100])


class _Line:
    """A repository of commits in a line, without git."""

    def __init__(self, commits: list[str]) -> None:
        self._commits = commits

    def candidates(self, newer: str, older: set[str]) -> list[str]:
        found = [c for c in self._commits if max(older) < c <= newer]
        halves = sorted(found, key=lambda c: -min(found.index(c) + 1, len(found) - found.index(c) - 1))
        return [c for c in halves if c != newer] + [newer]

    def first_parents(self, commit: str) -> list[str]:
        return [c for c in reversed(self._commits) if c < commit]

    def words(self, commit: str):
        from sluice_dev.triage.bisection import Commit
        return Commit(commit, "", "", "", "")


# A target whose program first breaks another rule, at $AT. With that one suppressed it ends well, or by the finding that is looked for.
_MASKED = """#!/bin/sh
case $SLUICE_IGNORE_FINDINGS in
  model/other*) [ -z "$BEHIND" ] && exit 0; key=model/wanted@write ;;
  *) key=model/other@read ;;
esac
echo "SLUICE-FINDING {\\"key\\": \\"$key\\", \\"event\\": $AT}"
exit 77
"""


class Replays(WithFolder):
    def counts(self, at: object, event: int | None = 10, behind: str = "") -> replay.Counts:
        target = self.folder / "t_fuzzer"
        target.write_text(_MASKED)
        target.chmod(0o755)
        with mock.patch.dict(os.environ, {"AT": str(at), "BEHIND": behind}):
            return replay.replay([str(target)], ["input"], "model/wanted@write", 2, event=event)

    def test_a_run_that_got_beyond_the_event_passed_there(self):
        self.assertEqual(self.counts(11), replay.Counts(passed=2))

    def test_a_run_that_broke_before_it_or_there_says_nothing(self):
        for at, event in ((9, 10), (10, 10), ("null", 10), (11, None)):
            with self.subTest(at=at, event=event):
                self.assertEqual(self.counts(at, event), replay.Counts(others=collections.Counter({"model/other@read": 2})))

    def test_the_event_is_that_of_the_finding_s_program_when_it_runs_alone(self):
        (self.folder / "input").write_text("")
        data = {"identity": "x", "target": "t", "tries": 10, "reproduced": 10, "finding": {"event": 7}}
        for more, event in (({}, 7), ({"sequence": ["before/0"]}, None), ({"finding": {"event": None}}, None), ({"finding": None}, None)):
            with self.subTest(more):
                (self.folder / "finding.json").write_text(json.dumps(data | more))
                self.assertEqual(bisect.question_of(data | more, self.folder).event, event)

    def test_a_finding_that_shows_once_the_other_is_suppressed_counts(self):
        self.assertEqual(self.counts(11, behind="yes"), replay.Counts(same=2))


class Command(WithFolder):
    def setUp(self):
        super().setUp()
        self.commits, self.spans = planted(60, 6)
        fake_repository.make(self.root, self.commits)
        self.finding = self.folder / "finding"
        self.finding.mkdir()
        (self.finding / "finding.json").write_text(json.dumps({"version": 1, "identity": "slots/x@write", "target": "t_fuzzer", "tries": 10, "reproduced": 10,
                                                               "build": {"commit": self.commits[-1].id, "dirty": False}}))
        (self.finding / "README.md").write_text("# slots/x@write\n\nIt broke.\n")

    def command(self, *flags: str, fault: str = "fault-2", slow: str = "") -> list[str]:
        return [str(ROOT / "scripts/bisect"), str(self.finding), "--repository", str(self.root), "--work", str(self.folder / "work"),
                "--command", f"{slow}{fake_repository.command(fault)}", *flags]

    def run_it(self, *flags: str, **more) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*flags, **more), text=True, capture_output=True, check=False, timeout=120)

    def test_the_commit_s_words_are_in_the_finding_once(self):
        begin = self.spans["fault-2"][0][0]
        for _ in range(2):
            run = self.run_it()
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn(f"Change number {begin}\n", run.stdout)
        readme = (self.finding / "README.md").read_text()
        self.assertTrue(readme.startswith("# slots/x@write\n\nIt broke.\n"))
        self.assertEqual(readme.count(f"Why number {begin} was made"), 1)
        self.assertEqual(json.loads((self.finding / "bisect.json").read_text())["commits"][0]["commit"], self.commits[begin].id)

    def test_what_mended_it_stands_beside_what_began_it(self):
        begin, end = self.spans["fault-3"][0]
        self.assertEqual(self.run_it("--bad", self.commits[end - 1].id, fault="fault-3").returncode, 0)
        mended = self.run_it("--bad", self.commits[end - 1].id, "--good", self.commits[end].id, fault="fault-3")
        self.assertIn("The commit that mended it", mended.stdout)
        for name, at in (("bisect.json", begin), ("mended.json", end)):
            self.assertEqual([each["commit"] for each in json.loads((self.finding / name).read_text())["commits"]], [self.commits[at].id])
        readme = (self.finding / "README.md").read_text()
        for words in ("The first commit with it", f"Why number {begin} was made", "The commit that mended it", f"Why number {end} was made"):
            self.assertEqual(readme.count(words), 1, words)

    def test_json_is_one_object_and_exit_codes_say_whether_the_commit_is_known(self):
        run = self.run_it("--json")
        self.assertEqual(json.loads(run.stdout)["outcome"], "found")
        self.assertEqual(self.run_it(fault="nothing").returncode, 1)
        for flags in (["--good", "nowhere"], ["--tries", "0"], ["--tiem", "1"]):
            run = self.run_it(*flags)
            self.assertEqual((run.returncode, "Traceback" in run.stderr), (2, False), run.stderr)

    def test_the_checkout_and_its_branch_stay_as_they_are(self):
        before = fake_repository.git(self.root, "status", "--porcelain", "--branch")
        (self.root / "faults").write_text("mine\n")
        self.run_it()
        self.assertEqual((self.root / "faults").read_text(), "mine\n")
        self.assertEqual(fake_repository.git(self.root, "status", "--porcelain", "--branch").split("\n")[0], before.split("\n")[0])

    def test_killed_at_any_commit_it_goes_on_and_tests_none_twice(self):
        """Every second run of the command kills the search before there is a verdict."""
        log = self.folder / "tested"
        slow = (f"echo $SLUICE_BISECT_COMMIT >> {log}; if [ $(($(wc -l < {log}) % 2)) = 1 ]; then touch {self.root}/.git/worktrees/tree/index.lock; "
                f"kill -9 $(cat {self.folder}/work/.lock); fi; ")
        codes = [self.run_it(slow=slow).returncode]
        while codes[-1] == -signal.SIGKILL and len(codes) < 30:
            codes.append(self.run_it(slow=slow).returncode)
        self.assertEqual(codes[-1], 0)
        tested = log.read_text().split()
        self.assertEqual(len(codes) - 1, len(set(tested)))
        self.assertEqual({commit: tested.count(commit) for commit in tested}, dict.fromkeys(tested, 2))
        self.assertEqual(json.loads((self.finding / "bisect.json").read_text())["commits"][0]["commit"], self.commits[self.spans["fault-2"][0][0]].id)

    def test_interrupted_it_leaves_no_process(self):
        flag = self.folder / "hanging"
        process = subprocess.Popen(self.command(slow=f"sleep 71.25 & echo $! > {flag}.new; mv {flag}.new {flag}; wait; "), stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not flag.exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 130)
        deadline = time.monotonic() + 10
        while os.path.exists(f"/proc/{flag.read_text().strip()}"):
            self.assertLess(time.monotonic(), deadline, "what the command has started runs on")
            time.sleep(0.02)


class OnBase(WithFolder):
    """Findings of a change, beside those of its base."""

    def setUp(self):
        super().setUp()
        self.commits = [FakeCommit("base", {"old"}), FakeCommit("change", {"old", "fresh"})]
        fake_repository.make(self.root, self.commits)
        quiet = mock.patch.object(on_base, "say")
        quiet.start()
        self.addCleanup(quiet.stop)

    def compare(self, *found: dict) -> list[dict]:
        out = fake_night.write(self.folder / "out", "night", "c", list(found))
        tree = bisect.Tree(Repository(self.root), self.folder / "work")
        return on_base.compare(out / "campaigns/address-1", self.commits[0].id, self.root, self.folder / "work", lambda question: bisect.tester(
            bisect.Question(question.identity, command=fake_repository.command(question.identity)), tree)(self.commits[0].id))

    def test_what_the_base_has_is_kept_apart_and_all_is_listed(self):
        rows = self.compare(fake_night.finding("old"), fake_night.finding("fresh"), fake_night.finding("flaky", reproduces=False, reproduced=0))
        self.assertEqual([(row["identity"], row["on_base"]) for row in rows], [("old", True), ("fresh", False), ("flaky", False)])
        text = on_base.markdown(rows, self.commits[0].id)
        new, known = text.split("## Known at the base")
        self.assertIn("`fresh`", new)
        self.assertIn("`flaky`", new)
        self.assertIn("`old`", known)
        self.assertEqual(json.loads((self.folder / "out/campaigns/address-1/base.json").read_text())["base"], self.commits[0].id)

    def test_a_folder_without_a_campaign_is_refused(self):
        with self.assertRaisesRegex(CannotRun, "summary.json: is missing"):
            on_base.compare(self.folder, self.commits[0].id, self.root, self.folder / "work")


if __name__ == "__main__":
    unittest.main()
