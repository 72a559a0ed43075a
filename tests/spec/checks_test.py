#!/usr/bin/env python3
"""check_citations.py and check_includes.py see what they are for: each test breaks a copy of src/core in one place."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Checks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        shutil.copytree(ROOT / "src/core", self.root / "src/core")

    def tearDown(self):
        self.folder.cleanup()

    def run_check(self, script):
        done = subprocess.run([sys.executable, HERE / script, self.root], capture_output=True, text=True)
        return done.returncode, done.stdout

    def broken(self, script, file, old, new, problem):
        path = self.root / "src/core" / file
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))
        code, output = self.run_check(script)
        self.assertEqual(code, 1)
        self.assertRegex(output, problem)

    def test_untouched_core_passes(self):
        for script in ("check_citations.py", "check_includes.py"):
            self.assertEqual(self.run_check(script)[0], 0, script)

    def test_missing_step(self):
        self.broken("check_citations.py", "writable_stream.cc", "  // 8.1.\n    wasAlready", "  wasAlready",
                    r"writable_stream.cc:\d+: WritableStreamAbort step 8.1 is not cited")

    def test_step_that_does_not_exist(self):
        self.broken("check_citations.py", "queuing_strategies.cc", "  // 4.\n", "  // 4.\n  // 5.\n",
                    "ExtractHighWaterMark has no step 5")

    def test_steps_out_of_order(self):
        self.broken("check_citations.py", "writable_stream_default_controller.cc", "// 8.\n", "// 10.\n",
                    "step 9 is cited after step 10")

    def test_reaction_steps_out_of_order(self):
        self.broken("check_citations.py", "writable_stream_default_controller.cc", "ProcessWrite, 4.2.", "ProcessWrite, 4.1.",
                    "step 4.1 is cited after step 4.1")

    def test_unknown_anchor(self):
        self.broken("check_citations.py", "writable_stream.cc", "#writable-stream-abort", "#writable-stream-abrt",
                    "no anchor #writable-stream-abrt")

    def test_unknown_anchor_in_a_header(self):
        self.broken("check_citations.py", "state.h", "#ws-internal-slots", "#ws-slots", "state.h:.*no anchor #ws-slots")

    def test_wrong_name(self):
        self.broken("check_citations.py", "class_steps.cc", "Completion<WriterSlot> GetWriter(", "Completion<WriterSlot> TakeWriter(",
                    "#ws-get-writer is GetWriter, not TakeWriter")

    def test_missing_operation(self):
        self.broken("check_citations.py", "queue_with_sizes.cc", "// https://streams.spec.whatwg.org/#reset-queue\n", "",
                    "no function performs ResetQueue")

    def test_engine_header(self):
        self.broken("check_includes.py", "slots.h", "#include <compare>", "#include <v8.h>", "slots.h -> v8.h: not a header")

    def test_simulated_host(self):
        self.broken("check_includes.py", "check.h", "#define SLUICE_CORE_CHECK_H_\n",
                    '#define SLUICE_CORE_CHECK_H_\n#include "src/sim/value.h"\n', "src/sim/value.h: leaves src/core")


if __name__ == "__main__":
    unittest.main()
