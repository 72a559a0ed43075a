"""The page of a finding, in a real browser: stepped through by keyboard and mouse.

    finding_page_test.py SLUICE_FUZZ [unittest's flags]      # SLUICE_SCREENSHOTS=DIR keeps pictures for a person to look at
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
SLUICE_FUZZ = Path(sys.argv.pop(1)).resolve() if __name__ == "__main__" else Path()
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

import fake_night  # noqa: E402
import webdriver  # noqa: E402
from sluice_dev.campaign import finding_page, page_diagram  # noqa: E402
from sluice_dev.campaign import page as campaign_page  # noqa: E402
from sluice_dev.triage import bisect  # noqa: E402
from sluice_dev.triage.bisection import Commit, Result  # noqa: E402
from webdriver import END, HOME, LEFT, RIGHT, Browser  # noqa: E402

PROGRAM = """# slots/writer@releaseLock
methods write
on write return pending
w0 = stream.getWriter()
run
w0.write("a")
w0.abort(r0)
w0.releaseLock()
"""
SCREENSHOTS = os.environ.get("SLUICE_SCREENSHOTS")
STATE = """const now = document.querySelector("#events tr.now");
return {step: now && now.rowIndex, line: document.querySelector("#program .now")?.textContent, where: document.getElementById("where").value,
        phase: [...document.querySelectorAll("rect.box.core")].map((box) => box.dataset.phases),
        standard: [...document.querySelectorAll("rect.box.standard")].map((box) => box.dataset.phases),
        queue: document.querySelectorAll(".queue[data-side=core] .entry").length,
        differs: [...document.querySelectorAll("#slots tr.differs th")].map((name) => name.textContent),
        changed: [...document.querySelectorAll("#slots tr.changed th")].map((name) => name.textContent)}"""


def steps(*flags: str, program: Path) -> dict:
    return json.loads(subprocess.run([SLUICE_FUZZ, "steps", *flags, program], capture_output=True, check=True).stdout)


class WithFinding(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-page-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def finding(self, program: str = PROGRAM, **more) -> Path:
        folder = self.folder / "finding"
        folder.mkdir(exist_ok=True)
        (folder / "program.ops").write_text(program)
        told = subprocess.run([SLUICE_FUZZ, "repro", "--json", "--canary", folder / "program.ops"], capture_output=True, check=False).stdout
        identity = json.loads(told)["key"] if told else "slots/writer@releaseLock"
        (folder / "finding.json").write_text(json.dumps(fake_night.finding(identity, target="canary_fuzzer", **more)))
        return folder

    def page(self, **more) -> Path:
        folder = self.finding(**more)
        self.assertTrue(finding_page.write(folder, SLUICE_FUZZ))
        return folder / "page.html"


class Steps(WithFinding):
    def test_both_sides_are_as_the_schema_says(self):
        schema = json.loads((ROOT / "fuzz/lab/steps.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        for program in [self.finding() / "program.ops", *sorted((ROOT / "corpus/reentrancy_fuzzer").glob("*.ops"))[::5]]:
            for flags in ((), ("--model",)):
                with self.subTest(program=program.name, flags=flags):
                    data = steps(*flags, program=program)
                    jsonschema.validate(data, schema)
                    for event in data["events"]:
                        self.assertEqual(len(event.get("slots", data["slots"])), len(data["slots"]))
                        self.assertLessEqual(event["line"] or 0, len(data["program"]))
                        if event["line"] and not event["text"].lstrip().startswith("->") and " #" not in event["text"]:
                            self.assertTrue(data["program"][event["line"] - 1].strip())

    def test_the_line_is_that_of_the_operation(self):
        data = steps("--model", program=self.finding() / "program.ops")
        began = {event["text"]: data["program"][event["line"] - 1] for event in data["events"] if event["line"] and not event["text"].startswith((" ", "->"))}
        self.assertEqual({text: line for text, line in began.items() if text != line}, {})
        self.assertIn('w0.write("a")', began)

    def test_core_and_model_agree_on_what_is_no_finding_and_the_canary_does_not(self):
        program = self.finding() / "program.ops"
        self.assertIsNone(finding_page.divergence(steps(program=program), steps("--model", program=program)))
        number = finding_page.divergence(steps("--canary", program=program), steps("--model", program=program))
        self.assertEqual(steps("--model", program=program)["events"][number - 1]["text"], "w0.releaseLock()")

    def test_every_phase_of_the_diagram_has_its_box(self):
        boxes = page_diagram.plain()
        for program in sorted((ROOT / "corpus/writable_stream_fuzzer").glob("*.ops"))[::5]:
            for event in steps(program=program)["events"]:
                if event.get("phase"):
                    self.assertIn(f'data-phase="{event["phase"]}"', boxes)

    def test_a_wrong_file_is_exit_code_2(self):
        run = subprocess.run([SLUICE_FUZZ, "steps", self.folder / "none"], capture_output=True, text=True, check=False)
        self.assertEqual((run.returncode, run.stdout), (2, ""))


class Decisive(WithFinding):
    def decisive(self, program: str, *flags: str) -> subprocess.CompletedProcess:
        (self.folder / "program.ops").write_text(program)
        return subprocess.run([SLUICE_FUZZ, "decisive", *flags, self.folder / "program.ops"], capture_output=True, text=True, check=False)

    def test_the_canary_needs_the_release_in_an_abort(self):
        first, again = (json.loads(self.decisive(PROGRAM, "--canary").stdout) for _ in range(2))
        self.assertEqual(first, again)
        *before, last = first["found"]
        self.assertEqual(len(first["found"]), 6)
        self.assertEqual(last, first["tries"])
        self.assertLess(max(before), first["tries"] / 2)
        self.assertEqual(finding_page.decisive(first)["operation"], 4)

    def test_what_comes_after_it_decides_nothing(self):
        told = json.loads(self.decisive(PROGRAM + "read w0\nrun\n", "--canary").stdout)
        self.assertEqual(finding_page.decisive(told)["operation"], 4)

    def test_there_may_be_none(self):
        self.assertIsNone(finding_page.decisive({"tries": 100, "found": [0, 10, 60]}))
        self.assertIsNone(finding_page.decisive(None))

    def test_a_program_that_passes_has_none(self):
        run = self.decisive(PROGRAM)
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("passes every oracle", run.stderr)


class Varying(WithFinding):
    def varying(self, program: str, *flags: str) -> subprocess.CompletedProcess:
        (self.folder / "program.ops").write_text(program)
        return subprocess.run([SLUICE_FUZZ, "varying", *flags, self.folder / "program.ops"], capture_output=True, text=True, check=False)

    def shown(self, program: str) -> list[str]:
        spans = json.loads(self.varying(program, "--canary").stdout)
        lines = subprocess.run([SLUICE_FUZZ, "show", self.folder / "program.ops"], capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual(len(spans), len(lines))
        return [line[begin:end] for line, of in zip(lines, spans) for begin, end in of]

    def test_the_canary_does_not_care_what_is_written_or_why_it_is_aborted(self):
        program = PROGRAM.split("\n", 1)[1]
        self.assertEqual(self.shown(program), ['"a"', "r0"])

    def test_a_chunk_that_has_to_fit_into_the_byte_limit_matters(self):
        program = "byteLimit 1\n" + PROGRAM.split("\n", 1)[1]
        self.assertEqual(self.shown(program), ["1", "r0"])

    def test_too_many_values_are_not_all_tried(self):
        program = PROGRAM.split("\n", 1)[1] + "run 9\n" * 60
        self.assertEqual(len(self.shown(program)), 40)

    def test_a_program_that_passes_has_none(self):
        run = self.varying(PROGRAM.split("\n", 1)[1])
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("passes every oracle", run.stderr)


class Page(WithFinding):
    def test_what_is_in_a_finding_cannot_break_the_page(self):
        folder = self.finding(rule="</title><script>alert(2)</script>", finding={"operation": "<b>x</b>"})
        model = steps("--model", program=folder / "program.ops")
        model["events"][0]["text"] = "</script><script>alert(1)</script><!--"
        sighting = finding_page.of_folder(folder)
        text = finding_page.render(sighting, finding_page.data_of(model, model, None))
        self.assertEqual(text.count("<script"), 2)
        self.assertEqual(text.count("</script>"), 2)
        self.assertFalse("<b>x</b>" in text)
        for fetched in ("src=", "url(http", "@import", "<link"):
            self.assertFalse(fetched in text, fetched)

    def test_an_input_that_is_no_program_has_none(self):
        folder = self.finding()
        (folder / "program.ops").unlink()
        self.assertFalse(finding_page.write(folder, SLUICE_FUZZ))
        self.assertFalse((folder / "page.html").exists())

    def test_the_commits_that_bisect_finds_are_on_it(self):
        path = self.page()
        before = path.read_text()
        self.assertFalse(re.search("(?i)bad commit|mended by", before))
        commits = [Commit(name * 40, "An author", "2026-11-30T01:17:00Z", f"core: Change <{name}>", "") for name in "abcd"]
        bisect.write_into(path.parent, "slots/writer@releaseLock", Result("found", commits[0].commit, commits[1].commit, 3, commits[1:2]))
        began = '<p>First bad commit: <code>bbbbbbbbbbbb</code> core: Change &lt;b&gt; <span class="soft">(An author, 2026-11-30)</span></p>\n'
        self.assertIn(began, path.read_text())
        self.assertEqual(path.read_text().replace(began, ""), before, "nothing else has changed")
        bisect.write_into(path.parent, "slots/writer@releaseLock", Result("several", commits[3].commit, commits[1].commit, 3, commits[2:]))
        text = path.read_text()
        self.assertIn(began, text)
        self.assertEqual(re.findall("Perhaps mended by: <code>(.)", text), ["c", "d"])

    def test_the_campaign_s_page_links_to_it(self):
        out = fake_night.write(self.folder / "out", "night", "c", [fake_night.finding("slots/writer@releaseLock", target="canary_fuzzer")]) / "campaigns/address-1"
        (out / "campaign.json").write_text(json.dumps({"begun": "", "jobs": 1, "commit": ""}))
        self.assertNotIn("Step through it", campaign_page.page(out))
        self.assertEqual(finding_page.write_all(out, SLUICE_FUZZ), 1)
        self.assertIn('<a href="findings/slots-writer%40releaseLock/page.html">Step through it</a>', campaign_page.page(out))
        self.assertEqual(finding_page.write_all(out, SLUICE_FUZZ), 0, "it is there")


@unittest.skipIf(webdriver.MISSING, webdriver.MISSING)
class InBrowser(WithFinding):
    def test_keyboard_mouse_and_slider_move_everything_together(self):
        path = self.page()
        (path.parent / "bisect.json").write_text("{}")
        with Browser() as browser:
            browser.open(path)
            state = browser.run(STATE)
            self.assertEqual((state["step"], state["line"]), (14, "w0.releaseLock()"), "it begins at the divergence")
            self.assertIn("writer", state["differs"])
            self.assertEqual(state["phase"], ["erroring-write erroring-write-abort"])
            self.assertEqual(state["queue"], 1)
            if SCREENSHOTS:
                browser.screenshot(Path(SCREENSHOTS) / "divergence.png")
            browser.press(HOME)
            self.assertEqual(browser.run(STATE)["step"], 1)
            self.assertTrue(browser.run("return document.getElementById('back').disabled"))
            browser.press(RIGHT, RIGHT, RIGHT)
            state = browser.run(STATE)
            self.assertEqual((state["step"], state["where"], state["line"]), (4, "step 4 of 26", "w0 = stream.getWriter()"))
            self.assertIn("readyPromise", state["changed"])
            self.assertEqual(state["differs"], [])
            self.assertEqual(state["phase"], ["starting starting-full"])
            browser.press(LEFT)
            self.assertEqual(browser.run(STATE)["step"], 3)
            browser.press(END)
            self.assertEqual(browser.run(STATE)["step"], 26)
            browser.press("d")
            self.assertEqual(browser.run(STATE)["step"], 14)
            browser.click("#back")
            self.assertEqual(browser.run(STATE)["step"], 13)
            browser.click("#forward")
            browser.click("#forward")
            self.assertEqual(browser.run(STATE)["step"], 15)
            browser.click("#events tr:nth-child(8) td:nth-child(3)")
            state = browser.run(STATE)
            self.assertEqual((state["step"], state["line"], state["phase"]), (8, 'w0.write("a")', ["writing writing-full"]))
            browser.run("const s = document.getElementById('slider'); s.value = 20; s.dispatchEvent(new Event('input'))")
            self.assertEqual(browser.run(STATE)["step"], 21)
            browser.click("#divergence")
            self.assertEqual(browser.run(STATE)["step"], 14)
            self.assertEqual(browser.run("return document.querySelectorAll('#events tr.diverges').length"), 1)
            self.assertEqual(browser.run("return [...document.querySelectorAll('#program .vary')].map((e) => e.textContent)"), ['"a"', "r0"])
            self.assertEqual(browser.run("return document.querySelector('#program .decisive').textContent"), "w0.releaseLock()")
            self.assertIn("Of 100 random continuations", browser.run("return document.getElementById('decides').textContent"))
            self.assertEqual(browser.complaints(), [])

    def test_a_step_can_be_linked_and_a_small_screen_does_not_scroll_sideways(self):
        path = self.page()
        with Browser(width=500, height=900) as browser:
            browser.open(path, "#5")
            self.assertEqual(browser.run(STATE)["step"], 5)
            wide, window = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]")
            self.assertLessEqual(wide, window)
            if SCREENSHOTS:
                browser.screenshot(Path(SCREENSHOTS) / "small.png")

    def test_one_side_is_shown_when_the_program_ends_the_core(self):
        folder = self.finding()
        sighting = finding_page.of_folder(folder)
        model = steps("--model", program=folder / "program.ops")
        path = folder / "page.html"
        path.write_text(finding_page.render(sighting, finding_page.data_of(None, model, None)))
        with Browser() as browser:
            browser.open(path)
            browser.press(END)
            self.assertEqual(browser.run(STATE)["step"], len(model["events"]))
            self.assertEqual(browser.run("return document.querySelectorAll('#sides th').length"), 2)
            self.assertTrue(browser.run("return document.getElementById('divergence').hidden"))
            self.assertEqual(browser.complaints(), [])


if __name__ == "__main__":
    unittest.main()
