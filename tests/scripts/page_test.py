"""The page of a campaign, from folders as they are at any time of one.

    page_test.py SLUICE
"""

import json
import re
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLUICE = Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.campaign import page as campaign_page  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.campaign import page_chart  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.campaign import page_diagram  # noqa: E402  pylint: disable=wrong-import-position

VOID = {"meta", "br", "line", "rect", "circle", "polyline", "path", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """Complains about what is not closed, and notes what a browser would fetch."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.fetched, self.words, self.images = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.fetched += [f"{tag} {attributes[name]}" for name in ("src", "srcset", "xlink:href", "data") if name in attributes]
        if tag in ("link", "script", "iframe", "object", "embed"):
            self.fetched.append(tag)
        if attributes.get("role") == "img":
            self.images.append(attributes.get("aria-label", ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if tag not in VOID:
            raise AssertionError(f"<{tag}/>")

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def samples(seconds=60):
    def engine(x):
        return {"executions": 1000 * x, "rate": 1000, "running": 1, "cov": 10 + x, "ft": 30 + x, "corpus": 5 + x}

    return "".join(json.dumps({"seconds": float(x), "targets": {"some_fuzzer": {
        "findings": int(x > 30), "corpus": 7 + x, "engines": {"libfuzzer": engine(x), "afl": {
            "executions": 10 * x, "rate": 10 if x % 4 else 0, "running": int(x % 4 != 0), "edges": x, "corpus": 3}}}}}) + "\n"
                   for x in range(0, seconds + 1, 2))


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run([SLUICE, "state-coverage", ROOT / "corpus"], capture_output=True, text=True, check=True, timeout=300)
        cls.coverage = json.loads(done.stdout)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)

    def put(self, name, content):
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    def read(self):
        text = campaign_page.page(self.out)
        reader = Reader(text)
        self.assertEqual(reader.open, [])
        self.assertEqual(reader.fetched, [], "the page needs nothing but itself")
        self.assertNotIn("url(http", text)
        self.assertNotIn("@import", text)
        return text, reader

    def told(self):
        campaign_page.begun(self.out, {"engines": ["libfuzzer", "afl"], "sanitizer": "address", "jobs": 2, "seconds_wanted": 60,
                                       "targets": ["some_fuzzer"], "commit": ""})

    def whole(self, **summary):
        self.told()
        self.put("samples.jsonl", samples())
        self.put("speed.json", {"libfuzzer": 4000})
        self.put("state-coverage.json", self.coverage)
        self.put("summary.json", {"seconds": 60.0, "exit_code": 0, "failure": "", "interrupted": False, "findings": [],
                                  "targets": [{"name": "some_fuzzer", "new_corpus_entries": 12}]} | summary)

    def test_a_campaign_that_has_just_begun(self):
        self.told()
        text, reader = self.read()
        self.assertIn("Running; 0 findings so far", reader.text)
        self.assertIn('http-equiv="refresh"', text)

    def test_a_campaign_while_it_runs(self):
        self.told()
        self.put("samples.jsonl", samples() + '{"seconds": 62.0, "targ')  # being written
        text, reader = self.read()
        self.assertIn("of 1 min 00 s", reader.text)
        self.assertNotIn("Cost:", reader.text)
        self.assertEqual(len(reader.images), 3, "three charts, and no diagram yet")

    def test_a_campaign_that_was_killed(self):
        self.told()
        ended = subprocess.Popen(["true"])
        ended.wait()
        told = json.loads((self.out / "campaign.json").read_text())
        self.put("campaign.json", told | {"pid": ended.pid})
        self.put("samples.jsonl", samples())
        text, reader = self.read()
        self.assertIn("It was killed", reader.text)
        self.assertNotIn('http-equiv="refresh"', text)

    def test_a_campaign_that_found_nothing(self):
        self.whole()
        text, reader = self.read()
        self.assertIn("Nothing was found", reader.text)
        self.assertNotIn('http-equiv="refresh"', text)
        self.assertRegex(reader.text, r"libFuzzer 60,000 1,000 4\.0 ")  # 1000 of 4000 executions a second
        self.assertIn("Executions of some_fuzzer over time: libFuzzer ends at 60k; AFL++ ends at 600", reader.images[0])
        self.assertIn("18 of 18 states", reader.text)
        self.assertIn("Every transition was reached", reader.text)

    def test_a_rate_that_no_sample_saw_is_the_summary_s(self):
        self.whole(targets=[{"name": "some_fuzzer", "new_corpus_entries": 0, "engines": {"libfuzzer": {"rate": 777}}}])
        unseen = [json.loads(line) for line in samples().splitlines()]
        for sample in unseen:
            sample["targets"]["some_fuzzer"]["engines"]["libfuzzer"] |= {"running": 0, "rate": 0}
        self.put("samples.jsonl", "".join(json.dumps(sample) + "\n" for sample in unseen))
        self.assertRegex(self.read()[1].text, r"libFuzzer 60,000 777 5\.1 ")

    def test_a_campaign_that_could_not_go_on(self):
        self.whole(failure="the disk is <full>", exit_code=2)
        self.assertIn("the disk is <full>", self.read()[1].text)

    def test_findings_are_printed_whole_and_cannot_break_the_page(self):
        self.whole(findings=[{"identity": "slots/ready<Promise>", "target": "some_fuzzer", "rule": "a & b", "after_seconds": 12.0,
                              "folder": "findings/some_fuzzer/slots-ready", "reproduces": False}])
        self.put("findings/some_fuzzer/slots-ready/input", "\x01")
        self.put("findings/some_fuzzer/slots-ready/program.ops", "run  # </pre><script>\n")
        self.put("findings/some_fuzzer/slots-ready/report.txt", "What broke: </details>\n")
        text, reader = self.read()
        for words in ("1 finding", "slots/ready<Promise>", "a & b", "after 12 s", "does not reproduce", "# </pre><script>", "</details>",
                      "scripts/repro"):
            self.assertIn(words, reader.text)
        self.assertIn('href="findings/some_fuzzer/slots-ready/"', text)

    def test_a_finding_is_shown_before_anybody_has_summed_up(self):
        self.told()
        self.put("findings/some_fuzzer/asan-overflow/input", "x")
        self.put("findings/some_fuzzer/asan-overflow/finding.json", {
            "identity": "asan/overflow", "target": "some_fuzzer", "reproduces": True, "how_often": "reproduces, 10 of 10 times",
            "also_seen_as": ["asan/other"]})
        self.put("findings/some_fuzzer/asan-overflow/stack.txt", "#0 WritableStreamAbort")
        self.put("findings/some_fuzzer/asan-overflow/also/asan-other/input", "x")
        text = self.read()[1].text
        for words in ("asan/overflow", "It reproduces, 10 of 10 times", "Also seen as asan/other", "#0 WritableStreamAbort", "1 finding so far"):
            self.assertIn(words, text)

    def test_unreached_transitions_stand_out(self):
        coverage = json.loads(json.dumps(self.coverage))
        for state in coverage["states"]:
            state["count"] *= state["id"] != "errored-waiting"
        for transition in coverage["transitions"]:
            transition["count"] *= "errored-waiting" not in (transition["from"], transition["to"])
        self.whole()
        self.put("state-coverage.json", coverage)
        text, reader = self.read()
        never = sum(transition["count"] == 0 for transition in coverage["transitions"])
        self.assertGreater(never, 5)
        self.assertIn(f"✕ never : {never} of {len(coverage['transitions'])} transitions", reader.text)
        self.assertIn("17 of 18 states", reader.text)
        self.assertEqual(text.count('<td class="n never">✕ never</td>'), never)

    def test_a_transition_outside_the_diagram_is_an_alert(self):
        self.whole()
        self.assertNotIn('role="alert"', self.read()[0])
        self.put("state-coverage.json", self.coverage | {"impossible": [{"what": "idle, close() -> closed", "count": 3, "example": "x.ops"}]})
        text, reader = self.read()
        self.assertIn('role="alert"', text)
        self.assertIn("idle, close() -> closed: 3 times, first in x.ops", reader.text)

    def test_a_new_campaign_forgets_an_old_one_in_its_folder(self):
        self.whole()
        self.told()
        self.put("samples.jsonl", "")
        self.assertIn("Running", self.read()[1].text)

    def test_every_transition_has_its_arrow_and_every_state_its_box(self):
        states = [phase for box in page_diagram.BOXES.values() for phase, _ in box.phases]
        self.assertEqual(sorted(states), sorted(state["id"] for state in self.coverage["states"]))
        self.assertEqual(set(page_diagram.arrows(self.coverage["transitions"])), set(page_diagram._ARROWS))

    def test_the_script_says_what_it_cannot_read(self):
        for folder, words in {self.out: "is no folder of a campaign", self.out / "missing": "no such folder"}.items():
            done = subprocess.run([ROOT / "scripts/report", folder], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)

    def test_the_script_writes_the_page_and_names_it(self):
        self.whole()
        done = subprocess.run([ROOT / "scripts/report", self.out], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(Path(done.stdout.strip()).samefile(self.out / "index.html"))


class Charts(unittest.TestCase):
    def test_ticks_are_round_and_reach_the_top(self):
        for top in (1, 3, 7, 10, 99, 1234, 98765, 3.1e7):
            ticks = page_chart.ticks(top)
            self.assertGreaterEqual(ticks[-1], top)
            self.assertLess(ticks[-1], 2.6 * max(top, 2))
            self.assertLessEqual(len(ticks), 5)

    def test_numbers_are_short(self):
        for value, text in {0: "0", 999: "999", 1000: "1k", 1234: "1.23k", 999_950: "1M", 12_345_678: "12.3M", 3e9: "3G"}.items():
            self.assertEqual(page_chart.compact(value), text)

    def test_long_campaigns_keep_their_first_and_last_point(self):
        points = [(i, i) for i in range(5000)]
        thinned = page_chart._thinned(points)
        self.assertEqual((thinned[0], thinned[-1]), (points[0], points[-1]))
        self.assertLess(len(thinned), 300)


if __name__ == "__main__":
    unittest.main()
