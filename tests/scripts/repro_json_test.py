"""scripts/repro --json: one object for each file, whatever becomes of the process.

    repro_json_test.py SLUICE_FUZZ [unittest's flags]
"""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
SLUICE_FUZZ = Path(sys.argv.pop(1)).resolve() if __name__ == "__main__" else Path()
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.triage import repro  # noqa: E402

SCHEMA = json.loads((ROOT / "fuzz/oracle/finding.schema.json").read_text())
FAILS = 'methods write\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write("a")\nw0.abort(r0)\nw0.releaseLock()\n'


class Repro(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-repro-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_on(self, text: str, command: list[str] | None = None, flags: tuple = ("--canary",), presets: tuple = ("libfuzzer-asan",)) -> tuple[int, list[dict]]:
        path = self.folder / "it.ops"
        path.write_text(text)
        wanted = command or [str(SLUICE_FUZZ), "repro", "--json", *flags, "--", str(path)]
        output = io.StringIO()
        with mock.patch.object(repro, "command_for", lambda *_, **__: wanted), contextlib.redirect_stdout(output):
            code = repro.print_as_data([str(path)], "", list(presets))
        return code, [json.loads(line) for line in output.getvalue().splitlines()]

    def test_a_finding_is_as_the_schema_says(self):
        code, rows = self.run_on(FAILS)
        self.assertEqual((code, len(rows), rows[0]["verdict"]), (1, 1, "fails"))
        self.assertEqual(rows[0]["findings"][0]["sanitizer"], "address")
        finding = rows[0]["findings"][0]["finding"]
        jsonschema.validate(finding, SCHEMA)
        self.assertEqual(finding["oracle"], "slots")

    def test_each_sanitizer_has_its_own(self):
        _, rows = self.run_on(FAILS, presets=("libfuzzer-asan", "libfuzzer-ubsan"))
        self.assertEqual([each["sanitizer"] for each in rows[0]["findings"]], ["address", "undefined"])

    def test_a_program_that_passes_has_no_findings(self):
        self.assertEqual(self.run_on(FAILS, flags=()), (0, [{"file": str(self.folder / "it.ops"), "verdict": "passes", "findings": []}]))

    def test_what_cannot_be_read_is_exit_code_2(self):
        code, rows = self.run_on("no operation\n")
        self.assertEqual((code, rows[0]["verdict"]), (2, "unreadable"))

    def test_a_process_that_dies_has_a_finding_too(self):
        code, rows = self.run_on(FAILS, command=["sh", "-c", "echo '==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x1'; "
                                                 "echo 'SUMMARY: AddressSanitizer: heap-use-after-free x.cc:1 in f'; kill -ABRT $$"])
        self.assertEqual((code, rows[0]["verdict"]), (1, "fails"))
        finding = rows[0]["findings"][0]["finding"]
        jsonschema.validate(finding, SCHEMA)
        self.assertEqual((finding["oracle"], finding["rule"]), ("asan", "heap-use-after-free"))


if __name__ == "__main__":
    unittest.main()
