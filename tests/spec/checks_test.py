#!/usr/bin/env python3
"""The checks beside this file see what they are for: each test breaks a copy of the sources in one place."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Checks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        for room in ("src", "fuzz"):
            shutil.copytree(ROOT / room, cls.root / room)

    def run_check(self, script):
        done = subprocess.run([sys.executable, HERE / script, self.root], capture_output=True, text=True)
        return done.returncode, done.stdout

    def broken(self, script, file, old, new, problem, room="src/core"):
        path = self.root / room / file
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))
        self.addCleanup(path.write_text, text)
        code, output = self.run_check(script)
        self.assertEqual(code, 1)
        self.assertRegex(output, problem)

    def test_untouched_core_passes(self):
        for script in ("check_citations.py", "check_includes.py", "check_checked_calls.py"):
            self.assertEqual(self.run_check(script)[0], 0, script)

    def test_checked_call(self):
        self.broken("check_checked_calls.py", "../runtime/output.cc", "error_ = errno;", "text.Get().ToLocalChecked();",
                    r"src/runtime/output.cc:\d+: ToLocalChecked\(\) ends the process")
        self.broken("check_checked_calls.py", "../v8/dom/event.cc", "SetField(event, kType, type);", "made->Set(a, b).Check();",
                    r"src/v8/dom/event.cc:\d+: Check\(\) ends the process")

    def test_allowed_call_that_is_not_there(self):
        self.broken("check_checked_calls.py", "../v8/isolate_data.cc", "resolver->Resolve(context, v8::Undefined(isolate_)).Check();", "",
                    "src/v8/isolate_data.cc: is allowed, and is not there any more")

    def test_missing_step(self):
        self.broken("check_citations.py", "writable_stream.cc", "    // 8.1. So the sink is not aborted.\n", "",
                    r"writable_stream.cc:\d+: WritableStreamAbort step 8.1 is not cited")

    def test_step_that_does_not_exist(self):
        self.broken("check_citations.py", "queuing_strategies.cc", "  // 4. Valid.\n", "  // 4. Valid.\n  // 5. No such step.\n",
                    "ExtractHighWaterMark has no step 5")

    def test_steps_out_of_order(self):
        self.broken("check_citations.py", "writable_stream_default_controller.cc", "// 8. size()", "// 10. size()",
                    "step 9 is cited after step 10")

    def test_step_without_words(self):
        self.broken("check_citations.py", "writable_stream.cc", "// 8.1. So the sink is not aborted.", "// 8.1.",
                    r"writable_stream.cc:\d+: step 8.1 is cited without words")

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

    def test_runtime_that_includes_the_testbed(self):
        self.broken("check_includes.py", "main.cc", "#include <CLI/CLI.hpp>\n", '#include "fuzz/lab/commands.h"\n',
                    "src/shell/main.cc -> fuzz/lab/commands.h: src/shell may not include fuzz/lab", room="src/shell")

    def test_driver_that_includes_an_oracle(self):
        self.broken("check_includes.py", "trace.h", '#include "', '#include "fuzz/oracle/judge.h"\n#include "',
                    "fuzz/driver/trace.h -> fuzz/oracle/judge.h: fuzz/driver may not include fuzz/oracle", room="fuzz/driver")

    def test_model_that_reaches_the_core(self):
        self.broken("check_includes.py", "subject.h", '#include "', '#include "src/core/queue_with_sizes.h"\n#include "',
                    "fuzz/model/.* -> .* -> src/core/queue_with_sizes.h: the reference model shares no code", room="fuzz/driver")

    def test_folder_that_is_not_in_the_table(self):
        (self.root / "src/shell").rename(self.root / "src/cli")
        self.addCleanup((self.root / "src/cli").rename, self.root / "src/shell")
        code, output = self.run_check("check_includes.py")
        self.assertEqual(code, 1)
        self.assertIn("src/cli/main.cc: src/cli is not in the table", output)


if __name__ == "__main__":
    unittest.main()
