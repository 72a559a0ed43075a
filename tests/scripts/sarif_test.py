"""Findings as SARIF: valid by Microsoft's validator and by the standard's schema, and at real places of the sources.

    sarif_test.py [unittest's flags]          # installs the validator from npm once, pinned in tests/sarif
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tests/sarif/node_modules/@microsoft/sarif-multitool-linux"
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

import fake_night  # noqa: E402
from sluice_dev.triage import sarif, sightings  # noqa: E402

# Of what the validator notes, and does not count as wrong: texts instead of ids, rule ids with a slash (they are our identities), no network.
_NOTES = {"SARIF2002", "SARIF2003", "SARIF2006", "SARIF2009", "SARIF2011"}


def install() -> None:
    if not (TOOL / "Sarif.Multitool").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=ROOT / "tests/sarif", check=True)
    (TOOL / "Sarif.Multitool").chmod(0o755)


def finding(**more) -> sarif.Finding:
    return sarif.Finding(**{
        "key": "slots/readyPromise@releaseLock", "identity": "slots/readyPromise@releaseLock", "rule": "every slot holds what it should",
        "anchor": "ws-internal-slots", "operation": "WritableStreamDefaultWriterRelease", "expected": "rejects ready", "actual": "does nothing more",
        "target": "writable_stream_fuzzer", "frames": (), "program": "build/x/program.ops"} | more)


OF_EACH_KIND = (
    finding(),
    finding(key="slots/readyPromise@close", identity="slots/readyPromise@close", operation="writer.close"),
    finding(key="asan/heap-use-after-free/DequeueValue<Write", identity="asan/heap-use-after-free/DequeueValue<Write", anchor="", operation="", expected="",
            actual="", frames=("operator() fuzz/driver/driver.cc:0", "DequeueValue src/core/queue_with_sizes.cc:20")),
    finding(key="timeout/url_fuzzer", identity="timeout/url_fuzzer", anchor="", operation="", expected="", actual="", target="url_fuzzer"),
    finding(key="limit/charged", identity="limit/charged", anchor="byte-limit", operation="", target="buffer_limit_fuzzer"),
    finding(key="odd \udcff/\x01@ü", identity="odd \udcff/\x01@ü", operation="", rule="<script> \udcff"),
)


@unittest.skipUnless(platform.machine() == "x86_64", "the validator is a program for x86-64")
class Valid(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install()

    def problems(self, data: dict) -> list[dict]:
        with tempfile.TemporaryDirectory() as folder:
            path, result = Path(folder) / "findings.sarif", Path(folder) / "result.sarif"
            path.write_text(sarif.dump(data), encoding="utf-8")
            run = subprocess.run([TOOL / "Sarif.Multitool", "validate", path, "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note",
                                  "--output", result, "--log", "ForceOverwrite", "--quiet"],
                                 env=os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}, text=True, capture_output=True, check=False, timeout=300)
            self.assertTrue(result.exists(), run.stdout + run.stderr)
            return [each for each in json.loads(result.read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
                    if each["ruleId"] not in _NOTES]

    def test_findings_of_every_kind_are_valid(self):
        data = json.loads(sarif.dump(sarif.log(OF_EACH_KIND, ROOT, "a" * 40)))
        jsonschema.validate(data, json.loads((TOOL / "sarif-2.1.0.json").read_text(encoding="utf-8-sig")))
        self.assertEqual(self.problems(data), [])

    def test_no_findings_are_valid(self):
        # That no rule is described is noted, and right: none is broken.
        self.assertEqual([each for each in self.problems(sarif.log([], ROOT)) if each["ruleId"] != "SARIF2012"], [])

    def test_the_validator_notices_what_is_wrong(self):
        data = sarif.log(OF_EACH_KIND, ROOT)
        data["runs"][0]["results"][0]["ruleIndex"] = 99
        self.assertNotEqual(self.problems(data), [])


class Places(unittest.TestCase):
    def line(self, **more) -> str:
        path, line = sarif.location(finding(**more), ROOT)
        return (ROOT / path).read_text().splitlines()[line - 1]

    def test_a_broken_rule_is_where_the_diverging_operation_is_defined(self):
        for operation, words in (("WritableStreamAbort", " WritableStreamAbort("), ("releaseLock", " ReleaseLock("), ("writer.releaseLock", " ReleaseLock("), ("w0.abort(r0)", " Abort("), ("stream.close", " Close("),
                                 ("WritableStreamDefaultWriterRelease", " WritableStreamDefaultWriterRelease("),
                                 ("the reaction to WritableStreamFinishErroring", " WritableStreamFinishErroring(")):
            with self.subTest(operation):
                self.assertIn(words, self.line(operation=operation))

    def test_methods_of_one_name_are_kept_apart(self):
        found = {name: sarif.location(finding(operation=name), ROOT) for name in ("stream.abort", "writer.abort", "w1.abort()")}
        self.assertNotEqual(found["stream.abort"], found["writer.abort"])
        self.assertEqual(found["w1.abort()"], found["writer.abort"])

    def test_without_an_operation_it_is_that_of_the_step(self):
        self.assertIn(" ReleaseLock(", self.line(operation=""))

    def test_a_crash_is_in_the_innermost_frame_of_src(self):
        place = sarif.location(OF_EACH_KIND[2], ROOT)
        self.assertEqual(place, ("src/core/queue_with_sizes.cc", 20))

    def test_every_operation_of_the_standard_has_a_place(self):
        """All that src/core has; queuing strategies are elsewhere, and `signal` is the host's."""
        anchors = {anchor for anchor in sarif.operations(ROOT).values() if anchor.startswith(("writable-stream-", "ws-", "default-writer-"))}
        missing = sorted(anchors - set(sarif.places(ROOT)) - {"ws-default-controller-signal"})
        self.assertGreater(len(anchors), 40)
        self.assertEqual(missing, [], missing)

    def test_the_help_is_the_rule_s_section_or_the_operation_s(self):
        self.assertEqual(sarif.help_uri(finding(), ROOT), "https://streams.spec.whatwg.org/#ws-internal-slots")
        self.assertEqual(sarif.help_uri(OF_EACH_KIND[2], ROOT), "https://streams.spec.whatwg.org/#dequeue-value")

    def test_fingerprints_do_not_depend_on_lines_or_order(self):
        of = lambda found: {each["ruleId"]: each["partialFingerprints"] for each in sarif.log(found, ROOT)["runs"][0]["results"]}  # noqa: E731
        self.assertEqual(of(OF_EACH_KIND), of(reversed(OF_EACH_KIND)))
        self.assertEqual(sarif.dump(sarif.log(OF_EACH_KIND, ROOT)), sarif.dump(sarif.log(reversed(OF_EACH_KIND), ROOT)))

    def test_a_campaign_s_findings_are_read(self):
        new = {"schema_version": 1, "key": "model/closed@WritableStreamFinishErroring", "sentence": "closed settles once", "anchor": "ws-internal-slots",
               "operation": "WritableStreamFinishErroring", "expected": "e", "actual": "a", "frames": []}
        with tempfile.TemporaryDirectory() as folder:
            out = fake_night.write(Path(folder), "night", "c" * 40, [fake_night.finding("slots/a@write", finding={"operation": "write"}),
                                                                      fake_night.finding("model/closed@WritableStreamFinishErroring", finding=new)])
            sarif.write_campaign(out / "campaigns/address-1", ROOT)
            results = json.loads((out / "campaigns/address-1/findings.sarif").read_text())["runs"][0]["results"]
            self.assertEqual([each["partialFingerprints"]["sluiceFinding/v1"] for each in results],
                             ["model/closed@WritableStreamFinishErroring", "slots/a@write"])
            self.assertIn("closed settles once. The core diverges from the standard in WritableStreamFinishErroring", results[0]["message"]["text"])
            self.assertEqual([each.operation for each in sightings.read_sightings(out)], ["write", "WritableStreamFinishErroring"])


if __name__ == "__main__":
    unittest.main()
