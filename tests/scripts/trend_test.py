"""The page over all nights, and the figures of one.

    trend_test.py [unittest's flags]
"""

import json
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

import fake_night  # noqa: E402
import fake_repository  # noqa: E402
from fake_repository import FakeCommit  # noqa: E402
from sluice_dev.nightly import ledger, measured, trend  # noqa: E402
from sluice_dev.nightly.history import History  # noqa: E402
from sluice_dev.nightly.ledger import Replay  # noqa: E402
from sluice_dev.triage.sightings import read_night, read_sightings  # noqa: E402


class Trend(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-trend-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.history = self.folder / "history"
        self.commits = [FakeCommit(f"area: Change <{n}>") for n in range(12)]
        fake_repository.make(self.folder / "repository", self.commits)

    def night(self, day: int, commit: str, *found: dict, replays: dict | None = None, corpus: int = 10) -> Path:
        out = fake_night.write(self.folder / f"out{day}", f"2026-11-{day:02}T01-17-00.000000Z", commit, list(found), executions=day * 1_000_000)
        campaign = out / "campaigns/address-1"
        summary = json.loads((campaign / "summary.json").read_text())
        summary["targets"][0] |= {"corpus": corpus, "engines": {"libfuzzer": {"rate": 500}}}
        (campaign / "summary.json").write_text(json.dumps(summary))
        (campaign / "speed.json").write_text(json.dumps({"libfuzzer": 4000}))
        (campaign / "state-coverage.json").write_text(json.dumps({"states": [{"count": 3}, {"count": 0}], "transitions": [{"count": 1}] * 5}))
        (out / "coverage").mkdir()
        (out / "coverage/summary.json").write_text(json.dumps({"rooms": {"src/core": {"corpus": {"lines": {"reached": 90, "count": 100}},
                                                                                       "grown": {"lines": {"reached": 98, "count": 100}}}}}))
        killed = [{"fate": "killed", "edges": edges} for edges in (800, 700, *range(10, 100, 5))]
        mutants = [*killed, {"fate": "equivalent", "edges": 9000}, {"fate": "not built"}]
        (out / "mutants.json").write_text(json.dumps(mutants))
        with History(self.history) as history:
            history.record(read_night(out), read_sightings(out), {ledger.id_of(key): value for key, value in (replays or {}).items()}, measured.of_night(out))
        return out

    def page(self) -> str:
        return trend.page(self.history, self.folder / "repository")

    def test_the_figures_of_a_night_are_those_of_its_files(self):
        out = self.night(3, self.commits[0].id, corpus=17)
        self.assertEqual(measured.of_night(out), {"seconds": 100, "executions": 3_000_000, "corpus": 17, "cost": 8.0, "states": (1, 2),
                                                  "transitions": (5, 5), "lines": {"src/core": (98, 100)},
                                                  "mutants": (20, 21), "edges_to_kill": (60, 700)})
        self.assertEqual(measured.of_night(self.folder / "empty"), {})

    def test_nights_findings_and_the_commits_between_are_on_the_page(self):
        self.night(1, self.commits[2].id, fake_night.finding("slots/a<b>@write"))
        self.night(2, self.commits[2].id, fake_night.finding("slots/a<b>@write"))
        self.night(5, self.commits[9].id, replays={"slots/a<b>@write": Replay(10, 0)})
        text = self.page()
        for words in ("3 nights, from 2026-11-01 01:17 to 2026-11-05 01:17 UTC", "slots/a&lt;b&gt;@write", "<summary>7</summary>", "area: Change &lt;9&gt;",
                      "Executions in a night over time: executions ends at 5M", "Cost of an execution", "src/core ends at 98", "states ends at 1",
                      "Mutants killed over time: killed ends at 20", "half of them ends at 60", "nine in ten ends at 700",
                      '<span class="mended">mended</span>', '<span class="new">new</span>', "its input passed 10 times"):
            self.assertIn(words, text)
        self.assertEqual(text.count("<details open><summary>1 "), 2)
        self.assertIn('<span class="soft">nothing</span>', text)
        self.assertNotIn("<b>@", text)
        self.assertNotIn("area: Change &lt;2&gt;", text, "of the first night itself, not between")
        for fetched in ("src=", "url(", "@import", "<link", "<script"):
            self.assertFalse(fetched in text, fetched)

    def test_a_night_with_many_changes_counts_them_and_lists_them_when_asked(self):
        self.night(1, self.commits[1].id, *(fake_night.finding(name) for name in "abcde"))
        self.night(2, self.commits[2].id, *(fake_night.finding(name) for name in "xyz"), replays={name: Replay(10, 0) for name in "abcde"})
        text = self.page()
        self.assertIn('<details><summary>5 <span class="mended">mended</span>, 3 <span class="new">new</span></summary>', text)
        self.assertNotIn("<details open>", text)

    def test_without_nights_it_says_so(self):
        self.assertIn("No night has been recorded yet", self.page())

    def test_a_commit_that_git_does_not_know_is_no_problem(self):
        self.night(1, "c" * 40)
        self.night(2, self.commits[3].id)
        self.assertIn("not known", self.page())

    def test_a_night_that_measured_nothing_has_gaps(self):
        out = self.folder / "bare"
        (out / "campaigns").mkdir(parents=True)
        (out / "state.json").write_text(json.dumps({"identity": {"commit": self.commits[0].id}, "night": "2026-11-01T00-00-00.000000Z"}))
        with History(self.history) as history:
            history.record(read_night(out), read_sightings(out), {}, measured.of_night(out))
        self.night(2, self.commits[1].id)
        self.assertIn("2 nights", self.page())


if __name__ == "__main__":
    unittest.main()
